"""Observed cells that are hidden on purpose, so that their imputations can be compared with the truth."""

from numbers import Real

import numpy as np
from jaxtyping import Bool

from evenvae.part import check_number


def hide(observed: Bool[np.ndarray, "N D"], share: float, generator: np.random.Generator) -> Bool[np.ndarray, "N D"]:
    """Choose cells to hide, completely at random among the observed cells; no row loses its last observed cell.

    Args:
        observed: True for observed cells.
        share: of the observed cells to hide, at least 0 and below 1.
        generator: of the draws.

    Returns:
        True for the cells to hide.

    Raises:
        InputError: ``share`` is outside [0, 1).
    """
    check_number("share", np.nan if share is None else share, Real, 0, 1 - 2**-53, "at least 0 and below 1")
    draws = generator.random(observed.shape)
    hidden = observed & (draws < share)
    emptied = observed.any(axis=1) & ~(observed & ~hidden).any(axis=1)
    # a row that would be empty keeps the cell with the largest draw
    keep = np.where(observed, draws, -1).argmax(axis=1)
    hidden[np.flatnonzero(emptied), keep[emptied]] = False
    return hidden
