"""Are two methods different, over matched runs?"""

import numpy as np
from jaxtyping import Float
from scipy import stats


def corrected_paired_t_test(
    differences: Float[np.ndarray, " J"], test_over_train: float = 2 / 7
) -> tuple[float, float]:
    """``(t, p)`` of the corrected paired t-test of Nadeau and Bengio (2003), two-sided.

    t = mean / sqrt((1/J + n_test/n_train) s^2) with J - 1 degrees of freedom: runs on overlapping training
    sets are not independent, which the plain test ignores. Without spread p is 1 for a zero mean and 0 else.
    """
    differences = np.asarray(differences, float)
    runs = differences.size
    mean, variance = differences.mean(), differences.var(ddof=1)
    if variance == 0:
        return (0.0, 1.0) if mean == 0 else (float(np.sign(mean) * np.inf), 0.0)
    t = mean / np.sqrt((1 / runs + test_over_train) * variance)
    return float(t), float(2 * stats.t.sf(abs(t), runs - 1))
