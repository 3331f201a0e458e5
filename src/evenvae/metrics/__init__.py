"""Measures of how good a model is; what it tells about its training rows is in `evenvae.metrics.privacy`."""

from evenvae.metrics.dependence import Probe, RateParts, probe, rate_parts
from evenvae.metrics.imputation import hide
from evenvae.metrics.latent import active_units, marginal_kl, moment_bound, rate, row_rates, squared_error
from evenvae.metrics.pooling import Pooled, pool
from evenvae.metrics.reconstruction import column_errors
from evenvae.metrics.significance import corrected_paired_t_test, holm

__all__ = [
    "Pooled",
    "Probe",
    "RateParts",
    "active_units",
    "column_errors",
    "corrected_paired_t_test",
    "hide",
    "holm",
    "marginal_kl",
    "moment_bound",
    "pool",
    "probe",
    "rate",
    "rate_parts",
    "row_rates",
    "squared_error",
]
