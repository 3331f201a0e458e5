"""Section: which columns have large gradients, which are in conflict, and what balancing changes."""

from typing import Any

import numpy as np
from jaxtyping import Float

from evenvae.report.associations import heat_height, heat_layout
from evenvae.report.evidence import Evidence
from evenvae.report.gradients import GradientComparison
from evenvae.report.parts import (
    OTHER,
    RECONSTRUCTED,
    SAMPLED,
    Choice,
    Figure,
    Section,
    drawn,
    listed,
    number,
    percent,
    rows_layout,
)
from evenvae.report.training_curves import column_curves, lines, mean_of_runs, over_steps
from evenvae.training import OPPOSED

COLUMNS = 40


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
            _norm_axis(before),
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
         "hovertemplate": "%{y}: %{x}<extra>" + one.moment + "</extra>"}
        for one, colour, symbol in ((start, OTHER, "circle-open"), (end, RECONSTRUCTED, "circle"))
    ]  # fmt: skip
    data, layout = drawn(traces, rows_layout(_norm_axis(np.concatenate([start.norms, end.norms])), legend=True))
    return Figure(
        "gradient-norms",
        data,
        layout,
        height=100 + 20 * len(names),
        rows=tuple(names),
        title="Norms of the columns' gradients",
    )


def _norm_axis(values: Float[np.ndarray, "..."]) -> dict[str, Any]:
    positive = values[values > 0]
    # ticks at powers of ten where the axis spans several of them, otherwise also at 2 and 5 between them
    ticks = 1 if positive.size and positive.max() > 30 * positive.min() else "D2"
    return {"type": "log", "title": {"text": "norm of the gradient"}, "dtick": ticks, "exponentformat": "power"}


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
        "marker": {"color": colour}, "hovertemplate": "%{y}: %{x}<extra>" + label + "</extra>",
    }  # fmt: skip
    traces = [trace(label, colour, field, end) for label, colour, field in sources]
    axis = {"range": [-1, 1], "title": {"text": "cosine with the step"}}
    data, layout = drawn(traces, {**rows_layout(axis, legend=True), "barmode": "group"})
    options = tuple(
        (one.moment, {"x": [listed(getattr(one, field)[order], 3) for _, _, field in sources]})
        for one in evidence.comparisons
    )
    return Figure(
        "gradient-steps",
        data,
        layout,
        height=100 + (28 if balanced else 20) * len(names),
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
    trace = {"type": "heatmap", "x": names, "y": names, "z": matrix(first), "coloraxis": "coloraxis", "xgap": 1,
             "ygap": 1, "hovertemplate": "%{y} · %{x}: %{z}<extra></extra>"}  # fmt: skip
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
        scheme="diverging",
        title="Cosines between the columns' gradients",
        caption="1: the gradients of two columns have the same direction; −1: they have opposite directions." + fewer,
        choice=Choice("at", options),
    )
