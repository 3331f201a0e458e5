"""How near rows that a model has drawn lie to the rows that it was trained on."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from evenvae.metrics.privacy.mixed_distance import MixedDistance

CLOSE = 0.05
"""Share of the hold-out rows that counts as close to the training rows."""


class ClosestRecords(NamedTuple):
    """Distances to the closest training record, of generated rows beside those of hold-out rows.

    Attributes:
        generated_median, holdout_median: medians of the distance.
        generated_5th, holdout_5th: 5th percentiles of the distance.
        close_share: share of generated rows nearer to a training row than all but 5 % of the hold-out rows are.
            A model that learned no row by heart has 0.05; one that copies has more.
        nearer_share: see `nearer_share`.
        nearer_error: its standard error.
        copied_share: share of generated rows that equal a training row in every cell.
        holdout_copied_share: the same share of hold-out rows, which is what chance gives.
    """

    generated_median: float
    holdout_median: float
    generated_5th: float
    holdout_5th: float
    close_share: float
    nearer_share: float
    nearer_error: float
    copied_share: float
    holdout_copied_share: float


def closest_records(
    generated: Float[np.ndarray, "G D"],
    train: Float[np.ndarray, "N D"],
    holdout: Float[np.ndarray, "H D"],
    distance: MixedDistance,
) -> ClosestRecords:
    """All figures of `ClosestRecords`.

    Args:
        generated: rows drawn from the model.
        train: rows that it was trained on, in random order.
        holdout: rows of the same population that it has not seen, in random order.
        distance: between rows.
    """
    of_generated = distance.nearest(generated, train).distance
    of_holdout = distance.nearest(holdout, train).distance
    close = np.quantile(of_holdout, CLOSE)
    # of many equal distances no quantile cuts off a twentieth: ties count by the share that hold-out rows have there
    tied, below = np.mean(of_holdout == close), np.mean(of_holdout < close)
    weight = (CLOSE - below) / tied if tied else 0.0
    few = min(len(train), len(holdout))
    # where all training rows are asked, the answer is known
    of_few = of_generated if few == len(train) else distance.nearest(generated, train[:few]).distance
    nearer = _nearer(of_few, distance.nearest(generated, holdout[:few]).distance)
    return ClosestRecords(
        float(np.median(of_generated)),
        float(np.median(of_holdout)),
        float(np.quantile(of_generated, CLOSE)),
        float(close),
        float(np.mean(of_generated < close) + weight * np.mean(of_generated == close)),
        *nearer,
        copied_share(generated, train),
        copied_share(holdout, train),
    )


def nearer_share(
    generated: Float[np.ndarray, "G D"],
    train: Float[np.ndarray, "n D"],
    holdout: Float[np.ndarray, "n D"],
    distance: MixedDistance,
) -> tuple[float, float]:
    """Share of generated rows that lie nearer to a training row than to any hold-out row, and its standard error.

    There are as many training rows as hold-out rows, and a tie speaks for neither: a model that learned no row by heart
    has 0.5. The standard error is over drawn rows; which training rows and hold-out rows there are adds to it.
    """
    return _nearer(*(distance.nearest(generated, rows).distance for rows in (train, holdout)))


def _nearer(of_train: Float[np.ndarray, " G"], of_holdout: Float[np.ndarray, " G"]) -> tuple[float, float]:
    nearer = (of_train < of_holdout) + 0.5 * (of_train == of_holdout)
    return float(nearer.mean()), float(nearer.std() / np.sqrt(len(nearer)))


def copied_share(rows: Float[np.ndarray, "n D"], train: Float[np.ndarray, "N D"]) -> float:
    """Share of rows that equal a training row in every cell; two missing cells are equal."""
    return float(is_copy(rows, train).mean())


def is_copy(rows: Float[np.ndarray, "n D"], train: Float[np.ndarray, "N D"]) -> Bool[np.ndarray, " n"]:
    """Which rows equal a training row in every cell."""
    known = set(_as_bytes(train))
    return np.fromiter((row in known for row in _as_bytes(rows)), bool, len(rows))


def _as_bytes(rows: Float[np.ndarray, "n D"]) -> map:
    # one NaN and one zero, whatever their bits
    rows = np.where(np.isnan(rows), np.nan, np.asarray(rows, float) + 0.0)
    return map(bytes, np.ascontiguousarray(rows))
