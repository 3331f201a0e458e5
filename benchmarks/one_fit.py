"""One fit for every purpose: is it within 3 % of the best purpose-built fit, on each of four figures?

    EVENVAE_DATA=... python benchmarks/one_fit.py benchmarks/results/one_fit.jsonl
    python benchmarks/one_fit.py benchmarks/results/one_fit.jsonl --table

A candidate is a purpose, then what differs from it, with commas between them: ``hide S`` (at most that share of a row's
cells is hidden in training), ``KL B``, ``histogram`` or ``family`` (the heads of numbers), ``fitted`` or ``prior`` (the
density of the latents), ``vamp``, ``families by evidence`` (otherwise those of the paper's rules), or the name of a
balance. What is made for each purpose (`PURPOSE_BUILT`) is what others are measured by. All candidates of one
table and seed learn the same rows for `EPOCHS` epochs with the default network, and are judged by the same test rows
(at most `evenness.LEARNED` and `evenness.TESTED` rows):

* ``imputation``: a fifth of the observed cells is hidden completely at random, the same for all candidates, and
  imputed; RMSE / range of numbers, error rate of levels, mean over columns, of the hidden cells alone. The method is
  the library's default for the fit; ``imputation_by`` has the figures of both methods;
* ``log_likelihood``: of a row, in nats, with its standard error, by draws that adapt to the rows. It counts only with
  heads of families: a histogram gives masses, not densities, to bins with a single value;
* ``c2st``: AUC of boosted trees that tell drawn rows from test rows, as many of either; 0.5 is best;
* ``reconstruction``: the mean error over columns of cells that the model sees.

One line a run, appended as it ends; run again to go on, and run several with ``--part 0/2``, ``--part 1/2`` side by
side.
"""

import argparse
import itertools
import time
import warnings
from collections import defaultdict
from pathlib import Path
from statistics import geometric_mean, median
from typing import Any, NamedTuple

import numpy as np

from complete_rows import MOST_LEVELS
from evenness import EPOCHS as EPOCHS_OF
from evenness import EVIDENCE, TABLES, counted, rows_of
from evenvae import EvenVAE, metrics, tables
from evenvae.fitted.evaluation import compare
from evenvae.fitted.imputation import impute
from evenvae.search.balances import split
from provenance import provenance
from sample_figures import told_apart
from twenty_tables import MORE, keep, lines_of, markdown

EPOCHS = EPOCHS_OF["default"]
HIDDEN = 0.2
"""Share of the observed test cells that is hidden and imputed."""
PURPOSE_BUILT = (f"reconstruct, hide 0, KL 0.2, {EVIDENCE}", f"impute, {EVIDENCE}", f"score, {EVIDENCE}", "sample")
"""What is made for each purpose, the first one by hand; the last one has histograms instead of families."""
CANDIDATES = (
    f"reconstruct, hide 0.3, KL 0.1, {EVIDENCE}",
    "reconstruct, hide 0.3, KL 0.2",
    "reconstruct, hide 0, KL 0.2, histogram",
    "reconstruct, hide 0.3, KL 0.2, histogram",
    "reconstruct, hide 0.3, KL 0.1",
    "reconstruct, hide 0.3, KL 0.05",
)
WITHIN = 0.03


class Figure(NamedTuple):
    """A figure of a run: its name in the lines and in the table, and whether more of it is better."""

    name: str
    title: str
    more: bool = False

    def of(self, run: dict[str, Any]) -> float | None:
        """Its value, None where it cannot be compared."""
        return None if self.name == "log_likelihood" and run["numbers"] != "family" else run[self.name]

    def holds(self, value: float, best: float) -> bool:
        """Whether a value is within `WITHIN` of the best one."""
        room = WITHIN * abs(best)
        return value >= best - room if self.more else value <= best + room

    def loss(self, value: float, best: float) -> float:
        """By what share of the best value this one is worse; below 0 where it is better."""
        apart = best - value if self.more else value - best
        return apart / abs(best) if best else (float("inf") if apart > 0 else 0.0)


FIGURES = (
    Figure("imputation", "imputation error"),
    Figure("log_likelihood", "nats a row", more=True),
    Figure("c2st", "C2ST AUC"),
    Figure("reconstruction", "reconstruction error"),
)


