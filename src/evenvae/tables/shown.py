"""Encoded cells as texts for people."""

import dataclasses

import numpy as np
from jaxtyping import Float

from evenvae.tables.schema.column import Column


def shown(value: float, column: Column) -> str:
    """A cell as text, as the table writes it."""
    return all_shown(np.array([value], float), column)[0]


def all_shown(values: Float[np.ndarray, " n"], column: Column) -> list[str]:
    """Cells as texts, as the table writes them; each different one is decoded once."""
    different, places = np.unique(values[np.isfinite(values)], return_inverse=True)
    # decoding clips values to the training table's bounds; here they are shown as they are
    cells = dataclasses.replace(column, low=None, high=None).decode(different) if different.size else []
    if column.is_datetime:
        texts = [str(cell)[:10] for cell in cells]
    else:
        texts = [_number(cell) if isinstance(cell, float) else str(cell) for cell in cells]
    found = ["missing"] * len(values)
    for row, place in zip(np.flatnonzero(np.isfinite(values)), places, strict=True):
        found[row] = texts[place]
    return found


def _number(cell: float) -> str:
    """Five significant digits, or all that are before the point where people still read them."""
    return f"{cell:.0f}" if 1e5 <= abs(cell) < 1e9 else f"{cell:.5g}"


def values_of(column: Column) -> str:
    """The values that a column may have, in a few words: ``18 to 90``, ``3 levels``; empty where nothing is known."""
    if column.discrete:
        return f"{column.cardinality} levels"
    if column.low is None or column.high is None:
        return ""
    return f"{shown(column.low, column)} to {shown(column.high, column)}"
