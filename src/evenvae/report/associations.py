"""Section: how columns are associated, in the real rows and in drawn rows."""

import numpy as np
from jaxtyping import Float, Int
from scipy import stats

from evenvae.report.drawing import drawn
from evenvae.report.evidence import Evidence
from evenvae.report.parts import Choice, Figure, Section, Table, listed, number
from evenvae.tables import Column

COLUMNS, LEVELS, FEWEST = 40, 20, 10


def association(x: Float[np.ndarray, " N"], y: Float[np.ndarray, " N"], discrete: tuple[bool, bool]) -> float:
    """Spearman's rho of two columns of numbers, Cramer's V of two of levels, the correlation ratio of one of each.

    Rows where both are observed are used. Levels other than the 20 most frequent count as one.

    Args:
        x: numbers or codes of levels, NaN for missing cells.
        y: the same of another column.
        discrete: which of the two are levels.

    Returns:
        The association; nan where fewer than ten rows are left or one of the two columns is constant.
    """
    both = np.isfinite(x) & np.isfinite(y)
    x, y = x[both], y[both]
    if x.size < FEWEST or np.ptp(x) == 0 or np.ptp(y) == 0:
        return float("nan")
    if discrete == (True, True):
        table = counted(pooled(x), pooled(y))
        return float(stats.contingency.association(table, method="cramer")) if min(table.shape) > 1 else float("nan")
    if discrete == (False, False):
        return float(stats.spearmanr(x, y)[0])
    return correlation_ratio(*((pooled(x), y) if discrete[0] else (pooled(y), x)))


def correlation_ratio(levels: Float[np.ndarray, " N"], values: Float[np.ndarray, " N"]) -> float:
    """Square root of the share of the values' variance that lies between the levels, in [0, 1]."""
    _, codes = np.unique(levels, return_inverse=True)
    counts = np.bincount(codes)
    means = np.bincount(codes, weights=values) / counts
    between = (counts * (means - values.mean()) ** 2).sum()
    total = ((values - values.mean()) ** 2).sum()
    return float(np.sqrt(between / total)) if total > 0 else float("nan")


def counted(first: Float[np.ndarray, " N"], second: Float[np.ndarray, " N"]) -> Int[np.ndarray, "L K"]:
    """How often each pair of levels occurs: levels of the first in rows, of the second in columns."""
    rows, columns = np.unique(first, return_inverse=True), np.unique(second, return_inverse=True)
    size = columns[0].size
    pairs = np.bincount(rows[1] * size + columns[1], minlength=rows[0].size * size)
    return pairs.reshape(rows[0].size, size)


def pooled(codes: Float[np.ndarray, " N"]) -> Float[np.ndarray, " N"]:
    """The most frequent levels, and -1 for all others."""
    levels, counts = np.unique(codes, return_counts=True)
    if levels.size <= LEVELS:
        return codes
    kept = levels[np.argsort(-counts, kind="stable")[:LEVELS]]
    return np.where(np.isin(codes, kept), codes, -1)


def matrix(values: Float[np.ndarray, "N D"], columns: tuple[Column, ...]) -> Float[np.ndarray, "D D"]:
    """The associations of all pairs of columns, with 1 on the diagonal."""
    size = len(columns)
    found = np.eye(size)
    for i in range(size):
        for j in range(i):
            kinds = (columns[i].discrete, columns[j].discrete)
            found[i, j] = found[j, i] = association(values[:, i], values[:, j], kinds)
    return found


def section(evidence: Evidence) -> Section:
    """A heat map of the real rows, the drawn rows or their difference; and the pairs that differ most."""
    columns = evidence.columns[:COLUMNS]
    real = matrix(evidence.values[:, :COLUMNS], columns)
    sampled = matrix(evidence.sampled[:, :COLUMNS], columns)
    gap = sampled - real
    pairs = np.abs(gap[np.triu_indices(len(columns), 1)])
    known = pairs[np.isfinite(pairs)]
    mean, most = (number(float(f(known)), 2) if known.size else "" for f in (np.mean, np.max))
    lead = (
        "Are columns as strongly associated in drawn rows as in real ones? Spearman's rho between numbers, Cramér's V "
        "between levels, the correlation ratio between levels and numbers. "
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
        "How columns are associated",
        lead,
        (heat(columns, real, sampled), worst(columns, real, sampled)),
        notes,
    )


def heat(columns: tuple[Column, ...], real: np.ndarray, sampled: np.ndarray) -> Figure:
    """One heat map with a selector."""
    names = [column.name for column in columns]
    data, layout = heat_data(names, real)
    choice = Choice(
        "show",
        (
            ("real", {"z": [listed(real, 3)]}),
            ("sampled", {"z": [listed(sampled, 3)]}),
            ("sampled − real", {"z": [listed(sampled - real, 3)]}),
        ),
    )
    return Figure("associations", data, layout, height=heat_height(len(names)), choice=choice)


def heat_data(names: list[str], values: Float[np.ndarray, "D D"]) -> tuple[list[dict], dict]:
    """The traces and layout of a heat map of pairs of columns."""
    return drawn([{"type": "heatmap", "x": names, "y": names, "z": listed(values, 3)}], heat_layout())


def heat_layout(largest: float = 1.0) -> dict:
    """The layout of a heat map of pairs of columns; values of at least ``largest`` have the full colour."""
    return {"coloraxis": {"cmax": largest}, "xaxis": {"type": "category"}, "yaxis": {"type": "category"}}


def heat_height(columns: int) -> int:
    """Height of a heat map of pairs of ``columns`` with its labels, in pixels."""
    return int(np.clip(140 + 24 * columns, 280, 820))


def worst(columns: tuple[Column, ...], real: np.ndarray, sampled: np.ndarray, most: int = 10) -> Table:
    """The pairs whose association differs most between real and drawn rows."""
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