def settings_of(candidate: str) -> dict[str, Any]:
    """The options of a candidate, as `EvenVAE.set_params` takes them."""
    purpose, *others = split(candidate)
    chosen: dict[str, Any] = {"purpose": purpose}
    for other in others:
        word, _, value = other.partition(" ")
        if word == "hide":
            chosen["training__hide_cells"] = float(value)
        elif word == "KL":
            chosen["objective__beta"] = float(value)
        elif word in ("histogram", "family"):
            chosen["sampling__numbers"] = word
        elif other == EVIDENCE:
            continue  # the schema, see `one`
        elif word in ("fitted", "prior"):
            chosen["sampling__latents"] = word
        elif word == "vamp":
            chosen["prior"] = word
        else:
            chosen["balance"] = other
    return chosen


def one(name: str, candidate: str, seed: int) -> dict[str, Any]:
    """Fit and judge one run."""
    train, test, schema = rows_of(name, seed)
    schema = schema or tables.Schema.infer(train, families="paper")
    if EVIDENCE in split(candidate):
        schema = schema.with_families(train)
    model = EvenVAE(schema=schema, epochs=EPOCHS, validation_fraction=0.125, random_state=seed)
    model.set_params(**settings_of(candidate))
    began = time.perf_counter()
    model.fit(train)
    seconds = time.perf_counter() - began
    judged = model.evaluate(test)
    method, imputed = imputations(model, test, seed)
    auc, apart = drawn_beside(model, test, seed)
    plan = model.fitted_.plan
    found = {column: errors[method] for column, errors in imputed.items()}
    return {
        "table": name,
        "candidate": candidate,
        "seed": seed,
        "seconds": round(seconds, 1),
        "judged_seconds": round(time.perf_counter() - began - seconds, 1),
        "imputation": round(float(np.nanmean(list(found.values()))), 6),
        "imputation_by": {
            by: round(float(np.nanmean([errors[by] for errors in imputed.values()])), 6)
            for by in ("point", "importance")
        },
        "log_likelihood": round(judged.attrs["log_likelihood"], 4),
        "standard_error": round(judged.attrs["log_likelihood_error"], 4),
        "reliable": round(judged.attrs["log_likelihood_reliable"], 3),
        "c2st": round(auc, 5),
        "reconstruction": round(judged.attrs["error"], 6),
        "columns": {
            row.column: {
                "baseline": round(row.baseline, 6),
                "imputation": round(found[row.column], 6),
                "reconstruction": round(row.error, 6),
                "apart": round(apart[row.column], 4),
            }
            for row in judged.itertuples()
        },
        "test_rows": len(test),
        "numbers": plan.numbers,
        "latents": plan.latents,
        "balance": plan.balance,
        "kl_weight": plan.method.objective.kl_weight,
        "hide_cells": plan.method.hide_cells,
        "method": method,
        "steps": model.n_steps_,
        "kl": model.history_[-1]["kl"][0],
    }


def imputations(model: EvenVAE, test: Any, seed: int) -> tuple[str, dict[str, dict[str, float]]]:
    """The library's own method for this fit; by column and method the error on hidden cells."""
    fitted = model.fitted_
    encoded = tables.encode(test, fitted.schema)
    hidden = metrics.hide(encoded.observed, HIDDEN, np.random.default_rng(seed))
    batch = fitted.batch(encoded, encoded.observed & ~hidden)
    found: dict[str, dict[str, float]] = defaultdict(dict)
    for method in ("point", "importance"):
        (guess,) = impute(fitted, batch, method=method, seed=seed)
        result = compare(fitted.space, fitted.schema, encoded.values, guess, hidden)
        for column, error in zip(result["column"], result["error"], strict=True):
            found[column][method] = float(error)
    return "point" if fitted.plan.method.hide_cells else "importance", found


def drawn_beside(model: EvenVAE, test: Any, seed: int) -> tuple[float, dict[str, float]]:
    """AUC of trees that tell drawn rows from test rows; by column how far apart the two distributions are.

    The distance of two distributions is that of Kolmogorov and Smirnov for numbers and total variation for levels.
    """
    schema = model.schema_
    drawn = model.sample(len(test), random_state=seed, missing=True)
    own, real = (rounded(tables.encode(rows, schema).values, schema) for rows in (drawn, test))
    few = np.array([column.discrete and column.cardinality <= MOST_LEVELS for column in schema.features])
    apart = {
        column.name: distance(own[:, place], real[:, place], column.discrete)
        for place, column in enumerate(schema.features)
    }
    return told_apart(own, real, few), apart


