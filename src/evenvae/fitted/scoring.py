"""How likely rows are under the model."""

from typing import Any

import numpy as np

from evenvae.fitted import kernels
from evenvae.fitted.asking import of_members
from evenvae.fitted.model import FittedModel
from evenvae.models.batch import Batch
from evenvae.part import check_whole

SAMPLES = 100
"""Importance samples of a row's log-likelihood, wherever it is asked for."""


def log_likelihood(model: FittedModel, batch: Batch, samples: Any = SAMPLES) -> dict[str, np.ndarray]:
    """The log-likelihood of every row in nats on the raw scale, by importance sampling from the posterior.

    In expectation it is a lower bound, which is tight as ``samples`` grows. Missing cells are integrated out. An
    ensemble is the mixture of its members.

    Args:
        model: to ask.
        batch: the rows, as `FittedModel.batch` gives them.
        samples: draws of the latent for every row, a whole number.

    Returns:
        ``total`` (N,); ``columns`` (N, D), the expected log-likelihood of every cell given its row;
        ``standard_error`` (N,) of the total; ``effective_samples`` (N,).

    Raises:
        InputError: ``samples`` is no whole number of at least 1.
    """
    samples = check_whole("samples", samples)
    noise = kernels.latent_noise(samples, model.plan.network.noise_size)
    ask = lambda network, state, part, scales: kernels.log_likelihood(network, state, part, scales, noise)
    parts = of_members(model, ask, batch, samples)
    if len(parts) == 1:
        return {name: value.astype(np.float64) for name, value in parts[0].items()}
    totals = np.stack([part["total"] for part in parts]).astype(np.float64)
    total = np.logaddexp.reduce(totals, axis=0) - np.log(len(parts))
    share = np.exp(totals - np.logaddexp.reduce(totals, axis=0))
    errors = np.stack([part["standard_error"] for part in parts])
    return {
        "total": total,
        "columns": np.einsum("rn,rnd->nd", share, np.stack([part["columns"] for part in parts])),
        "standard_error": np.sqrt((share**2 * errors**2).sum(axis=0)),
        "effective_samples": np.sum([part["effective_samples"] for part in parts], axis=0),
    }
