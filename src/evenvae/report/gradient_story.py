"""Section: whose gradient leads, who pulls against whom, and what balancing makes of it."""

from typing import Any

import numpy as np

from evenvae.report.associations import heat_height, heat_layout
from evenvae.report.evidence import Evidence
from evenvae.report.gradients import Story
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
    """Norms, cosines with the step, cosines between columns; at the end and at the start of training."""
    end = evidence.stories[0]
    balance = evidence.model.plan_.balance
    loudest = int(np.nanargmax(end.norms))
    quiet = np.nanmedian(end.norms)
    times = number(float(end.norms[loudest] / quiet), 1) if quiet > 0 else "–"
    lead = (
        "Every column pulls the shared part of the decoder its own way. At the end of training the loudest column, "
        f"{evidence.names[loudest]}, has {times} times the gradient of the median one, and {percent(end.conflicts)} of "
        f"the pairs of columns pull against each other (cosine below −{OPPOSED}). "
    )
    against = [int((np.nan_to_num(step, nan=0.0) < 0).sum()) for step in (end.plain, end.balanced)]
    if balance == "none":
        lead += f"The step is their plain sum; it works against {against[0]} of {len(evidence.names)} columns."
    else:
        lead += (
            f"The plain sum of the gradients works against {against[0]} of {len(evidence.names)} columns, "
            f"the step that {balance} makes of them against {against[1]}."
        )
    between = over_training(evidence)
    notes = [
        "Means over a few batches of the table. The end is the saved model; the start is the network that its seed "
        "gives again, exact where the table is the one it was trained on. "
        + ("The curves over training are of one batch a look." if between else "What lies between was not recorded.")
    ]
    if evidence.model.plan_.method.balancer is not None:
        notes.append("The balancer is asked from its first state: its memory is not part of a saved model.")
    return Section(
        "gradients",
        "Gradients",
        "The gradients' story",
        lead,
        (norms(evidence), steps(evidence), *between, cosines(evidence)),
        tuple(notes),
    )


def over_training(evidence: Evidence) -> tuple[Figure, ...]:
    """Norms of the columns' gradients before and after balancing, and how many pairs conflict, over steps.

    Nothing where training did not record them: a lone column, too many, or a model of an older version.
    """
    recorded = lambda model: [record for record in model.history_ if "gradient_norms" in record]
    history = recorded(evidence.model)
    if not history:
        return ()
    loud = mean_of_runs(history, "gradient_norms")
    # a logarithmic axis has no place for 0
    curves = {"before balancing": np.where(loud > 0, loud, np.nan)}
    caption = "Norm of a column's gradient at the shared features; all columns in grey."
    if all("gradient_weights" in record for record in history):
        after = loud * np.abs(mean_of_runs(history, "gradient_weights"))
        curves[f"after {evidence.model.plan_.balance}"] = np.where(after > 0, after, np.nan)
        caption += " After balancing: times the weight that it has in the step."
    other = recorded(evidence.other) if evidence.other else []
    conflicts = [
        *(lines(other, "gradient_conflicts", f"pairs against each other, {evidence.other_label}", OTHER, dash="dot")
          if other else []),
        *lines(history, "gradient_conflicts", "pairs against each other", SAMPLED),
        *lines(history, "gradient_cosine", "mean cosine of a pair", RECONSTRUCTED),
    ]  # fmt: skip
    return (
        column_curves(
            "gradient-history",
            "How loud a column was, over training",
            history,
            curves,
            evidence.names,
            int(np.nanargmax(evidence.stories[0].norms)),
            _norm_axis(loud),
            caption,
        ),
        over_steps(
            "gradient-conflicts",
            "Who pulled against whom, over training",
            conflicts,
            f"Share of the pairs of columns with a cosine below −{OPPOSED} before balancing, and the mean over pairs.",
        ),
    )


