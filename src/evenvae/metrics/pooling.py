"""One answer from several completed tables: Rubin's rules."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy import stats


class Pooled(NamedTuple):
    """What M analyses say together, for each of P figures; scalars where a single figure was given.

    ``estimate`` is the mean of the estimates. ``total`` = ``within`` + (1 + 1/M) ``between`` is its variance: the
    mean of the analyses' own variances, and the spread of their estimates, which is there because cells are missing.
    ``low`` and ``high`` bound the interval of ``confidence`` by Student's t with ``degrees_of_freedom``.
    ``relative_increase`` is what the missing cells added to the variance, relative to ``within``;
    ``missing_information`` the share of the information about the figure that went with them.
    """

    estimate: Float[np.ndarray, " *P"]
    within: Float[np.ndarray, " *P"]
    between: Float[np.ndarray, " *P"]
    total: Float[np.ndarray, " *P"]
    degrees_of_freedom: Float[np.ndarray, " *P"]
    low: Float[np.ndarray, " *P"]
    high: Float[np.ndarray, " *P"]
    relative_increase: Float[np.ndarray, " *P"]
    missing_information: Float[np.ndarray, " *P"]
    confidence: float

    @property
    def standard_error(self) -> Float[np.ndarray, " *P"]:
        """Root of the total variance."""
        return np.sqrt(self.total)


def pool(
    estimates: Float[np.ndarray, "M *P"],
    variances: Float[np.ndarray, "M *P"],
    complete_degrees_of_freedom: float | None = None,
    confidence: float = 0.95,
) -> Pooled:
    """Pool the figures that one analysis gave on each of M completed tables (Rubin, 1987, chapter 3).

    Args:
        estimates: a figure, or P of them (such as a regression's coefficients), for every completed table.
        variances: their squared standard errors, as the analysis gives them.
        complete_degrees_of_freedom: those the analysis had without holes, as rows minus coefficients; the small-sample
            rule of Barnard and Rubin (1999) then bounds the answer's. None is for large tables.
        confidence: of the interval.

    Raises:
        ValueError: fewer than two completed tables, shapes that differ, a negative variance, or options out of range.
    """
    estimates, variances = np.asarray(estimates, float), np.asarray(variances, float)
    if estimates.shape != variances.shape or estimates.ndim < 1:
        raise ValueError(f"estimates {estimates.shape} and variances {variances.shape} must be of one shape, (M, ...)")
    draws = len(estimates)
    if draws < 2:
        raise ValueError("pooling needs at least 2 completed tables, as impute(draws=2) gives them")
    if not (np.isfinite(estimates).all() and np.isfinite(variances).all() and (variances >= 0).all()):
        raise ValueError("estimates must be finite, variances finite and at least 0")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence={confidence} must lie between 0 and 1")
    complete = np.inf if complete_degrees_of_freedom is None else float(complete_degrees_of_freedom)
    if not complete > 0:
        raise ValueError(f"complete_degrees_of_freedom={complete} must be positive")
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
    # without any spread between the tables nothing is missing
    missing = np.where(added > 0, missing, 0.0)
    reach = stats.t.ppf(0.5 + confidence / 2, freedom) * np.sqrt(total)
    return Pooled(
        estimate, within, between, total, freedom, estimate - reach, estimate + reach, increase, missing, confidence
    )
