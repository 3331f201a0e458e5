"""Rubin's rules: one result from the analyses of several completed tables."""

from numbers import Real
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from evenvae.part import check_number, check_positive

Figures = Float[np.ndarray, " *P"] | float
"""One number for every figure of an analysis."""


class Pooled(NamedTuple):
    """The pooled result of M analyses, for each of P figures; every field is a scalar where a single figure was given.

    ``estimate`` is the mean of the estimates. Its variance is ``total`` = ``within`` + (1 + 1/M) ``between``.
    ``within`` is the mean of the analyses' own variances; ``between`` is the variance of their estimates, which arises
    because cells are missing. ``low`` and ``high`` bound the interval of ``confidence`` by Student's t distribution
    with ``degrees_of_freedom``. ``relative_increase`` is the variance that the missing cells added, relative to
    ``within``. ``missing_information`` is the share of the information about the figure that was lost with them.
    """

    estimate: Figures
    within: Figures
    between: Figures
    total: Figures
    degrees_of_freedom: Figures
    low: Figures
    high: Figures
    relative_increase: Figures
    missing_information: Figures
    confidence: float

    @property
    def standard_error(self) -> Figures:
        """Square root of the total variance."""
        return np.sqrt(self.total)


def pool(
    estimates: ArrayLike,
    variances: ArrayLike,
    complete_degrees_of_freedom: float | None = None,
    confidence: float = 0.95,
) -> Pooled:
    """Pool the figures that one analysis gave on each of M completed tables (Rubin, 1987, chapter 3).

    Args:
        estimates: (M, ...), for every completed table one figure or P of them, such as a regression's coefficients.
        variances: (M, ...) the squared standard errors of the estimates, in the same shape.
        complete_degrees_of_freedom: degrees of freedom that the analysis would have without missing cells, such as
            rows minus coefficients. The small-sample rule of Barnard and Rubin (1999) then limits the degrees of
            freedom of the result. None is for large tables.
        confidence: of the interval.

    Raises:
        ValueError: fewer than two completed tables, shapes that differ, a negative variance, or options out of range.
    """
    from scipy import stats

    estimates, variances = np.asarray(estimates, float), np.asarray(variances, float)
    if estimates.shape != variances.shape or estimates.ndim < 1:
        raise ValueError(f"estimates {estimates.shape} and variances {variances.shape} must be of one shape, (M, ...)")
    draws = len(estimates)
    if draws < 2:
        raise ValueError("pooling needs at least 2 completed tables, as impute(draws=2) gives them")
    if not (np.isfinite(estimates).all() and np.isfinite(variances).all() and (variances >= 0).all()):
        raise ValueError("estimates must be finite, variances finite and at least 0")
    confident = np.nan if confidence is None else confidence
    check_number("confidence", confident, Real, 5e-324, 1 - 2**-53, "a number between 0 and 1")
    check_positive("complete_degrees_of_freedom", complete_degrees_of_freedom)
    complete = np.inf if complete_degrees_of_freedom is None else float(complete_degrees_of_freedom)
    estimate, within, between = estimates.mean(0), variances.mean(0), estimates.var(0, ddof=1)
    added = (1 + 1 / draws) * between
    total = within + added
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(total > 0, added / total, 0.0)
        increase = np.where(added > 0, added / within, 0.0)
        of_draws = (draws - 1) / share**2
        observed = np.inf if np.isinf(complete) else complete * (complete + 1) / (complete + 3) * (1 - share)
        freedom = 1 / (1 / of_draws + 1 / observed)
        missing = np.where(np.isinf(increase), 1.0, (increase + 2 / (freedom + 3)) / (increase + 1))
    # where the tables agree, no information is missing
    missing = np.where(added > 0, missing, 0.0)
    reach = stats.t.ppf(0.5 + confidence / 2, freedom) * np.sqrt(total)
    return Pooled(
        estimate, within, between, total, freedom, estimate - reach, estimate + reach, increase, missing, confidence
    )
