"""Section: how columns hang together, in the real rows and in drawn ones."""

import numpy as np
import pandas as pd
from scipy import stats

from evenvae.report.evidence import Evidence
from evenvae.report.parts import Choice, Figure, Section, Table, drawn, listed, number
from evenvae.tables import Column

COLUMNS, LEVELS, FEWEST = 40, 20, 10


def association(x: np.ndarray, y: np.ndarray, nominal: tuple[bool, bool]) -> float:
    """Spearman's rho of two numbers, Cramer's V of two levels, the correlation ratio of levels and a number.

    ``x`` and ``y`` (N,) hold NaN for holes; rows with both are used, nan where fewer than ten or where one of
    the two is constant. Levels beyond the 20 most frequent count as one.
    """
    both = np.isfinite(x) & np.isfinite(y)
    x, y = x[both], y[both]
    if x.size < FEWEST or np.ptp(x) == 0 or np.ptp(y) == 0:
        return float("nan")
    if nominal == (True, True):
        table = pd.crosstab(pooled(x), pooled(y)).to_numpy()
        return float(stats.contingency.association(table, method="cramer")) if min(table.shape) > 1 else float("nan")
    if nominal == (False, False):
        return float(stats.spearmanr(x, y)[0])
    return correlation_ratio(*((pooled(x), y) if nominal[0] else (pooled(y), x)))


def correlation_ratio(levels: np.ndarray, values: np.ndarray) -> float:
    """Square root of the share of the values' variance that lies between levels, in [0, 1]."""
    _, codes = np.unique(levels, return_inverse=True)
    counts = np.bincount(codes)
    means = np.bincount(codes, weights=values) / counts
    between = (counts * (means - values.mean()) ** 2).sum()
    total = ((values - values.mean()) ** 2).sum()
    return float(np.sqrt(between / total)) if total > 0 else float("nan")


def pooled(codes: np.ndarray) -> np.ndarray:
    """The most frequent levels, and -1 for all others."""
    levels, counts = np.unique(codes, return_counts=True)
    if levels.size <= LEVELS:
        return codes
    kept = levels[np.argsort(-counts, kind="stable")[:LEVELS]]
    return np.where(np.isin(codes, kept), codes, -1)


def matrix(values: np.ndarray, columns: tuple[Column, ...]) -> np.ndarray:
    """(D, D) associations, 1 on the diagonal."""
    size = len(columns)
    found = np.eye(size)
    for i in range(size):
        for j in range(i):
            kinds = (columns[i].nominal, columns[j].nominal)
            found[i, j] = found[j, i] = association(values[:, i], values[:, j], kinds)
    return found


def section(evidence: Evidence) -> Section:
    """A heat map to switch between real, sampled and their difference; the pairs that differ most."""
    columns = evidence.columns[:COLUMNS]
    real = matrix(evidence.values[:, :COLUMNS], columns)
    sampled = matrix(evidence.sampled[:, :COLUMNS], columns)
    gap = sampled - real
    pairs = np.abs(gap[np.triu_indices(len(columns), 1)])
    known = pairs[np.isfinite(pairs)]
    mean, most = (number(float(f(known)), 2) if known.size else "" for f in (np.mean, np.max))
    lead = (
        "Do columns that go together do so in drawn rows? Spearman's rho between numbers, Cramér's V between "
        "levels, the correlation ratio between levels and numbers. "
        + (
            f"Drawn pairs differ by {mean} on average, by {most} at most."
            if known.size
            else "There is no pair to compare."
        )
    )
    notes = ()
    if len(evidence.columns) > COLUMNS:
        notes = (f"The first {COLUMNS} of {len(evidence.columns)} columns are shown.",)
    return Section(
        "associations",
        "Associations",
        "How columns hang together",
        lead,
        (heat(columns, real, sampled), worst(columns, real, sampled)),
        notes,
    )


def heat(columns: tuple[Column, ...], real: np.ndarray, sampled: np.ndarray) -> Figure:
    """One heat map with a switch."""
    names = [column.name for column in columns]
    trace = {"type": "heatmap", "x": names, "y": names, "z": listed(real, 3), "coloraxis": "coloraxis",
             "hovertemplate": "%{y} · %{x}: %{z}<extra></extra>", "xgap": 1, "ygap": 1}  # fmt: skip
    data, layout = drawn([trace], heat_layout())
    choice = Choice(
        "show",
        (
            ("real", {"z": [listed(real, 3)]}),
            ("sampled", {"z": [listed(sampled, 3)]}),
            ("sampled − real", {"z": [listed(sampled - real, 3)]}),
        ),
    )
    return Figure("associations", data, layout, height=heat_height(len(names)), scheme="diverging", choice=choice)


def heat_layout(largest: float = 1.0) -> dict:
    """Of a square of columns with values in [-1, 1], at full colour from ``largest`` on."""
    bar = {"thickness": 10, "len": 0.9, "outlinewidth": 0, "tickvals": [-largest, 0, largest]}
    return {
        "coloraxis": {"cmin": -largest, "cmax": largest, "colorbar": bar},
        "xaxis": {"type": "category", "tickangle": 60, "side": "bottom"},
        "yaxis": {"type": "category", "autorange": "reversed"},
        "margin": {"t": 8, "b": 8, "l": 8, "r": 8},
    }


def heat_height(columns: int) -> int:
    """Pixels of a square heat map with its labels."""
    return int(np.clip(140 + 24 * columns, 280, 820))


def worst(columns: tuple[Column, ...], real: np.ndarray, sampled: np.ndarray, most: int = 10) -> Table:
    """The pairs that drawn rows get most wrong."""
    pairs = [
        (abs(sampled[i, j] - real[i, j]), i, j)
        for i in range(len(columns))
        for j in range(i)
        if np.isfinite(sampled[i, j] - real[i, j])
    ]
    pairs = sorted(pairs, reverse=True)[:most]
    rows = tuple(
        (f"{columns[j].name} · {columns[i].name}", number(real[i, j], 2), number(sampled[i, j], 2)) for _, i, j in pairs
    )
    involved = tuple((columns[j].name, columns[i].name) for _, i, j in pairs)
    return Table(("pair", "real", "sampled"), rows, caption="Pairs that differ most", columns=involved)
