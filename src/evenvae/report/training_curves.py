"""Section: how training went, as a whole and column by column."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from evenvae.estimator import EvenVAE
from evenvae.fitted.card import METRICS
from evenvae.report.drawing import drawn
from evenvae.report.evidence import Evidence
from evenvae.report.parts import OTHER, REAL, RECONSTRUCTED, SAMPLED, Choice, Figure, Section, listed

POINTS, NUMBERS = 200, 10_000


def series(history: list[dict[str, Any]], field: str) -> Float[np.ndarray, "evaluations runs *D"]:
    """A field of the history: one number for every evaluation and run, or one for every column; nan where missing."""
    return np.array([record[field] for record in history], dtype=float)


def thinned(count: int, columns: int = 1) -> Int[np.ndarray, " kept"]:
    """Places of at most `POINTS` of ``count`` evaluations, of fewer where there are many columns; with both ends."""
    most = min(POINTS, max(20, NUMBERS // columns))
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(int))


def section(evidence: Evidence) -> Section:
    """Loss, KL and validation metric; and the validation metric of any column."""
    history = evidence.history
    title = "How training went"
    if evidence.fitted.plan.privacy is not None:
        return Section(
            "training", "Training", title, "The fit is differentially private: figures of its training are not kept."
        )
    if not history:
        return Section(
            "training", "Training", title, "Training ended before the first evaluation: nothing was recorded."
        )
    runs = len(history[0]["loss"])
    lead = (
        f"{evidence.fitted.record.steps:,} steps with {len(history)} evaluations"
        + (f", {runs} runs side by side (thin lines) and their mean" if runs > 1 else "")
        + f". The validation metric is that of the purpose {evidence.purpose!r}."
    )
    lead += kept_text(kept_steps(evidence.model))
    notes = (
        ("Training was interrupted; the model is what was learned until then.",)
        if evidence.fitted.record.interrupted
        else ()
    )
    return Section("training", "Training", title, lead, (*curves(evidence), by_column(evidence)), notes)


def kept_steps(model: EvenVAE) -> Int[np.ndarray, " runs"]:
    """The step whose parameters each run of a model kept; empty if the runs kept the last ones."""
    history, training = model.history_, model.fitted_.plan.training
    if not training.keep_best:
        return np.array([], int)
    metric = np.nan_to_num(series(history, "validation"), nan=np.inf)
    return np.array([record["step"] for record in history])[metric.argmin(0)]


def kept_text(steps: Int[np.ndarray, " runs"]) -> str:
    """The step that the model is from, in words."""
    if not steps.size:
        return " The model is that of the last step."
    if steps.min() == steps.max():
        return f" The model is that of step {steps[0]:,}, where this metric was best."
    return f" Of every run the state with the best metric is kept, between steps {steps.min():,} and {steps.max():,}."


def curves(evidence: Evidence) -> tuple[Figure, ...]:
    """The validation metric, and the loss with the KL, over steps; the other model in grey."""
    other = evidence.other
    if other is not None and other.fitted_.plan.purpose != evidence.purpose:
        other = None
    labels = (evidence.label, evidence.other_label)
    return tuple(curve(name, evidence.model, other, labels) for name in ("validation", "loss"))


def curve(name: str, model: EvenVAE, other: EvenVAE | None = None, labels: tuple[str, str] = ("", "")) -> Figure:
    """One figure of the training.

    Args:
        name: ``"validation"``, the metric by which training stops; or ``"loss"``, with the KL.
        model: a fitted model.
        other: another one of the same purpose, in grey.
        labels: their names, for where there are two.
    """
    title, fields = {
        "validation": (f"Validation: {METRICS[model.fitted_.plan.purpose]}", [("validation", RECONSTRUCTED)]),
        "loss": ("Training loss and KL, nats per row", [("loss", SAMPLED), ("kl", RECONSTRUCTED)]),
    }[name]
    traces = []
    for field, colour in fields:
        label = "KL" if field == "kl" else field
        if other is not None and field != "kl":
            traces += lines(other.history_, field, labels[1], OTHER, dash="dot")
        traces += lines(model.history_, field, label if other is None else f"{label}, {labels[0]}", colour)
    marks = sorted(set(kept_steps(model).tolist())) if name == "validation" else ()
    caption = "Dotted vertical line: the step that was kept." if len(marks) else ""
    return over_steps(f"training-{name}", title, traces, caption, marks)


def over_steps(
    name: str, title: str, traces: list[dict[str, Any]], caption: str = "", marks: Sequence[int] = ()
) -> Figure:
    """A small figure of `lines`, with a vertical line at each of the steps ``marks``."""
    data, layout = drawn(
        traces,
        {
            "xaxis": {"title": {"text": "step"}},
            "showlegend": len({trace["name"] for trace in traces}) > 1,
            "shapes": [{"x0": step, "x1": step} for step in marks],
        },
    )
    return Figure(name, data, layout, height=280, title=title, caption=caption)


def lines(
    history: list[dict[str, Any]], field: str, name: str, colour: str, dash: str = "solid"
) -> list[dict[str, Any]]:
    """The mean over runs, and a thin line for every run where there are several."""
    kept = thinned(len(history))
    values = series(history, field)[kept]
    steps = [int(history[i]["step"]) for i in kept]
    runs = values.shape[1]
    line = lambda y, width, shown: {
        "type": "scatter", "mode": "lines" if len(steps) > 1 else "markers", "name": name, "legendgroup": name,
        "x": steps, "y": listed(y, 5), "showlegend": shown, "opacity": 1 if shown else 0.35,
        "line": {"color": colour, "width": width, "dash": dash}, "marker": {"color": colour},
        **({} if shown else {"hoverinfo": "skip"}),
    }  # fmt: skip
    thin = [line(values[:, run], 1, False) for run in range(runs)] if runs > 1 else []
    return [*thin, line(_mean(values, 1), 2.5, True)]


def by_column(evidence: Evidence) -> Figure:
    """The validation metric of all columns in grey and of a chosen one in colour; the worst one is chosen first."""
    history = evidence.history
    ratio = np.nan_to_num(evidence.evaluation["ratio"].to_numpy(float), nan=-1.0)
    error = evidence.purpose in ("reconstruct", "impute")
    return column_curves(
        "training-columns",
        "Validation metric of every column",
        history,
        {"validation": mean_of_runs(history, "validation_columns")},
        evidence.names,
        int(ratio.argmax()),
        {"title": {"text": "validation error" if error else "nats per cell"}},
    )


def mean_of_runs(history: list[dict[str, Any]], field: str) -> Float[np.ndarray, "evaluations D"]:
    """The mean over runs of a field that has one number for every column."""
    return _mean(series(history, field), 1)


def column_curves(
    name: str,
    title: str,
    history: list[dict[str, Any]],
    curves: dict[str, Float[np.ndarray, "evaluations D"]],
    names: list[str],
    chosen: int,
    axis: dict[str, Any],
    caption: str = "",
) -> Figure:
    """Curves over training: those of a chosen column in colour, and the first curve of all columns in grey.

    Args:
        name: of the figure in the page.
        title: above the figure.
        history: from which the steps are taken.
        curves: by their labels.
        names: of the columns.
        chosen: place of the column that is chosen first.
        axis: the vertical axis.
        caption: below the figure.
    """
    kept = thinned(len(history), len(names))
    steps = [int(history[i]["step"]) for i in kept]
    curves = {label: values[kept] for label, values in curves.items()}
    first = next(iter(curves.values()))
    # one trace of grey lines with gaps between them, however many columns there are
    x = [*steps, None] * len(names)
    y = [v for d in range(len(names)) for v in (*listed(first[:, d]), None)]
    mode = "lines" if len(steps) > 1 else "markers"
    called = lambda label, d: names[d] if len(curves) == 1 else f"{names[d]}, {label}"
    traces = [
        {"type": "scatter", "mode": mode, "x": x, "y": y, "line": {"color": REAL, "width": 1}, "opacity": 0.5,
         "hoverinfo": "skip", "marker": {"color": REAL}, "showlegend": False},
        *({"type": "scatter", "mode": mode, "x": steps, "y": listed(values[:, chosen]), "name": called(label, chosen),
           "line": {"color": colour, "width": 3}, "marker": {"color": colour}}
          for (label, values), colour in zip(curves.items(), (RECONSTRUCTED, SAMPLED), strict=False)),
    ]  # fmt: skip
    data, layout = drawn(traces, {"xaxis": {"title": {"text": "step"}}, "yaxis": axis, "showlegend": len(curves) > 1})
    options = tuple(
        (column, {"y": [listed(v[:, d]) for v in curves.values()], "name": [called(label, d) for label in curves]})
        for d, column in enumerate(names)
    )
    places = tuple(range(1, 1 + len(curves)))
    return Figure(
        name, data, layout, height=320, title=title, caption=caption,
        choice=Choice("column", options, traces=places, selected=chosen),
    )  # fmt: skip


def _mean(values: Float[np.ndarray, "..."], axis: int) -> Float[np.ndarray, "..."]:
    count = np.isfinite(values).sum(axis=axis)
    return np.where(
        count > 0, np.nansum(np.where(np.isfinite(values), values, 0), axis=axis) / np.maximum(count, 1), np.nan
    )
