"""The error of a column on a scale that is comparable between columns of different kinds."""

import numpy as np
from jaxtyping import Bool, Float, Int


def column_errors(
    truth: Float[np.ndarray, "N D"],
    predicted: Float[np.ndarray, "N D"],
    scored: Bool[np.ndarray, "N D"],
    discrete: Bool[np.ndarray, " D"],
    ranges: Float[np.ndarray, " D"],
    steps: Int[np.ndarray, " D"] | None = None,
) -> Float[np.ndarray, " D"]:
    """RMSE / range of numbers and error rate of levels, over the ``scored`` cells of each column.

    These are Eqs. (3) and (4) of Javaloy, Meghdadi and Valera (2021) with the mean inside the root: as printed, Eq. (3)
    would shrink with the number of rows, while their figures are RMSE / range.

    Args:
        truth: true values; levels as codes.
        predicted: predicted values, in the same form.
        scored: True for the cells that are compared.
        discrete: True for columns of levels.
        ranges: highest minus lowest value of every column of numbers.
        steps: the number of levels of columns whose levels have an order, 0 for other columns. The error of such a
            column is mean |truth - predicted| / levels (Nazabal et al., 2020).

    Returns:
        The error of every column. A column of numbers whose range is 0 has the error 0 where every prediction is exact
        and nan elsewhere; a column without scored cells has nan.
    """
    errors = np.full(truth.shape[1], np.nan)
    for d in range(truth.shape[1]):
        x, guess = truth[scored[:, d], d], predicted[scored[:, d], d]
        if not x.size:
            continue
        if steps is not None and steps[d]:
            errors[d] = np.mean(np.abs(x - guess)) / steps[d]
        elif discrete[d]:
            errors[d] = np.mean(x != guess)
        elif ranges[d] > 0:
            errors[d] = np.sqrt(np.mean((x - guess) ** 2)) / ranges[d]
        elif np.array_equal(x, guess):
            errors[d] = 0.0
    return errors
