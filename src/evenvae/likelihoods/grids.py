"""What the values of a column say of the grid that they stand on, and which of them many rows share."""

from collections.abc import Iterable

import numpy as np
from jaxtyping import Float, Int

SHARED = 0.02
"""A value that at least this share of the rows has is one that many rows share."""
TIMES, BESIDE = 5, 5
"""How many times the rows of the values beside it a value has, and how many values on each side are compared."""
LOST = 1e-6
"""What float32 may lose of a number, as a share of its distance from the middle of the column."""
MIN_STD = 1e-3
"""Standard deviation of the narrowest normal likelihood, as a share of the column's."""
MOST_DECIMALS = 6
DIGITS = 12
"""Significant digits to which differences of neighbouring values are told apart from rounding errors."""


def resolution(values: Float[np.ndarray, " rows"]) -> float:
    """The smallest distance of two different values, 1 where there are none: a density times it is a probability."""
    distinct = np.unique(values)
    if len(distinct) < 2:
        return 1.0
    steps = np.diff(distinct)
    steps = steps[steps > np.abs(distinct).max() * 10.0**-DIGITS]
    return float(f"{steps.min():.6g}") if steps.size else 1.0


def decimals_of(values: Float[np.ndarray, " rows"]) -> int | None:
    """How many decimals hold every value exactly; None where more than six are needed."""
    some = np.unique(values)[:20_000]
    for decimals in range(MOST_DECIMALS + 1):
        if (some == np.round(some, decimals)).all():
            return decimals
    return None


def grid_of(values: Float[np.ndarray, " rows"]) -> float:
    """The step of the decimals that hold every value; the smallest distance of two where no decimals do."""
    decimals = decimals_of(values)
    return resolution(values) if decimals is None else 10.0**-decimals


def width_of(values: Float[np.ndarray, " rows"]) -> float:
    """The width of one value, by which its probability is divided to compare it with a density.

    It is the step of the decimals that hold every value. Where no decimals do, it is that of the narrowest normal
    likelihood: a value that is certain then has the density that the normal likelihood of a certain value has.
    """
    decimals = decimals_of(values)
    if decimals is not None:
        return 10.0**-decimals
    return max(resolution(values), (2 * np.pi) ** 0.5 * MIN_STD * float(values.std()))


def shared_values(values: Float[np.ndarray, " rows"], most: int) -> Float[np.ndarray, " shared"]:
    """The values that at least `SHARED` of the rows have, in order; the commonest where there are more than ``most``.

    Values that are only as frequent as the grid makes them are not meant: one counts where it has at least `TIMES` the
    rows that the values beside it have in the mean.
    """
    distinct, counts = np.unique(values, return_counts=True)
    if len(distinct) <= 1:
        return distinct[:0]
    common = (counts >= max(SHARED * len(values), 2)) & (counts >= TIMES * _around(counts))
    kept = np.flatnonzero(common)
    kept = kept[np.argsort(-counts[kept], kind="stable")][:most]
    return np.sort(distinct[kept])


def _around(counts: Int[np.ndarray, " distinct"]) -> Float[np.ndarray, " distinct"]:
    """Mean count of the values beside each value."""
    sums = np.concatenate([[0], np.cumsum(counts)])
    place = np.arange(len(counts))
    first, last = np.maximum(place - BESIDE, 0), np.minimum(place + BESIDE + 1, len(counts))
    return (sums[last] - sums[first] - counts) / np.maximum(last - first - 1, 1)


def restored(
    values: Float[np.ndarray, "... columns"],
    known: Iterable[Float[np.ndarray, "..."]],
    shift: Float[np.ndarray, " columns"],
    unit: Float[np.ndarray, " columns"],
) -> Float[np.ndarray, "... columns"]:
    """Values that are within what float32 loses of a ``known`` value become it to the last digit.

    9.3999996 becomes 9.4: a classifier could tell the two apart.

    Args:
        values: on the raw scale, computed in float32 as shift + unit * value.
        known: values of each column, in any order and shape.
        shift, unit: of each column.
    """
    columns = []
    for x, own, center, width in zip(np.moveaxis(values, -1, 0), known, shift, unit, strict=True):
        distinct = np.unique(own)
        distinct = np.resize(distinct, max(2, len(distinct)))
        after = np.clip(np.searchsorted(distinct, x), 1, len(distinct) - 1)
        nearest = np.where(x - distinct[after - 1] < distinct[after] - x, distinct[after - 1], distinct[after])
        near = np.abs(nearest - x) <= LOST * np.maximum(np.abs(x - center), width)
        columns.append(np.where(near, nearest, x))
    return np.stack(columns, axis=-1)
