"""Sample weights: rows that count more are drawn more often, so that nothing after the draw knows of weights.

A weighted mean over a batch would need weights in every objective, balancer, constraint, batch moment and prior, and
a few heavy rows would dominate the gradient of their batch. Rows that are drawn as often as they weigh appear in many
batches instead, and whatever is learned from batches is learned from the weighted table.
"""

import numpy as np
from jaxtyping import Bool, Float, Int

from evenvae.errors import InputError

RESOLUTION = 16
"""Copies of a row of mean weight in the list of rows from which constants are computed."""
BUDGET = 2**24
"""The most numbers in that list."""


def validate(sample_weight: object, rows: int) -> Float[np.ndarray, " rows"] | None:
    """Weights as numbers, or None where all rows weigh the same.

    Raises:
        InputError: there is not one weight for every row, a weight is negative or not finite, or all are zero.
    """
    if sample_weight is None:
        return None
    try:
        weight = np.array(sample_weight, dtype=float)
    except (TypeError, ValueError) as error:
        raise InputError(f"sample_weight holds a value that is not a number: {error}.") from error
    if weight.shape != (rows,):
        raise InputError(
            f"sample_weight has shape {weight.shape}, but the table has {rows} rows; give one weight for every row."
        )
    bad = ~np.isfinite(weight) | (weight < 0)
    if bad.any():
        row = int(bad.argmax())
        raise InputError(f"sample_weight is {weight[row]} in row {row}; weights must be finite and at least 0.")
    if not weight.any():
        raise InputError(
            "sample_weight is zero in every row; sample weights must contain at least one non-zero number."
        )
    return None if (weight == weight[0]).all() else weight


def nonzero_rows(
    sample_weight: object, rows: int
) -> tuple[Bool[np.ndarray, " rows"] | slice, Float[np.ndarray, " nonzero"] | None]:
    """Which rows have a weight above 0, and the weights of those (mean 1); None where those weigh the same.

    Raises:
        InputError: as `validate`.
    """
    weight = validate(sample_weight, rows)
    if weight is None:
        return slice(None), None
    nonzero = weight > 0
    remaining = validate(weight[nonzero], int(nonzero.sum()))
    # divided by the largest first, so that no sum overflows
    remaining = None if remaining is None else remaining / remaining.max()
    return slice(None) if nonzero.all() else nonzero, None if remaining is None else remaining / remaining.mean()


def systematic_counts(shares: Float[np.ndarray, " rows"], offset: float) -> Int[np.ndarray, " rows"]:
    """Whole numbers next to the ``shares``, whose sum is the nearest to the sum of the shares (systematic sampling).

    With ``offset`` drawn from U(0, 1), the expected count of every row is its share.
    """
    edges = np.floor(np.cumsum(shares) + offset)
    # a sum that should be a whole number may be rounded to either side
    edges[-1] = np.floor(round(float(shares.sum()), 6) + offset)
    return np.diff(np.minimum(edges, edges[-1]), prepend=0.0).astype(int)


def expand_by_weight(weight: Float[np.ndarray, " rows"] | None, elements: int) -> Int[np.ndarray, " repeated"] | slice:
    """Row numbers, each repeated as it weighs, whose unweighted moments are those of the weighted table.

    It serves for constants alone (scales, baselines, the first biases of the heads). Every row appears at least once,
    because bounds and supports belong to all rows; weights are rounded to a sixteenth of their mean, coarser for large
    tables. ``weight`` None gives all rows once; ``elements`` are the numbers that a row holds.
    """
    if weight is None:
        return slice(None)
    resolution = int(np.clip(BUDGET // max(1, elements * len(weight)), 1, RESOLUTION))
    return np.repeat(np.arange(len(weight)), np.maximum(1, systematic_counts(resolution * weight, 0.5)))


def bootstrap_weights(
    weight: Float[np.ndarray, " rows"] | None, rows: int, generator: np.random.Generator
) -> Float[np.ndarray, " rows"]:
    """The weights of a bootstrap copy of the table: each row's own weight times a draw of the exponential distribution.

    This is the Bayesian bootstrap (Rubin, 1981). The weights spread as the multiplicities of the usual bootstrap do,
    but no row, and so no level of a column, is ever left out.
    """
    drawn = generator.exponential(size=rows) * (1.0 if weight is None else weight)
    return drawn / drawn.mean()
