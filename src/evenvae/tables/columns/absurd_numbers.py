"""Numbers that cannot stand beside the others of their column: above 1e38, or a million ranges away."""

import numpy as np
from jaxtyping import Bool, Float

from evenvae.tables.columns.fields import ColumnFields

LARGEST = 1e38
"""Numbers of a larger size count as missing: the model computes in float32, which ends there."""
FARTHEST = 1e6
"""A number that is farther outside the others than so many times their range counts as missing. Beside it the others
would look equal, and nothing could be learned from them.
"""
FEW, SHARE = 3, 0.01
"""How many of a column's numbers may be so far outside the others: one in ten, and at most 3 or one in a hundred."""


def is_absurd(values: Float[np.ndarray, " rows"], column: ColumnFields) -> Bool[np.ndarray, " rows"]:
    """Which numbers cannot stand beside those of the column: larger than `LARGEST`, or `FARTHEST` ranges outside."""
    with np.errstate(invalid="ignore"):
        absurd = np.abs(values) > LARGEST
        if column.low is not None and column.high is not None:
            low, high = float(column.low), float(column.high)
            # the range of a column of one value is its size
            reach = FARTHEST * ((high - low) or max(abs(high), 1.0))
            absurd |= (values < low - reach) | (values > high + reach)
    return absurd


def without_absurd(values: Float[np.ndarray, " observed"]) -> Float[np.ndarray, " kept"]:
    """The numbers of a training table without the few that are far outside the others.

    A gap in the distances from the median tells the two apart: the distance of the nearest far number is more than
    3 `FARTHEST` times that of all others, so that it is `FARTHEST` ranges of the others away from them.
    """
    values = values[np.abs(values) <= LARGEST]
    few = min(len(values) // 10, max(FEW, int(SHARE * len(values))))
    if not few:
        return values
    median = np.median(values)
    distance = np.abs(values - median)
    ordered = np.sort(distance)
    near, far = ordered[-few - 1 : -1], ordered[-few:]
    # others that differ by rounding errors alone have no range
    gaps = np.flatnonzero((far > 3 * FARTHEST * near) & (near > 1e-12 * abs(median)))
    return values[distance <= near[gaps[0]]] if len(gaps) else values
