"""How much better one column of a training row can be guessed from drawn rows than that of a hold-out row."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from evenvae.metrics.privacy.mixed_distance import MixedDistance

WORST = 1.0
"""The largest error of a guess: of a wrong level, and of a number that is a standard deviation or more away."""


class Disclosure(NamedTuple):
    """By column, how well somebody guesses the cell of a row from the other cells and from drawn rows.

    The guess is the cell of the drawn row that is nearest in the other columns, as in Anonymeter's inference attack
    (Giomi et al., 2023). Its error is 1 for a wrong level, and for a number the distance in standard deviations, at
    most 1.

    Attributes:
        train_error: mean error of the guesses for training rows; NaN where no cell is observed.
        holdout_error: the same for hold-out rows, about whom drawn rows tell only what the population is like.
        advantage: hold-out error minus training error. Above 0, the drawn rows disclose something of training rows.
        standard_error: of the advantage.
    """

    train_error: Float[np.ndarray, " D"]
    holdout_error: Float[np.ndarray, " D"]
    advantage: Float[np.ndarray, " D"]
    standard_error: Float[np.ndarray, " D"]


def disclosure(
    generated: Float[np.ndarray, "G D"],
    train: Float[np.ndarray, "N D"],
    holdout: Float[np.ndarray, "H D"],
    distance: MixedDistance,
) -> Disclosure:
    """The errors of all guesses, by column; memory is bounded as in `MixedDistance.nearest`."""
    means, variances = [], []
    for rows in (train, holdout):
        errors = np.where(np.isnan(rows), np.nan, guess_errors(rows, generated, distance))
        count = (~np.isnan(errors)).sum(axis=0)
        mean = np.where(count > 0, np.nansum(errors, axis=0) / np.maximum(count, 1), np.nan)
        spread = np.nansum((errors - mean) ** 2, axis=0) / np.maximum(count - 1, 1)
        means.append(mean)
        variances.append(np.where(count > 1, spread / np.maximum(count, 1), np.nan))
    return Disclosure(means[0], means[1], means[1] - means[0], np.sqrt(variances[0] + variances[1]))


def guess_errors(
    rows: Float[np.ndarray, "n D"], generated: Float[np.ndarray, "G D"], distance: MixedDistance
) -> Float[np.ndarray, "n D"]:
    """The error of the guess of every cell; without meaning where the cell is missing."""
    errors = np.empty(rows.shape)
    numbers, drawn_numbers = distance.numbers(rows), distance.numbers(generated)
    for part in distance.blocks(rows, len(generated)):
        whole = distance.squared(rows[part], generated)
        for column, discrete in enumerate(distance.discrete):
            others = whole - distance.of_column(rows[part], generated, column)
            guess = others.argmin(axis=1)
            if discrete:
                errors[part, column] = generated[guess, column] != rows[part, column]
            else:
                errors[part, column] = np.abs(drawn_numbers[guess, column] - numbers[part, column])
    return np.minimum(errors, WORST)
