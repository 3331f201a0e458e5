"""Rows that count more than others: by how often they are drawn, so that nothing after the draw knows of weights.

A weighted mean over a batch would need weights in every objective, balancer, constraint, batch moment and prior, and
a few heavy rows would own the gradient of their batch. Drawn as often as they weigh, heavy rows come back in many
batches instead, and whatever is learned from batches is learned from the weighted table.
"""

import numpy as np
from jaxtyping import Bool, Float, Int

from evenvae.errors import InputError

RESOLUTION = 16
"""Times that a row of mean weight stands in the list from which constants are computed."""
BUDGET = 2**24
"""Numbers in that list."""


def checked(sample_weight: object, rows: int) -> Float[np.ndarray, " rows"] | None:
    """Weights as they are to be used, or None where all rows count the same.

    Raises:
        InputError: not one number a row, negative or not finite, or all zero.
    """
    if sample_weight is None:
        return None
    try:
        weight = np.array(sample_weight, dtype=float)
    except (TypeError, ValueError) as error:
        raise InputError(f"sample_weight holds what is no number: {error}.") from error
    if weight.shape != (rows,):
        raise InputError(f"sample_weight has shape {weight.shape}, but the table has {rows} rows; give one a row.")
    bad = ~np.isfinite(weight) | (weight < 0)
    if bad.any():
        row = int(bad.argmax())
        raise InputError(f"sample_weight is {weight[row]} in row {row}; weights must be finite and at least 0.")
    if not weight.any():
        raise InputError(
            "sample_weight is zero in every row; sample weights must contain at least one non-zero number."
        )
    return None if (weight == weight[0]).all() else weight


def present(
    sample_weight: object, rows: int
) -> tuple[Bool[np.ndarray, " rows"] | slice, Float[np.ndarray, " present"] | None]:
    """Which rows count at all, and their weights (mean 1), None where those count the same.

    Raises InputError as `checked` does.
    """
    weight = checked(sample_weight, rows)
    if weight is None:
        return slice(None), None
    there = weight > 0
    left = checked(weight[there], int(there.sum()))
    # scaled by the largest first, so that no sum overflows
    left = None if left is None else left / left.max()
    return slice(None) if there.all() else there, None if left is None else left / left.mean()


def counted(shares: Float[np.ndarray, " rows"], offset: float) -> Int[np.ndarray, " rows"]:
    """Whole numbers next below or above ``shares``, in sum the nearest to theirs (systematic sampling).

    With ``offset`` from U(0, 1), every row's number is its share in expectation.
    """
    edges = np.floor(np.cumsum(shares) + offset)
    # a sum that should be whole may be rounded to either side
    edges[-1] = np.floor(round(float(shares.sum()), 6) + offset)
    return np.diff(np.minimum(edges, edges[-1]), prepend=0.0).astype(int)


def standing(weight: Float[np.ndarray, " rows"] | None, elements: int) -> Int[np.ndarray, " repeated"] | slice:
    """Rows, repeated as they weigh, whose unweighted moments are the table's; all of them where ``weight`` is None.

    For constants alone (scales, baselines, where heads begin): every row is there once at least, because bounds and
    supports are of all rows, and weights are rounded to a sixteenth of their mean (coarser for large tables).
    """
    if weight is None:
        return slice(None)
    finer = int(np.clip(BUDGET // max(1, elements * len(weight)), 1, RESOLUTION))
    return np.repeat(np.arange(len(weight)), np.maximum(1, counted(finer * weight, 0.5)))


def resampled(
    weight: Float[np.ndarray, " rows"] | None, rows: int, generator: np.random.Generator
) -> Float[np.ndarray, " rows"]:
    """The weights of a bootstrap copy of the table: each row's own, times a draw of the exponential distribution.

    Rubin's Bayesian bootstrap (1981): as the spread of a row's multiplicity in the usual bootstrap, but no row, and so
    no level, is ever left out.
    """
    drawn = generator.exponential(size=rows) * (1.0 if weight is None else weight)
    return drawn / drawn.mean()
