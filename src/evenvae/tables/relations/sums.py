"""A number that is the sum or the difference of others; a span of time between two dates."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from evenvae.tables.relations.seen import ENOUGH, SAMPLE, Seen, both, spread

MOST_TERMS = 8
FEW = 24
MOST_COMPLETE = 0.9
"""Sums of many columns are looked for among those of which so large a share of the cells is observed."""
TINY = 1e-12


def find(target: Seen, sources: Sequence[Seen]) -> str | None:
    """A formula such as ``a + b`` or ``a - b``; of several, that of the columns that stand first."""
    numbers = [source for source in sources if source.is_number] if target.is_number else []
    times = [source for source in sources if source.cells.kind == "time"] if target.cells.kind == "span" else []
    return _pair(target, numbers, (1, -1)) or _pair(target, times, (-1,))


def _pair(target: Seen, sources: Sequence[Seen], signs: Sequence[int]) -> str | None:
    """The sum or the difference of two columns."""
    if len(sources) < 2 or not target.observed.any():
        return None
    # first rows without the commonest value: where nearly all cells are 0, any two of such columns add up to it
    rare = np.flatnonzero(target.observed & (target.codes != target.commonest))
    few = np.concatenate([spread(rare, FEW), spread(np.flatnonzero(target.observed), FEW)])
    cells = np.array([source.values[few] for source in sources])
    for sign in signs:
        for first, last in _candidates(cells, sign, target.values[few], target.half):
            if _holds(target, [sources[first], sources[last]], [1, sign]):
                return f"{sources[first].name} {'+' if sign == 1 else '-'} {sources[last].name}"
    return None


def _candidates(
    cells: Float[np.ndarray, "D few"], sign: int, own: Float[np.ndarray, " few"], half: float
) -> list[tuple[int, int]]:
    """The pairs of columns whose sum or difference is right in a few rows; a missing cell contradicts nothing."""
    first, last = np.triu_indices(len(cells), 1) if sign == 1 else np.nonzero(~np.eye(len(cells), dtype=bool))
    for row, wanted in enumerate(own):
        kept = ~(np.abs(cells[first, row] + sign * cells[last, row] - wanted) > half)
        first, last = first[kept], last[kept]
    seen = (~np.isnan(cells[first] + cells[last])).any(axis=1)
    return list(zip(first[seen].tolist(), last[seen].tolist(), strict=True))


def find_many(targets: Sequence[Seen]) -> list[tuple[Seen, str]]:
    """The columns that are sums of three others or more, some of them with a minus, and their formulas.

    The least squares of every column on all others are read off the inverse of one Gram matrix (Lauritzen, 1996,
    section 5.1.3): the coefficient of column j for column t is -P_tj / P_tt.
    """
    complete = [one for one in targets if one.is_number and one.observed.mean() > MOST_COMPLETE]
    if len(complete) < 4:
        return []
    places = np.flatnonzero(np.logical_and.reduce([one.observed for one in complete]))
    if len(places) < 4 * len(complete):
        return []
    places = spread(places, SAMPLE + 4 * len(complete))
    cells = np.array([one.values[places] for one in complete])
    scale = np.maximum(np.abs(cells).max(axis=1), np.finfo(float).tiny)
    gram = (cells / scale[:, None]) @ (cells / scale[:, None]).T / len(places)
    if not np.isfinite(gram).all():
        return []
    inverse = np.linalg.inv(gram + TINY * np.eye(len(complete)))
    found = []
    for place, target in enumerate(complete):
        factors = -inverse[place] / inverse[place, place] * scale[place] / scale
        factors[place] = 0
        formula = _many(target, complete, factors)
        if formula:
            found.append((target, formula))
    return found


def _many(target: Seen, sources: Sequence[Seen], factors: Float[np.ndarray, " sources"]) -> str | None:
    if not np.isfinite(factors).all():
        return None
    signs = np.round(factors)
    terms = np.flatnonzero(signs).tolist()
    if not 3 <= len(terms) <= MOST_TERMS or np.abs(signs).max() > 1 or np.abs(factors - signs).max() > 0.02:
        return None
    order = sorted(terms, key=lambda i: (-signs[i], sources[i].rank))
    if signs[order[0]] < 0 or not _holds(target, [sources[i] for i in order], [int(signs[i]) for i in order]):
        return None
    return " ".join(f"{'+' if signs[i] > 0 else '-'} {sources[i].name}" for i in order).removeprefix("+ ")


def _holds(target: Seen, sources: Sequence[Seen], signs: Sequence[int]) -> bool:
    """Whether the sum holds in all rows, and every term is needed in more of them than chance explains."""
    rows = both(target, *sources)
    if rows is None:
        return False
    terms = [sign * source.values[rows.all] for sign, source in zip(signs, sources, strict=True)]
    total = np.sum(terms, axis=0)
    if (np.abs(total - target.values[rows.all]) > max(target.half * 1e-3, 1e-9)).any():
        return False
    return all(_surprise(target.values[rows.all] - (total - term)) > ENOUGH for term in terms)


def _surprise(values: Float[np.ndarray, " n"]) -> float:
    """The surprise of all of these values together, in nats."""
    counts = np.unique(np.round(values, 9), return_counts=True)[1]
    return float(-(counts * np.log(counts / counts.sum())).sum())
