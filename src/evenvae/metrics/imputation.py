"""Cells hidden on purpose, to see how well they are found again."""

import numpy as np
from jaxtyping import Bool


def hide(observed: Bool[np.ndarray, "N D"], share: float, generator: np.random.Generator) -> Bool[np.ndarray, "N D"]:
    """Cells to hide, completely at random among the observed ones; no row loses its last observed cell.

    Raises ValueError for a share outside [0, 1).
    """
    if not 0 <= share < 1:
        raise ValueError(f"share={share} must be at least 0 and below 1")
    draws = generator.random(observed.shape)
    hidden = observed & (draws < share)
    emptied = observed.any(axis=1) & ~(observed & ~hidden).any(axis=1)
    # such a row keeps the cell with the largest draw
    keep = np.where(observed, draws, -1).argmax(axis=1)
    hidden[np.flatnonzero(emptied), keep[emptied]] = False
    return hidden