def norms(evidence: Evidence) -> Figure:
    """Norm of every column's gradient, the loudest at the end on top."""
    end, start = evidence.stories
    order = np.argsort(-np.nan_to_num(end.norms), kind="stable")
    names = [evidence.names[d] for d in order]
    traces = [
        {"type": "scatter", "mode": "markers", "name": story.moment, "y": names, "x": listed(story.norms[order]),
         "marker": {"color": colour, "size": 9, "symbol": symbol},
         "hovertemplate": "%{y}: %{x}<extra>" + story.moment + "</extra>"}
        for story, colour, symbol in ((start, OTHER, "circle-open"), (end, RECONSTRUCTED, "circle"))
    ]  # fmt: skip
    data, layout = drawn(traces, rows_layout(_norm_axis(np.concatenate([start.norms, end.norms])), legend=True))
    return Figure(
        "gradient-norms", data, layout, height=100 + 20 * len(names), rows=tuple(names), title="How loud each column is"
    )


def _norm_axis(values: np.ndarray) -> dict[str, Any]:
    positive = values[values > 0]
    # whole decades where there are some, else 2 and 5 between them
    ticks = 1 if positive.size and positive.max() > 30 * positive.min() else "D2"
    return {"type": "log", "title": {"text": "norm of the gradient"}, "dtick": ticks, "exponentformat": "power"}


def steps(evidence: Evidence) -> Figure:
    """Cosine of every column's gradient with the step."""
    end = evidence.stories[0]
    balanced = evidence.model.plan_.method.balancer is not None
    order = np.argsort(np.nan_to_num(end.plain, nan=2.0), kind="stable")
    names = [evidence.names[d] for d in order]
    sources = [("plain sum", OTHER, "plain")]
    if balanced:
        sources.append((f"after {evidence.model.plan_.balance}", SAMPLED, "balanced"))
    trace = lambda label, colour, field, story: {
        "type": "bar", "orientation": "h", "name": label, "y": names, "x": listed(getattr(story, field)[order], 3),
        "marker": {"color": colour}, "hovertemplate": "%{y}: %{x}<extra>" + label + "</extra>",
    }  # fmt: skip
    traces = [trace(label, colour, field, end) for label, colour, field in sources]
    axis = {"range": [-1, 1], "title": {"text": "cosine with the step"}}
    data, layout = drawn(traces, {**rows_layout(axis, legend=True), "barmode": "group"})
    options = tuple(
        (story.moment, {"x": [listed(getattr(story, field)[order], 3) for _, _, field in sources]})
        for story in evidence.stories
    )
    return Figure(
        "gradient-steps",
        data,
        layout,
        height=100 + (28 if balanced else 20) * len(names),
        rows=tuple(names),
        title="Who is served by the step",
        caption="Cosine of a column's gradient with the step that is taken: below 0 the step works against it.",
        choice=Choice("at", options, traces=tuple(range(len(sources)))),
    )


def cosines(evidence: Evidence) -> Figure:
    """Cosines between the columns' gradients."""
    kept = np.argsort(-np.nan_to_num(evidence.stories[0].norms), kind="stable")[:COLUMNS]
    # the loudest columns, in the table's order
    kept = np.sort(kept)
    names = [evidence.names[d] for d in kept]
    matrix = lambda story: listed(story.cosines[np.ix_(kept, kept)], 3)
    first: Story = evidence.stories[0]
    trace = {"type": "heatmap", "x": names, "y": names, "z": matrix(first), "coloraxis": "coloraxis", "xgap": 1,
             "ygap": 1, "hovertemplate": "%{y} · %{x}: %{z}<extra></extra>"}  # fmt: skip
    # gradients with many elements are nearly orthogonal: the colours follow the largest cosine of a pair
    pairs = np.concatenate(
        [story.cosines[np.ix_(kept, kept)][np.triu_indices(len(kept), 1)] for story in evidence.stories]
    )
    largest = max(0.1, np.ceil(10 * np.nanmax(np.abs(pairs), initial=0)) / 10)
    data, layout = drawn([trace], heat_layout(float(largest)))
    options = tuple((story.moment, {"z": [matrix(story)]}) for story in evidence.stories)
    fewer = "" if len(evidence.names) <= COLUMNS else f" The {COLUMNS} loudest columns are shown."
    return Figure(
        "gradient-cosines",
        data,
        layout,
        height=heat_height(len(names)),
        scheme="diverging",
        title="Who pulls with whom",
        caption="Cosine between the gradients of two columns: 1 the same way, −1 against each other." + fewer,
        choice=Choice("at", options),
    )
