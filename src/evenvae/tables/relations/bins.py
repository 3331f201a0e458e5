"""A level that says in which range a number lies."""

import numpy as np
from jaxtyping import Bool, Float

from evenvae.tables.formulas import spelled_constant
from evenvae.tables.relations.lookups import FEWEST_ROWS, value_of
from evenvae.tables.relations.round_numbers import roundest
from evenvae.tables.relations.sample import Sample
from evenvae.tables.relations.seen import Seen, beyond_chance, both

MOST_BINS = 20
FEWEST_IN_BIN = 5
WIDEST_GAP = 2.0
"""At an edge, the next two numbers may be so many times farther apart than any of the numbers around them are."""
DEEPEST_VALLEY = 0.2
"""Around an edge, rows may be so much rarer than they are somewhere on both sides of it. Two groups far apart are no
bins of one number."""
DEEPEST_ON_GRID = 0.1
"""The same for numbers that repeat, of which some are frequent and others rare."""
OFTEN = 20
"""Numbers repeat where there are so many times more rows than distinct numbers."""
AROUND = 5
"""Distinct numbers on each side of an edge that are looked at."""


def possible(sample: Sample, target: int) -> Bool[np.ndarray, " D"]:
    """The columns of numbers in whose order a column hardly ever changes, as far as a few rows show."""
    return (sample.changes(target).sum(axis=1) < MOST_BINS) & sample.of_kind("number")


def find(target: Seen, source: Seen) -> str | None:
    """A formula such as ``bin(age, [18, 65], ['young', 'middle', 'old'])``."""
    fitting = source.is_number and not source.column.discrete and (target.column.discrete or target.is_number)
    rows = both(target, source) if fitting else None
    if rows is None or len(rows.all) < FEWEST_ROWS:
        return None
    few = rows.few
    order = few[np.argsort(source.values[few], kind="stable")]
    if (target.values[order][1:] != target.values[order][:-1]).sum() >= MOST_BINS:
        return None
    if not target.column.discrete and not target.whole:
        return None
    bins = len(target.distinct)
    if not 2 <= bins <= MOST_BINS or len(source.distinct) < 3 * bins:
        return None
    if (target.codes[order][1:] != target.codes[order][:-1]).sum() > bins - 1:
        return None
    places = rows.all
    places = places[np.argsort(source.values[places], kind="stable")]
    x, codes = source.values[places], target.codes[places]
    ends = np.flatnonzero(codes[1:] != codes[:-1])
    if len(ends) != bins - 1 or np.diff(np.concatenate([[0], ends + 1, [len(x)]])).min() < FEWEST_IN_BIN:
        return None
    if (x[ends] == x[ends + 1]).any() or not all(_is_edge(x, source.distinct, int(end)) for end in ends):
        return None
    if not beyond_chance(target, rows):
        return None
    edges = [_edge(float(a), float(b)) for a, b in zip(x[ends], x[ends + 1], strict=True)]
    labels = [spelled_constant(value_of(target, int(codes[i]))) for i in (*ends, len(x) - 1)]
    return f"bin({source.name}, [{', '.join(map(spelled_constant, edges))}], [{', '.join(labels)}])"


def _is_edge(x: Float[np.ndarray, " n"], distinct: Float[np.ndarray, " distinct"], end: int) -> bool:
    """Whether the sorted numbers go on from the row ``end`` to the next one as they do around it."""
    below = int(np.searchsorted(distinct, x[end]))
    gaps = np.diff(distinct[max(0, below - AROUND) : below + AROUND + 2])
    own = x[end + 1] - x[end]
    others = np.sort(gaps)[:-1] if gaps.max() == own else gaps
    if not len(others) or own > WIDEST_GAP * others.max():
        return False
    half = max(2, min(len(x) // 50, (end + 1) // 2, (len(x) - end - 1) // 2))
    widths = x[2 * half :] - x[: -2 * half] + np.median(np.diff(distinct))
    place = min(max(end - half, 0), len(widths) - 1)
    rarest = max(widths[: place + 1].min(), widths[place:].min())
    deepest = DEEPEST_ON_GRID if OFTEN * len(distinct) < len(x) else DEEPEST_VALLEY
    return bool(rarest >= deepest * widths[place])


def _edge(below: float, above: float) -> float:
    """The roundest edge between two numbers; the upper one belongs to the upper bin."""
    if above == round(above) and below == round(below) and above - below <= 1:
        return above
    found = roundest(below + 1e-3 * (above - below), above)
    return above if found is None else found
