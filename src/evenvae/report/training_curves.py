"""Section: how training went, as a whole and column by column."""

from typing import Any

import numpy as np

from evenvae.report.evidence import Evidence
from evenvae.report.parts import OTHER, REAL, RECONSTRUCTED, SAMPLED, Choice, Figure, Section, drawn, listed

POINTS = 200
FIGURES = {
    "reconstruct": "mean error of what is seen",
    "impute": "mean error of what is hidden",
    "score": "negative evidence lower bound, nats a row",
    "sample": "negative evidence lower bound, nats a row",
}


def series(history: list[dict[str, Any]], field: str) -> np.ndarray:
    """(looks, runs) of a figure, or (looks, runs, D) of one by column; nan where none was taken."""
    return np.array([record[field] for record in history], dtype=float)


def thinned(count: int) -> np.ndarray:
    """Places of at most `POINTS` looks, the first and last among them."""
    return np.unique(np.linspace(0, count - 1, min(count, POINTS)).round().astype(int))


def section(evidence: Evidence) -> Section:
    """Loss, validation figure, KL; and the validation figure of any column."""
    history = evidence.model.history_
    title = "How training went"
    if not history:
        return Section(
            "training", "Training", title, "Training ended before the first look at its figures: nothing was recorded."
        )
    runs = len(history[0]["loss"])
    lead = (
        f"{evidence.model.n_steps_:,} steps, looked at {len(history)} times"
        + (f", {runs} runs side by side (thin lines) and their mean" if runs > 1 else "")
        + f". Training is steered by the validation figure of {evidence.model.plan_.training.purpose!r}."
    )
    notes = ("Training was interrupted; this is what was learned until then.",) if evidence.model.interrupted_ else ()
    return Section("training", "Training", title, lead, (*curves(evidence), by_column(evidence)), notes)


def curves(evidence: Evidence) -> tuple[Figure, ...]:
    """Validation figure, and loss with KL, over steps; the model beside in grey."""
    purpose = evidence.model.plan_.training.purpose
    others = evidence.other.history_ if evidence.other else []
    if evidence.other and evidence.other.plan_.training.purpose != purpose:
        others = []
    wanted = (
        ("validation", f"Validation: {FIGURES[purpose]}", (("validation", "validation", RECONSTRUCTED),)),
        ("loss", "Training loss and KL, nats a row", (("loss", "loss", SAMPLED), ("kl", "KL", RECONSTRUCTED))),
    )
    figures = []
    for name, title, fields in wanted:
        traces = []
        for field, label, colour in fields:
            if others and field != "kl":
                traces += lines(others, field, evidence.other_label, OTHER, dash="dot")
            traces += lines(
                evidence.model.history_, field, label if not others else f"{label}, {evidence.label}", colour
            )
        data, layout = drawn(
            traces,
            {
                "margin": {"t": 8, "b": 44, "l": 52, "r": 8},
                "xaxis": {"title": {"text": "step"}},
                "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
                "showlegend": len({trace["name"] for trace in traces}) > 1,
            },
        )
        figures.append(Figure(f"training-{name}", data, layout, height=280, title=title))
    return tuple(figures)


def lines(
    history: list[dict[str, Any]], field: str, name: str, colour: str, dash: str = "solid"
) -> list[dict[str, Any]]:
    """A thin line a run where there are several, and their mean."""
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
    """All columns in grey, a chosen one in colour; the worst one first."""
    history = evidence.model.history_
    kept = thinned(len(history))
    values = _mean(series(history, "validation_columns")[kept], 1)
    steps = [int(history[i]["step"]) for i in kept]
    names = evidence.names
    # one trace of grey lines with gaps between them, however many columns there are
    x = [*steps, None] * len(names)
    y = [v for d in range(len(names)) for v in (*listed(values[:, d]), None)]
    ratio = np.nan_to_num(evidence.evaluation["ratio"].to_numpy(float), nan=-1.0)
    chosen = int(ratio.argmax())
    mode = "lines" if len(steps) > 1 else "markers"
    traces = [
        {"type": "scatter", "mode": mode, "x": x, "y": y, "line": {"color": REAL, "width": 1}, "opacity": 0.5,
         "hoverinfo": "skip", "marker": {"color": REAL}},
        {"type": "scatter", "mode": mode, "x": steps, "y": listed(values[:, chosen]), "name": names[chosen],
         "line": {"color": RECONSTRUCTED, "width": 3}, "marker": {"color": RECONSTRUCTED}},
    ]  # fmt: skip
    error = evidence.model.plan_.training.purpose in ("reconstruct", "impute")
    data, layout = drawn(
        traces,
        {
            "margin": {"t": 8, "b": 44, "l": 52, "r": 8},
            "xaxis": {"title": {"text": "step"}},
            "yaxis": {"title": {"text": "validation error" if error else "nats a cell"}},
            "showlegend": False,
        },
    )
    options = tuple((name, {"y": [listed(values[:, d])], "name": [name]}) for d, name in enumerate(names))
    return Figure(
        "training-columns",
        data,
        layout,
        height=320,
        title="Validation figure of every column",
        choice=Choice("column", options, traces=(1,), selected=chosen),
    )


def _mean(values: np.ndarray, axis: int) -> np.ndarray:
    count = np.isfinite(values).sum(axis=axis)
    return np.where(
        count > 0, np.nansum(np.where(np.isfinite(values), values, 0), axis=axis) / np.maximum(count, 1), np.nan
    )
