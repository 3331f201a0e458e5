"""How often levels occur in columns, and by what their logits are to move so that they occur as often as wanted."""

import numpy as np
from jaxtyping import Float, Int, Shaped

FEW = 10.0
"""Rows that every level counts in addition where two frequencies are compared, so that chance moves no rare level."""


def level_counts(x: Shaped[np.ndarray, "rows *columns"], levels: int) -> Int[np.ndarray, "columns levels"]:
    """Number of rows for every column and level; ``x`` holds codes, or a code and a place from 0 to 1 behind it."""
    codes = np.asarray(x).astype(np.int64).reshape(len(x), -1)
    return np.stack([np.bincount(column, minlength=levels) for column in codes.T])


def log_ratio(
    wanted: Shaped[np.ndarray, "rows columns"], drawn: Shaped[np.ndarray, "draws columns"], levels: int
) -> Float[np.ndarray, "columns levels"]:
    """Logarithm of each level's frequency among the wanted cells over that among the drawn ones."""
    among_drawn = level_counts(drawn, levels) * (len(wanted) / len(drawn))
    return np.log((level_counts(wanted, levels) + FEW) / (among_drawn + FEW))
