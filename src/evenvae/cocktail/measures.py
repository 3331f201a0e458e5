"""What is measured of a trained run on the rows that its seed kept for testing."""

from typing import Any

import numpy as np

from evenvae import metrics
from evenvae.estimator import EvenVAE
from evenvae.metrics import column_errors
from evenvae.tables import Encoded

HIDDEN = 0.2
"""Share of the observed test cells that are hidden to see how well they are found again."""
MEASURES = ("error", "error_by_mean", "error_by_mode", "baseline", "hidden_error", "log_likelihood")
"""Reconstruction error by the typical value, the mean and the mode, the error of the column's mean or most frequent
level, the error on hidden cells (all: RMSE / range of numbers, error rate of levels), and the mean log-likelihood
of a cell (nats, raw scale)."""


def measure_test(model: EvenVAE, rows: Encoded, seed: int) -> dict[str, Any]:
    """``columns``: measure to one value a column; ``log_likelihood``: nats a row, importance sampled."""
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
    likelihood = model._log_likelihood(cells, observed, 50)
    columns["log_likelihood"] = likelihood["columns"].sum(axis=0) / np.maximum(observed.sum(axis=0), 1)
    return {
        "columns": {name: np.asarray(values, float).tolist() for name, values in columns.items()},
        "log_likelihood": float(likelihood["total"].mean()),
    }