def rounded(values: np.ndarray, schema: Any) -> np.ndarray:
    """Numbers with as many decimals as the training table's have, so that float32 does not tell drawn rows."""
    values = values.copy()
    for place, column in enumerate(schema.features):
        if column.decimals is not None:
            values[:, place] = np.round(values[:, place], column.decimals)
    return values


def distance(own: np.ndarray, real: np.ndarray, discrete: bool) -> float:
    """Between two columns of cells, from 0 to 1; cells that are missing do not count."""
    own, real = own[~np.isnan(own)], real[~np.isnan(real)]
    if not own.size or not real.size:
        return float("nan")
    places = np.union1d(own, real)
    shares = [np.bincount(np.searchsorted(places, cells), minlength=len(places)) / len(cells) for cells in (own, real)]
    apart = shares[0] - shares[1]
    return float(np.abs(apart).sum() / 2 if discrete else np.abs(np.cumsum(apart)).max())


def key_of(line: dict[str, Any]) -> tuple[str, str, int]:
    """What tells a run from others."""
    return line["table"], line["candidate"], line["seed"]


Values = dict[str, dict[str, dict[str, float]]]
"""By table, candidate and figure the median over seeds; figures that cannot be compared are left out."""


def medians(lines: list[dict[str, Any]]) -> Values:
    """Of the runs of tables that have all four purposes."""
    grouped: dict[str, dict[str, list[dict[str, Any]]]] = defaultdict(lambda: defaultdict(list))
    for line in {key_of(line): line for line in lines}.values():
        grouped[line["table"]][line["candidate"]].append(line)
    found: Values = {}
    for name, runs in grouped.items():
        if not set(PURPOSE_BUILT) <= set(runs):
            continue
        found[name] = {}
        for candidate, group in runs.items():
            cells = {figure.name: [figure.of(run) for run in group] for figure in FIGURES}
            cells["seconds"] = [run["seconds"] for run in group]
            found[name][candidate] = {
                figure: median(value for value in values if value is not None)
                for figure, values in cells.items()
                if None not in values
            }
    return found


def bests(cells: dict[str, dict[str, float]]) -> dict[str, str]:
    """By figure the purpose whose fit has the best value."""
    known = {f.name: [purpose for purpose in PURPOSE_BUILT if f.name in cells[purpose]] for f in FIGURES}
    return {
        f.name: (max if f.more else min)(known[f.name], key=lambda purpose: cells[purpose][f.name]) for f in FIGURES
    }


def counts(found: Values) -> str:
    """Candidates in rows: on how many tables each figure holds and all do; medians of how much worse each is."""
    head = ["candidate", "all four", *(f"{figure.title}: holds" for figure in FIGURES)]
    head += [*(f"{figure.title}: worse by" for figure in FIGURES), "time / reconstruct"]
    body = []
    for candidate in dict.fromkeys(candidate for cells in found.values() for candidate in cells):
        holds, losses, times = defaultdict(list), defaultdict(list), []
        for cells in found.values():
            if candidate not in cells:
                continue
            own, best = cells[candidate], bests(cells)
            times.append(own["seconds"] / cells[PURPOSE_BUILT[0]]["seconds"])
            for figure in FIGURES:
                goal = cells[best[figure.name]][figure.name]
                known = figure.name in own
                holds[figure.name].append(known and figure.holds(own[figure.name], goal))
                if known:
                    losses[figure.name].append(figure.loss(own[figure.name], goal))
        all_four = counted([all(met) for met in zip(*holds.values(), strict=True)])
        each = [counted(holds[figure.name]) if losses[figure.name] else "-" for figure in FIGURES]
        means = [f"{100 * median(losses[f.name]):+.1f} %" if losses[f.name] else "-" for f in FIGURES]
        all_four = all_four if "-" not in each else "-"
        body.append([f"`{candidate}`", all_four, *each, *means, f"{geometric_mean(times):.2f}"])
    return markdown(head, body)


PAGE = {
    "sample": "`sample`",
    PURPOSE_BUILT[0]: "`reconstruct`",
    PURPOSE_BUILT[1]: "`impute`",
    PURPOSE_BUILT[2]: "`score`",
    CANDIDATES[0]: "**`reconstruct, hide 0.3, KL 0.1`**",
}
"""What stands on the page, and under which title."""


