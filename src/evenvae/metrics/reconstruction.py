"""Error of a column, comparable over columns of different kinds."""

import numpy as np
from jaxtyping import Bool, Float, Int


def column_errors(
    truth: Float[np.ndarray, "N D"],
    predicted: Float[np.ndarray, "N D"],
    scored: Bool[np.ndarray, "N D"],
    nominal: Bool[np.ndarray, " D"],
    ranges: Float[np.ndarray, " D"],
    steps: Int[np.ndarray, " D"] | None = None,
) -> Float[np.ndarray, " D"]:
    """RMSE / range of numbers, error rate of levels, over the ``scored`` cells of each column.

    Levels with an order, of which ``steps`` gives the number (0 for other columns), count by how far off they are:
    mean |x - guess| / levels (Nazabal et al., 2020).

    Javaloy, Meghdadi and Valera (2021), Eqs. (3) and (4), with the mean inside the root: as printed, Eq. (3)
    would shrink with the number of rows, and their figures are RMSE / range. A column without range counts 0
    where every prediction is exact and nan elsewhere; one without scored cells is nan.
    """
    errors = np.full(truth.shape[1], np.nan)
    for d in range(truth.shape[1]):
        x, guess = truth[scored[:, d], d], predicted[scored[:, d], d]
        if not x.size:
            continue
        if steps is not None and steps[d]:
            errors[d] = np.mean(np.abs(x - guess)) / steps[d]
        elif nominal[d]:
            errors[d] = np.mean(x != guess)
        elif ranges[d] > 0:
            errors[d] = np.sqrt(np.mean((x - guess) ** 2)) / ranges[d]
        elif np.array_equal(x, guess):
            errors[d] = 0.0
    return errors
