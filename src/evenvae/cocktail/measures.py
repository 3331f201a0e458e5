"""What is measured of a trained run on rows that it did not learn from."""

from typing import Any

import numpy as np

from evenvae import metrics
from evenvae.estimator import EvenVAE
from evenvae.metrics import column_errors
from evenvae.questions import SAMPLES
from evenvae.tables import Encoded

HIDDEN = 0.2
"""Share of the observed cells that are hidden to see how well they are found again."""


def measure_rows(model: EvenVAE, encoded: Encoded, groups: dict[str, np.ndarray], seed: int) -> dict[str, Any]:
    """For every group of row numbers ``columns``, name to one value a column, and ``means``, name to one value.

    Of columns: ``error``, ``error_by_mean`` and ``error_by_mode`` (reconstruction by the typical value, the mean and
    the mode), ``baseline`` (the column's mean or most frequent level), ``hidden_error`` (all: RMSE / range of numbers,
    error rate of levels), and ``log_likelihood`` (nats a cell, raw scale). The means are those over columns;
    ``worst`` is the largest error over baseline and ``log_likelihood`` is in nats a row, importance sampled.
    JSON-able.
    """
    together = np.concatenate([np.zeros(0, int), *groups.values()])
    if not together.size:
        return {}
    truth, observed = encoded.values[together], encoded.observed[together]
    space = model.space_
    cells = space.cells(truth, observed)
    hidden = metrics.hide(observed, HIDDEN, np.random.default_rng([seed, 5]))
    seen = observed & ~hidden
    guesses = {
        "error": (model._reconstructed(cells, observed, "typical"), observed),
        "error_by_mean": (model._reconstructed(cells, observed, "mean"), observed),
        "error_by_mode": (model._reconstructed(cells, observed, "mode"), observed),
        "baseline": (np.broadcast_to(space.baseline, truth.shape), observed),
        "hidden_error": (model._reconstructed(space.cells(truth, seen), seen, "typical"), hidden),
    }
    likelihood = model._log_likelihood(cells, observed, SAMPLES)
    ranges, nominal = space.high - space.low, space.layout.nominal
    measured, begin = {}, 0
    for name, rows in groups.items():
        part = slice(begin, begin := begin + len(rows))
        if not len(rows):
            continue
        columns = {
            measure: column_errors(truth[part], guess[part], scored[part], nominal, ranges)
            for measure, (guess, scored) in guesses.items()
        }
        means = {measure: _mean(values) for measure, values in columns.items()}
        known = columns["baseline"] > 0
        means["worst"] = float(np.nanmax(columns["error"][known] / columns["baseline"][known], initial=0.0))
        means["log_likelihood"] = float(likelihood["total"][part].mean())
        counts = np.maximum(observed[part].sum(axis=0), 1)
        columns["log_likelihood"] = likelihood["columns"][part].sum(axis=0) / counts
        measured[name] = {"columns": {m: np.asarray(v, float).tolist() for m, v in columns.items()}, "means": means}
    return measured


def _mean(values: np.ndarray) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else float("nan")
