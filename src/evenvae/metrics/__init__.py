"""Figures that say how good a model is."""

from evenvae.metrics.dependence import Probe, RateParts, probe, rate_parts
from evenvae.metrics.imputation import hide
from evenvae.metrics.reconstruction import column_errors
from evenvae.metrics.significance import corrected_paired_t_test

__all__ = ["Probe", "RateParts", "column_errors", "corrected_paired_t_test", "hide", "probe", "rate_parts"]
