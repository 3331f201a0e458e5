"""Section: how well each column is learned, compared with the best constant and with another model."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int

from evenvae.report.drawing import drawn
from evenvae.report.evidence import Evidence
from evenvae.report.parts import (
    OTHER,
    RECONSTRUCTED,
    Figure,
    Section,
    Table,
    kind_of,
    listed,
    number,
    rows_height,
    rows_layout,
)

FAR = 2.0
"""Larger ratios are drawn as bars of this length, with their number in the bar."""
NOTABLE = 1.05
"""From this ratio on a column is said to be worse than under the other model."""


def section(evidence: Evidence) -> Section:
    """Bars of error divided by baseline, the worst column first, and all numbers as a table."""
    frame = evidence.evaluation
    ratio = frame["ratio"].to_numpy(float)
    order = np.argsort(-np.nan_to_num(ratio, nan=-1.0), kind="stable")
    known = np.isfinite(ratio)
    learned = int((ratio[known] < 0.95).sum())
    lead = (
        f"{learned} of {len(ratio)} columns are reconstructed clearly better than by the best constant (the mean of "
        "numbers, the most frequent level). A ratio of 1 means that nothing was learned; lower is better."
    )
    if evidence.beside is not None:
        ours, theirs = frame.attrs["error"], evidence.beside.attrs["error"]
        lead += (
            f" Mean error: {number(ours)} {evidence.label}, {number(theirs)} {evidence.other_label}. "
            f"{paying(evidence)} The log-likelihood of a row is {nats_apart(frame.attrs['log_likelihood_gain'])}."
        )
    notes = (
        "Error: RMSE / range of numbers, error rate of levels, on observed cells. Log-likelihood: nats per cell on the "
        "raw scale, given the rest of its row.",
    )
    return Section(
        "columns",
        "Columns",
        "What is learned, column by column",
        lead,
        (bars(evidence, order), table(evidence, order)),
        notes,
    )


def paying(evidence: Evidence) -> str:
    """Which columns have a larger error than under the other model."""
    facts, regret = evidence.evaluation.attrs, evidence.evaluation["regret"]
    count, other = int((regret > NOTABLE).sum()), evidence.other_label
    if not count:
        return f"No column is reconstructed more than {NOTABLE - 1:.0%} worse than by the {other} model."
    verb = "column is" if count == 1 else "columns are"
    return (
        f"{count} {verb} reconstructed more than {NOTABLE - 1:.0%} worse than by the {other} model, "
        f"{facts['worst_regret_column']} most: {number(facts['worst_regret'], 2)} times its error."
    )


def nats_apart(gain: float) -> str:
    """A difference of log-likelihoods in words."""
    return f"{number(abs(gain), 2)} nats {'higher' if gain >= 0 else 'lower'}"


def aligned(evidence: Evidence, field: str) -> Float[np.ndarray, " D"]:
    """A column of the other model's evaluation, in the order of this model's columns."""
    assert evidence.beside is not None
    return evidence.beside.set_index("column").loc[evidence.names, field].to_numpy(float)


def bars(evidence: Evidence, order: Int[np.ndarray, " D"]) -> Figure:
    """One row for every column, the worst on top."""
    ratios = [(evidence.label, RECONSTRUCTED, evidence.evaluation["ratio"].to_numpy(float)[order])]
    if evidence.beside is not None:
        ratios.insert(0, (evidence.other_label, OTHER, aligned(evidence, "ratio")[order]))
    return ratio_bars([evidence.names[d] for d in order], ratios)


def ratio_bars(names: list[str], ratios: Sequence[tuple[str, str, Float[np.ndarray, " D"]]]) -> Figure:
    """Errors over those of the best constant, a bar of every model for each column.

    Args:
        names: of the columns, from top to bottom.
        ratios: the name of a model, its colour, and the ratios of its columns.
    """
    traces = []
    for label, colour, ratio in ratios:
        traces.append({
            "type": "bar", "orientation": "h", "name": label, "y": names,
            "x": listed(np.minimum(ratio, FAR)), "customdata": listed(ratio),
            "text": [f"{r:.1f}" if r > FAR else "" for r in ratio],
            "marker": {"color": colour}, "hovertemplate": "%{customdata}",
        })  # fmt: skip
    top = float(np.nanmax([1.05, *(np.nanmax(np.minimum(r, FAR), initial=0) for _, _, r in ratios)]))
    axis = {"range": [0, top], "title": {"text": "error / error of the best constant"}}
    data, layout = drawn(traces, rows_layout(axis, legend=True, at_one=True))
    height = rows_height(names, 22 if len(ratios) == 1 else 34)
    return Figure("learned", data, layout, height=height, rows=tuple(names))


def table(evidence: Evidence, order: Int[np.ndarray, " D"]) -> Table:
    """The numbers behind the bars."""
    frame = evidence.evaluation
    header = ["column", "taken for", "baseline", "error", "ratio", "log-likelihood"]
    if evidence.beside is not None:
        header[3:] = ["error", f"error, {evidence.other_label}", "ratio", f"ratio, {evidence.other_label}",
                      "log-likelihood", f"log-likelihood, {evidence.other_label}",
                      f"error / that of {evidence.other_label}"]  # fmt: skip
    rows = []
    for d in order:
        row = frame.iloc[d]
        cells = [row["column"], row["likelihood"], number(row["baseline"])]
        for field, digits in (("error", 3), ("ratio", 2), ("log_likelihood", 2)):
            cells.append(number(row[field], digits))
            if evidence.beside is not None:
                cells.append(number(aligned(evidence, field)[d], digits))
        if evidence.beside is not None:
            cells.append(number(row["regret"], 2))
        rows.append(tuple(cells))
    return Table(
        tuple(header),
        tuple(rows),
        columns=tuple((evidence.names[d],) for d in order),
        kinds=tuple(kind_of(evidence.columns[d]) for d in order),
        folded="All numbers as a table",
    )
