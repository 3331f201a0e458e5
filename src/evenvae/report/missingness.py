"""Section: where cells are missing, and how well hidden cells are imputed."""

import numpy as np
from jaxtyping import Float

from evenvae.report.drawing import drawn
from evenvae.report.evidence import HIDDEN_SHARE, Evidence, Imputation
from evenvae.report.parts import (
    OTHER,
    REAL,
    RECONSTRUCTED,
    Figure,
    Section,
    Table,
    finite_mean,
    listed,
    number,
    percent,
    rows_height,
    rows_layout,
)

FAR = 2.0


def section(evidence: Evidence) -> Section:
    """Missing cells of every column, the most frequent patterns, and the imputation error beside the baseline."""
    missing = evidence.missing_share
    found = evidence.imputation
    better = int((found.error < found.baseline).sum())
    scored = int(np.isfinite(found.error).sum())
    incomplete = int((missing > 0).sum())
    lead = (
        f"{incomplete} of {len(missing)} columns have missing cells; {percent(float(missing.mean()))} of all cells are "
        "missing. "
        if incomplete
        else "No cell of the table is missing. "
    ) + (
        f"{percent(HIDDEN_SHARE)} of the observed cells were hidden and imputed. In {better} of {scored} columns the "
        f"model imputes them better than the best constant does (mean error {number(finite_mean(found.error))}, best "
        f"constant {number(finite_mean(found.baseline))})."
    )
    notes = [f"Cells were hidden completely at random (seed {evidence.seed}), in all columns at the same time."]
    if not found.own:
        notes.append(f'Another model imputed; it was trained with purpose="{found.purpose}".')
    elif found.purpose != "impute":
        notes.append('A model trained with purpose="impute" imputes better. This model has another purpose.')
    if evidence.trained_on_it:
        notes.append("The model saw the hidden cells in training; on new rows the error is larger.")
    parts = [errors(evidence.names, evidence.imputation)]
    if incomplete:
        parts.insert(0, shares(evidence.names, evidence.missing_share))
        parts.append(patterns(evidence))
    return Section("missing", "Missing cells", "Missing cells, and their imputation", lead, tuple(parts), tuple(notes))


def shares(columns: list[str], share: Float[np.ndarray, " D"]) -> Figure:
    """Columns with missing cells, those with most on top; ``share`` of each column's cells is missing."""
    order = [d for d in np.argsort(-share, kind="stable") if share[d] > 0]
    names = [columns[d] for d in order]
    trace = {"type": "bar", "orientation": "h", "y": names, "x": listed(share[order]),
             "marker": {"color": REAL}, "hovertemplate": "%{x:.2%}"}  # fmt: skip
    data, layout = drawn([trace], rows_layout({"tickformat": "~%", "rangemode": "tozero"}))
    return Figure(
        "missing-shares", data, layout, height=rows_height(names, 22), rows=tuple(names), title="Missing cells"
    )


def patterns(evidence: Evidence, most: int = 8) -> Table:
    """Which columns are missing together in the rows that were looked at."""
    found, counts = np.unique(~evidence.observed, axis=0, return_counts=True)
    order = np.argsort(-counts, kind="stable")[:most]
    rows = []
    for place in order:
        names = [name for name, missing in zip(evidence.names, found[place], strict=True) if missing]
        text = ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
        rows.append((text or "nothing", percent(counts[place] / len(evidence.observed))))
    more = len(counts) - len(order)
    caption = "Missing together" + (f"; {more} rarer patterns are left out" if more else "")
    return Table(("missing", "rows"), tuple(rows), caption=caption)


def errors(columns: list[str], found: Imputation) -> Figure:
    """Imputation error divided by that of the best constant, the worst column on top."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(found.baseline > 0, found.error / found.baseline, np.where(found.error > 0, np.inf, np.nan))
    order = np.argsort(-np.nan_to_num(ratio, nan=-1.0), kind="stable")
    names = [columns[d] for d in order]
    shown = np.minimum(ratio[order], FAR)
    worse = shown >= 1
    trace = {
        "type": "bar", "orientation": "h", "y": names, "x": listed(shown), "customdata": listed(ratio[order]),
        "marker": {"color": [OTHER if w else RECONSTRUCTED for w in worse]},
        "hovertemplate": "%{customdata}",
    }  # fmt: skip
    top = max(1.05, float(np.nanmax(shown, initial=0)))
    axis = {"range": [0, top], "title": {"text": "error / error of the best constant"}}
    data, layout = drawn([trace], rows_layout(axis, at_one=True))
    kinds = " Grey: no better than the constant." if worse.any() else ""
    return Figure(
        "imputation",
        data,
        layout,
        height=rows_height(names, 22),
        rows=tuple(names),
        title="How well hidden cells are imputed",
        caption="The best constant is the mean of numbers, the most frequent level." + kinds,
    )