def of_page(lines: list[dict[str, Any]]) -> str:
    """Fits in rows: by how much a figure is worse than the best purpose's in the median, and on how many it holds."""
    found, body = medians(lines), []
    for candidate, title in PAGE.items():
        known = [cells for cells in found.values() if candidate in cells]
        row = [title]
        for figure in FIGURES:
            pairs = [
                (cells[candidate][figure.name], cells[bests(cells)[figure.name]][figure.name])
                for cells in known
                if figure.name in cells[candidate]
            ]
            holds = counted([figure.holds(*pair) for pair in pairs])
            row.append(f"{100 * median(figure.loss(*pair) for pair in pairs):+.1f} % ({holds})" if pairs else "-")
        times = [cells[candidate]["seconds"] / cells[PURPOSE_BUILT[0]]["seconds"] for cells in known]
        body.append([*row, f"{geometric_mean(times):.2f}"])
    return markdown(["fit", *(figure.title for figure in FIGURES), "time"], body)


def by_table(found: Values, lines: list[dict[str, Any]]) -> str:
    """One row for the best purposes of a table, then one for every other candidate; bold where it holds."""
    runs = {(line["table"], line["candidate"]): line for line in lines}
    head = ["table", "candidate", *(figure.title for figure in FIGURES)]
    head += [
        "rows whose nats can be relied on",
        "imputed worse than by the best",
        "reconstructed worse",
        "drawn farthest apart",
    ]
    body = []
    for name, cells in found.items():
        best = bests(cells)
        goals = {figure.name: cells[best[figure.name]][figure.name] for figure in FIGURES}
        shown = [f"{goals[figure.name]:.4f} (`{best[figure.name]}`)" for figure in FIGURES]
        relied = reliable(runs[name, best["log_likelihood"]])
        body.append([name, "the best purpose", *shown, relied, "", "", farthest(runs[name, best["c2st"]])])
        for candidate, own in cells.items():
            shown = []
            for figure in FIGURES:
                value = own.get(figure.name)
                text = "-" if value is None else f"{value:.4f} ({100 * figure.loss(value, goals[figure.name]):+.1f} %)"
                holds = value is not None and figure.holds(value, goals[figure.name])
                shown.append(f"**{text}**" if holds else text)
            run = runs[name, candidate]
            worst = [worst_column(run, runs[name, best[which]], which) for which in ("imputation", "reconstruction")]
            body.append([name, f"`{candidate}`", *shown, reliable(run), *worst, farthest(run)])
    return markdown(head, body)


def worst_column(run: dict[str, Any], best: dict[str, Any], figure: str) -> str:
    """The column whose error is the farthest above that in the best fit, of the last seed; both errors of it."""
    pairs = {name: (own[figure], best["columns"][name][figure]) for name, own in run["columns"].items()}
    name = max(pairs, key=lambda name: np.nan_to_num(pairs[name][0] - pairs[name][1], nan=-np.inf))
    own, its = pairs[name]
    return f"{own:.3f}, not {its:.3f} (`{name}`)" if own > its else "-"


def reliable(run: dict[str, Any]) -> str:
    """The share of rows whose log-likelihood can be relied on, of the last seed; well below 1, nats are too low."""
    return f"{run['reliable']:.2f}"


def farthest(run: dict[str, Any]) -> str:
    """The column whose drawn cells are distributed least as the test rows' are, of the last seed."""
    name = max(run["columns"], key=lambda name: np.nan_to_num(run["columns"][name]["apart"]))
    return f"{run['columns'][name]['apart']:.3f} (`{name}`)"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--tables", nargs="+", default=[*TABLES, *MORE])
    parser.add_argument("--candidates", nargs="+", default=[*PURPOSE_BUILT, *CANDIDATES])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--part", default="0/1", help="which of how many parts of the tables to run")
    parser.add_argument("--table", action="store_true", help="print what OUT holds as tables, run nothing")
    options = parser.parse_args()
    if options.table:
        found = medians(lines_of(options.out))
        print(f"{counts(found)}\n\n{by_table(found, lines_of(options.out))}")
        return
    warnings.filterwarnings("ignore")
    part, parts = (int(number) for number in options.part.split("/"))
    done = {key_of(line) for line in lines_of(options.out)}
    for seed, name, candidate in itertools.product(options.seeds, options.tables[part::parts], options.candidates):
        if (name, candidate, seed) in done:
            continue
        line = one(name, candidate, seed)
        keep(line | provenance("jax", "scikit-learn"), options.out)
        figures = [f"{figure.title} {line[figure.name]:.4f}" for figure in FIGURES]
        print(name, candidate, seed, *figures, f"{line['seconds']} + {line['judged_seconds']} s", flush=True)


if __name__ == "__main__":
    main()
