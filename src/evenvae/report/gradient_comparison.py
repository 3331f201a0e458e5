"""Section: which columns have large gradients, which are in conflict, and what balancing changes."""

import numpy as np

from evenvae.report.associations import heat_height, heat_layout
from evenvae.report.drawing import drawn
from evenvae.report.evidence import Evidence
from evenvae.report.gradients import GradientComparison
from evenvae.report.parts import (
    OTHER,
    RECONSTRUCTED,
    SAMPLED,
    Choice,
    Figure,
    Section,
    listed,
    number,
    percent,
    rows_height,
    rows_layout,
)
from evenvae.report.training_curves import column_curves, lines, mean_of_runs, over_steps
from evenvae.training import OPPOSED

COLUMNS = 40
NORM_AXIS = {"type": "log", "title": {"text": "norm of the gradient"}}


def section(evidence: Evidence) -> Section:
    """Norms of gradients, their cosines with the step and with each other; at the end and at the start of training."""
    end = evidence.comparisons[0]
    balance = evidence.balance
    largest = int(np.nanargmax(end.norms))
    median = np.nanmedian(end.norms)
    times = number(float(end.norms[largest] / median), 1) if median > 0 else "–"
    lead = (
        "Every column has a gradient of its own for the shared part of the decoder. At the end of training the "
        f"gradient of {evidence.names[largest]} is the largest: {times} times that of the median column. "
        f"{percent(end.conflicts)} of the pairs of columns are in conflict (cosine below −{OPPOSED}). "
    )
    against = [int((np.nan_to_num(step, nan=0.0) < 0).sum()) for step in (end.plain, end.balanced)]
    if balance == "none":
        lead += f"The step is the plain sum; it works against {against[0]} of {len(evidence.names)} columns."
    else:
        lead += (
            f"The plain sum of the gradients works against {against[0]} of {len(evidence.names)} columns, "
            f"the direction that {balance} gives against {against[1]}."
        )
    between = over_training(evidence)
    notes = [
        "Means over a few batches of the table. The end of training is the saved model. The start is the network that "
        "its seed gives again, which is exact where the table is the one that it was trained on. "
        + (
            "The curves over training are of one batch for every evaluation."
            if between
            else "The time between them was not recorded."
        )
    ]
    if balance != "none":
        notes.append("The balancer begins in its first state, because a saved model does not hold its later one.")
    return Section(
        "gradients",
        "Gradients",
        "The columns' gradients",
        lead,
        (norms(evidence), steps(evidence), *between, cosines(evidence)),
        tuple(notes),
    )


def over_training(evidence: Evidence) -> tuple[Figure, ...]:
    """Over the steps of training: norms of the columns' gradients before and after balancing, and conflicts.

    There are none where training did not record them: for a single column, too many columns, or a model of an older
    version.
    """
    recorded = lambda history: [record for record in history if "gradient_norms" in record]
    history = recorded(evidence.history)
    if not history:
        return ()
    before = mean_of_runs(history, "gradient_norms")
    # a logarithmic axis has no place for 0
    curves = {"before balancing": np.where(before > 0, before, np.nan)}
    caption = "Norm of a column's gradient at the shared features; all columns in grey."
    if all("gradient_weights" in record for record in history):
        after = before * np.abs(mean_of_runs(history, "gradient_weights"))
        curves[f"after {evidence.balance}"] = np.where(after > 0, after, np.nan)
        caption += " After balancing: the norm times the weight that the gradient has in the step."
    other = recorded(evidence.other.history_) if evidence.other else []
    conflicts = [
        *(lines(other, "gradient_conflicts", f"pairs in conflict, {evidence.other_label}", OTHER, dash="dot")
          if other else []),
        *lines(history, "gradient_conflicts", "pairs in conflict", SAMPLED),
        *lines(history, "gradient_cosine", "mean cosine of a pair", RECONSTRUCTED),
    ]  # fmt: skip
    return (
        column_curves(
            "gradient-history",
            "Norm of a column's gradient, over training",
            history,
            curves,
            evidence.names,
            int(np.nanargmax(evidence.comparisons[0].norms)),
            NORM_AXIS,
            caption,
        ),
        over_steps(
            "gradient-conflicts",
            "Conflicts between columns, over training",
            conflicts,
            f"Share of the pairs of columns with a cosine below −{OPPOSED} before balancing, and the mean over pairs.",
        ),
    )


