"""A whole number that is made of digits of another one: quotient, remainder, or both."""

import numpy as np
from jaxtyping import Bool, Float

from evenvae.tables.formulas import spelled_constant
from evenvae.tables.relations.round_numbers import roundest
from evenvae.tables.relations.sample import Sample
from evenvae.tables.relations.seen import Seen, beyond_chance, both

FEWEST_VALUES = 3
LARGEST_WHOLE = 2.0**53
"""Whole numbers below this are exact."""
COMMON = (10, 100, 1000, 60, 24, 12, 7, 3600, 86_400, 1440, 365, 10_000, 100_000, 1_000_000)
"""Divisors that people use; they are preferred to rounder ones."""
BEFORE = (10, 100, 1000, 10_000, 1_000_000, 60)
"""Divisors before a remainder, as in ``date // 100 % 100``."""


def possible(sample: Sample, target: int) -> Bool[np.ndarray, " D"]:
    """The columns whose digits a column may hold, as far as a few rows show: it is never the larger one."""
    if sample.kinds[target] != "number":
        return np.zeros(len(sample.kinds), bool)
    return ~(sample.cells[target] > sample.cells).any(axis=1) & sample.of_kind("number")


def find(target: Seen, source: Seen) -> str | None:
    """A formula such as ``time // 100``, ``time % 100`` or ``date // 100 % 100``."""
    rows = both(target, source) if target.is_number and source.is_number else None
    if rows is None:
        return None
    few = rows.few
    if (source.values[few] < 0).any() or not _whole(target.values[few]):
        return None
    if len(np.unique(target.values[few])) < FEWEST_VALUES or not target.whole:
        return None
    if target.distinct[0] < 0 or source.distinct[0] < 0:
        return None
    # (formula, values) of what may be behind the target: the source and its leading digits
    for formula, divide in ((source.name, 1), *((f"{source.name} // {by}", by) for by in BEFORE)):
        if divide == 1:
            by = _divisor(source.values[few], target.values[few])
            if by is not None:
                by = _divisor(source.values[rows.all], target.values[rows.all])
            if by is not None and beyond_chance(target, rows):
                return f"{formula} // {spelled_constant(by)}"
        if not source.whole or source.distinct[-1] < divide * target.distinct[-1]:
            continue
        if _modulus(source.values[few] // divide, target.values[few]) is None:
            continue
        modulus = _modulus(source.values[rows.all] // divide, target.values[rows.all])
        if modulus is not None and beyond_chance(target, rows):
            return f"{formula} % {modulus}"
    return None


def _whole(values: Float[np.ndarray, " n"]) -> bool:
    return bool(((values >= 0) & (values == np.round(values))).all())


def _divisor(x: Float[np.ndarray, " n"], y: Float[np.ndarray, " n"]) -> float | None:
    """The c with x // c = y in every row; None where there is none, or where y is x itself."""
    low = float((x / (y + 1)).max())
    with np.errstate(divide="ignore", invalid="ignore"):
        high = float(np.where(y > 0, x / y, np.inf).min())
    if not low < high:
        return None
    by = next((float(c) for c in COMMON if low < c <= high), None) or roundest(low + 1e-3 * (high - low), high)
    if by is None or by <= 0 or (np.floor_divide(x, by) != y).any() or (x == y).all():
        return None
    return by


def _modulus(x: Float[np.ndarray, " n"], y: Float[np.ndarray, " n"]) -> int | None:
    """The c with x % c = y in every row, above all y; None where there is none."""
    if (y > x).any() or x.max() >= LARGEST_WHOLE:
        return None
    found = int(np.gcd.reduce((x - y).astype(np.int64)))
    return found if found > max(1, y.max()) and (x != y).any() else None
