"""Whole numbers that are too large for floats."""

import decimal
import math
from typing import Any

from pandas.api import types

from evenvae.tables.columns.raw_cells import RawCells

EXACT = 2.0**53
"""Beyond it, not every whole number is a float."""
LARGEST = 2.0**64
"""Beyond it, whole numbers are decoded as floats."""


def exact_bounds(raw: RawCells, low: float, high: float) -> tuple[float | int, float | int]:
    """The bounds as integers, from the cells themselves, where floats do not hold them."""
    if max(abs(low), abs(high)) < EXACT or not (types.is_integer_dtype(raw.cells.dtype) or raw.holds_numbers):
        return low, high
    # Python compares a whole number of any size with a float exactly
    inside = [cell for cell in map(_whole, raw.observed) if low <= cell <= high]
    return min(inside, default=low), max(inside, default=high)


def _whole(cell: Any) -> int | float:
    """A cell as an integer; infinite where it is no finite number."""
    number = decimal.Decimal(cell.strip()) if isinstance(cell, str) else cell
    try:
        return int(number)
    except (OverflowError, ValueError):
        return math.inf


def held(value: int, low: float | int | None, high: float | int | None) -> int:
    """A whole number inside exact bounds."""
    value = value if low is None else max(value, int(low))
    return value if high is None else min(value, int(high))