def norms(evidence: Evidence) -> Figure:
    """Norm of every column's gradient, the largest at the end of training on top."""
    end, start = evidence.comparisons
    order = np.argsort(-np.nan_to_num(end.norms), kind="stable")
    names = [evidence.names[d] for d in order]
    traces = [
        {"type": "scatter", "mode": "markers", "name": one.moment, "y": names, "x": listed(one.norms[order]),
         "marker": {"color": colour, "size": 9, "symbol": symbol},
         "hovertemplate": "%{x}"}
        for one, colour, symbol in ((start, OTHER, "circle-open"), (end, RECONSTRUCTED, "circle"))
    ]  # fmt: skip
    data, layout = drawn(traces, rows_layout(NORM_AXIS, legend=True))
    return Figure(
        "gradient-norms",
        data,
        layout,
        height=rows_height(names, 20),
        rows=tuple(names),
        title="Norms of the columns' gradients",
    )


def steps(evidence: Evidence) -> Figure:
    """Cosine of every column's gradient with the step."""
    end = evidence.comparisons[0]
    balanced = evidence.balance != "none"
    order = np.argsort(np.nan_to_num(end.plain, nan=2.0), kind="stable")
    names = [evidence.names[d] for d in order]
    sources = [("plain sum", OTHER, "plain")]
    if balanced:
        sources.append((f"after {evidence.balance}", SAMPLED, "balanced"))
    trace = lambda label, colour, field, one: {
        "type": "bar", "orientation": "h", "name": label, "y": names, "x": listed(getattr(one, field)[order], 3),
        "marker": {"color": colour}, "hovertemplate": "%{x}",
    }  # fmt: skip
    traces = [trace(label, colour, field, end) for label, colour, field in sources]
    axis = {"range": [-1, 1], "title": {"text": "cosine with the step"}}
    data, layout = drawn(traces, rows_layout(axis, legend=True))
    options = tuple(
        (one.moment, {"x": [listed(getattr(one, field)[order], 3) for _, _, field in sources]})
        for one in evidence.comparisons
    )
    return Figure(
        "gradient-steps",
        data,
        layout,
        height=rows_height(names, 28 if balanced else 20),
        rows=tuple(names),
        title="Cosine of the columns' gradients with the step",
        caption="Where the cosine of a column's gradient with the step is below 0, the step works against the column.",
        choice=Choice("at", options, traces=tuple(range(len(sources)))),
    )


def cosines(evidence: Evidence) -> Figure:
    """Cosines between the columns' gradients."""
    kept = np.argsort(-np.nan_to_num(evidence.comparisons[0].norms), kind="stable")[:COLUMNS]
    # the columns with the largest gradients, in the order of the table
    kept = np.sort(kept)
    names = [evidence.names[d] for d in kept]
    matrix = lambda one: listed(one.cosines[np.ix_(kept, kept)], 3)
    first: GradientComparison = evidence.comparisons[0]
    trace = {"type": "heatmap", "x": names, "y": names, "z": matrix(first)}
    # gradients with many elements are nearly orthogonal: the colours follow the largest cosine of a pair
    pairs = np.concatenate(
        [one.cosines[np.ix_(kept, kept)][np.triu_indices(len(kept), 1)] for one in evidence.comparisons]
    )
    largest = max(0.1, np.ceil(10 * np.nanmax(np.abs(pairs), initial=0)) / 10)
    data, layout = drawn([trace], heat_layout(float(largest)))
    options = tuple((one.moment, {"z": [matrix(one)]}) for one in evidence.comparisons)
    fewer = "" if len(evidence.names) <= COLUMNS else f" The {COLUMNS} columns with the largest gradients are shown."
    return Figure(
        "gradient-cosines",
        data,
        layout,
        height=heat_height(len(names)),
        title="Cosines between the columns' gradients",
        caption="1: the gradients of two columns have the same direction; −1: they have opposite directions." + fewer,
        choice=Choice("at", options),
    )
