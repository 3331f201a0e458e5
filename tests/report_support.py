"""What the tests of the sections share."""

import dataclasses

import numpy as np

from evenvae.report.parts import Figure, Table


def figures(section):
    return {part.name: part for part in section.parts if isinstance(part, Figure)}


def tables(section):
    return [part for part in section.parts if isinstance(part, Table)]


def show(tab, name):
    """Scroll to a figure of a page and wait until it is drawn."""
    tab.locator(f"#plot-{name}").scroll_into_view_if_needed()
    tab.wait_for_selector(f"#plot-{name} svg")
    return tab.locator(f"#plot-{name} svg")


def pointed(tab, picture, selector, number):
    """What the page says when the pointer is over one of the marks of a picture."""
    mark = picture.locator(selector).nth(number)
    mark.evaluate("e => e.scrollIntoView({block: 'center'})")
    # scrolling takes away what the page says of the former place
    tab.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    box = mark.bounding_box()
    tab.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    tab.wait_for_selector("#tip:not([hidden])")
    return tab.locator("#tip").inner_text()


def stretched(evidence, rows, columns, evaluations):
    """Evidence of a larger table, with numbers of its own in every cell; and a longer history of training."""
    rng = np.random.default_rng(0)
    place = np.arange(columns) % len(evidence.columns)
    names = [f"{evidence.names[d]} {number}" for number, d in enumerate(place)]
    kinds = tuple(dataclasses.replace(evidence.columns[d], name=name) for name, d in zip(names, place, strict=True))
    discrete = np.array([column.discrete for column in kinds])
    tall = lambda values: np.resize(values, (rows, *values.shape[1:]))

    def cells(values):
        new = tall(values)[:, place]
        return np.where(discrete, new, new * rng.uniform(1, 1.1, new.shape))

    frame = lambda given: given.iloc[place].assign(column=names).reset_index(drop=True)
    moments = lambda found: tuple(
        dataclasses.replace(
            one, norms=one.norms[place], cosines=one.cosines[np.ix_(place, place)], plain=one.plain[place],
            balanced=one.balanced[place],
        )
        for one in found
    )  # fmt: skip
    hidden = evidence.imputation
    history = [
        {key: [np.asarray(run)[place] * rng.uniform(1, 2, columns) if np.ndim(run) else run for run in value]
         if isinstance(value, list) else value for key, value in record.items()} | {"step": 25 * number}
        for number in range(evaluations) for record in evidence.history[-1:]
    ]  # fmt: skip
    wide = dataclasses.replace(
        evidence, columns=kinds, table_rows=rows, places=np.arange(rows), values=cells(evidence.values),
        observed=tall(evidence.observed)[:, place], missing_share=evidence.missing_share[place],
        reconstructed=cells(evidence.reconstructed), sampled=cells(evidence.sampled),
        latent=rng.normal(size=(rows, 3)), evaluation=frame(evidence.evaluation), beside=frame(evidence.beside),
        scores={"total": tall(evidence.scores["total"]), "columns": tall(evidence.scores["columns"])[:, place]},
        imputation=dataclasses.replace(
            hidden, hidden=tall(hidden.hidden)[:, place], error=hidden.error[place], baseline=hidden.baseline[place]
        ),
        comparisons=moments(evidence.comparisons), other_comparisons=moments(evidence.other_comparisons),
    )  # fmt: skip
    return wide, history
