"""What is measured of a trained run on rows that it did not learn from."""

from typing import Any

import numpy as np
from jaxtyping import Float, Int

from evenvae.fitted import FittedModel
from evenvae.fitted.reconstruction import reconstruct
from evenvae.fitted.scoring import mean_log_likelihood
from evenvae.metrics import column_errors, hide
from evenvae.tables import Encoded

HIDDEN = 0.2
"""Share of the observed cells that are hidden, to measure how well they are imputed."""


def measure_rows(
    model: FittedModel, encoded: Encoded, groups: dict[str, Int[np.ndarray, " rows"]], seed: int
) -> dict[str, Any]:
    """Measure groups of rows.

    Errors of columns are RMSE / range of numbers and error rates of levels: ``error``, ``error_by_mean`` and
    ``error_by_mode`` of reconstructions by the default point estimate, the mean and the mode; ``baseline`` of the
    column's mean or most frequent level; ``hidden_error`` of hidden cells. ``log_likelihood`` of a column is in nats a
    cell, on the raw scale.

    Args:
        model: to ask.
        encoded: the whole table.
        groups: for every name the numbers of its rows.
        seed: of the hidden cells.

    Returns:
        For every group with rows a dict for JSON: ``columns``, from a name to one value for every column, and
        ``means``, from a name to one value. The means are those over columns, except ``worst``, the largest error of a
        column divided by its baseline, ``log_likelihood``, that of a row in nats, and ``log_likelihood_error``, its
        standard error (see `evenvae.fitted.scoring.mean_log_likelihood`).
    """
    rows_of_all = np.concatenate([np.zeros(0, int), *groups.values()])
    if not rows_of_all.size:
        return {}
    together = encoded.take(rows_of_all)
    truth, observed = together.values, together.observed
    space, batch = model.space, model.batch(together)
    hidden = hide(observed, HIDDEN, np.random.default_rng([seed, 5]))
    guesses = {
        "error": (reconstruct(model, batch), observed),
        "error_by_mean": (reconstruct(model, batch, "mean"), observed),
        "error_by_mode": (reconstruct(model, batch, "mode"), observed),
        "baseline": (np.broadcast_to(space.baseline, truth.shape), observed),
        "hidden_error": (reconstruct(model, model.batch(together, observed & ~hidden)), hidden),
    }
    ranges, discrete = space.high - space.low, space.layout.discrete
    measured, begin = {}, 0
    for name, rows in groups.items():
        part = slice(begin, begin := begin + len(rows))
        if not len(rows):
            continue
        columns = {
            measure: column_errors(truth[part], guess[part], scored[part], discrete, ranges)
            for measure, (guess, scored) in guesses.items()
        }
        means = {measure: _mean(values) for measure, values in columns.items()}
        known = columns["baseline"] > 0
        means["worst"] = float(np.nanmax(columns["error"][known] / columns["baseline"][known], initial=0.0))
        mean, likelihood = mean_log_likelihood(model, batch.take(part))
        means["log_likelihood"], means["log_likelihood_error"] = mean.value, mean.standard_error
        counts = np.maximum(observed[part].sum(axis=0), 1)
        columns["log_likelihood"] = likelihood["columns"].sum(axis=0) / counts
        measured[name] = {"columns": {m: np.asarray(v, float).tolist() for m, v in columns.items()}, "means": means}
    return measured


def _mean(values: Float[np.ndarray, " D"]) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else float("nan")
