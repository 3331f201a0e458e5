"""Whether two methods differ over matched runs or rows, and what is left of that where many tests are made."""

from numbers import Real

import numpy as np
from jaxtyping import Float

from evenvae.part import check_number


def corrected_paired_t_test(
    differences: Float[np.ndarray, " J"], test_over_train: float = 2 / 7
) -> tuple[float, float]:
    """``(t, p)`` of the two-sided corrected paired t-test of Nadeau and Bengio (2003).

    t = mean / sqrt((1/J + n_test/n_train) s^2) with J - 1 degrees of freedom. The correction accounts for training sets
    that overlap, which makes runs dependent. Where all differences are equal, p is 1 if they are 0, and 0 otherwise.

    Args:
        differences: between the two methods, one for every run.
        test_over_train: number of test rows divided by the number of training rows. With 0 it is the plain paired
            t-test, as for two fitted models that are asked about the same independent rows.
    """
    from scipy import stats

    share = np.nan if test_over_train is None else test_over_train
    check_number("test_over_train", share, Real, 0, float("inf"), "a number, 0 or more")
    differences = np.asarray(differences, float)
    runs = differences.size
    mean, variance = differences.mean(), differences.var(ddof=1)
    if variance == 0:
        return (0.0, 1.0) if mean == 0 else (float(np.sign(mean) * np.inf), 0.0)
    t = mean / np.sqrt((1 / runs + test_over_train) * variance)
    return float(t), float(2 * stats.t.sf(abs(t), runs - 1))


def holm(p: Float[np.ndarray, " m"]) -> Float[np.ndarray, " m"]:
    """P-values of several tests, adjusted so that a wrong finding among all of them is no likelier than each says.

    The step-down method of Holm (1979): the smallest of m is multiplied by m, the next by m - 1, and so on; none
    becomes smaller than one before it or larger than 1. Tests without a result (nan) stay so and do not count.

    >>> holm(np.array([0.01, 0.04, np.nan, 0.03])).tolist()
    [0.03, 0.06, nan, 0.06]
    """
    p = np.asarray(p, float)
    adjusted = np.full(p.shape, np.nan)
    order = [place for place in np.argsort(p, kind="stable") if not np.isnan(p[place])]
    largest = 0.0
    for number, place in enumerate(order):
        largest = max(largest, min(1.0, (len(order) - number) * p[place]))
        adjusted[place] = largest
    return adjusted
