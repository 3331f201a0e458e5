"""What is measured of a trained run on rows that it did not learn from."""

from typing import Any

import numpy as np

from evenvae import metrics
from evenvae.estimator import EvenVAE
from evenvae.metrics import column_errors
from evenvae.tables import Encoded

HIDDEN = 0.2
"""Share of the observed cells that are hidden to see how well they are found again."""
SAMPLES = 50
"""Importance samples of the likelihood."""


def measure_rows(model: EvenVAE, rows: Encoded, seed: int) -> dict[str, Any]:
    """``columns``: name to one value a column; ``means``: name to one value. JSON-able.

    Of columns: ``error``, ``error_by_mean`` and ``error_by_mode`` (reconstruction by the typical value, the mean and
    the mode), ``baseline`` (the column's mean or most frequent level), ``hidden_error`` (all: RMSE / range of numbers,
    error rate of levels), and ``log_likelihood`` (nats a cell, raw scale). The means are those over columns;
    ``worst`` is the largest error over baseline and ``log_likelihood`` is in nats a row, importance sampled.
    """
    truth, observed = rows.values, rows.observed
    space = model.space_
    cells = space.cells(truth, observed)
    ranges, nominal = space.high - space.low, space.layout.nominal
    errors = lambda predicted, scored: column_errors(truth, predicted, scored, nominal, ranges)
    columns = {
        name: errors(model._reconstructed(cells, observed, statistic), observed)
        for name, statistic in (("error", "typical"), ("error_by_mean", "mean"), ("error_by_mode", "mode"))
    }
    columns["baseline"] = errors(np.broadcast_to(space.baseline, truth.shape), observed)
    hidden = metrics.hide(observed, HIDDEN, np.random.default_rng([seed, 5]))
    seen = observed & ~hidden
    columns["hidden_error"] = errors(model._reconstructed(space.cells(truth, seen), seen, "typical"), hidden)
    likelihood = model._log_likelihood(cells, observed, SAMPLES)
    means = {name: _mean(values) for name, values in columns.items()}
    columns["log_likelihood"] = likelihood["columns"].sum(axis=0) / np.maximum(observed.sum(axis=0), 1)
    known = columns["baseline"] > 0
    means["worst"] = float(np.nanmax(columns["error"][known] / columns["baseline"][known], initial=0.0))
    means["log_likelihood"] = float(likelihood["total"].mean())
    return {"columns": {name: np.asarray(values, float).tolist() for name, values in columns.items()}, "means": means}


def _mean(values: np.ndarray) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else float("nan")
