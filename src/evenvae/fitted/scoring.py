"""How likely rows are under the model, and how well that is known."""

from numbers import Real
from typing import Any

import numpy as np

from evenvae.fitted import likelihood
from evenvae.fitted.asking import of_member
from evenvae.fitted.model import FittedModel
from evenvae.fitted.noise import sobol
from evenvae.fitted.proposals import rounds_of_noise
from evenvae.models.batch import Batch
from evenvae.part import check_number, check_whole

SAMPLES = 100
"""Draws from a row's posterior, wherever its log-likelihood is asked for."""
ADAPTING, COUNTING, DRAWS = 4, 20, 256
"""Rounds in which a row's proposal adapts, and most rounds that count afterwards, with so many draws each."""
RELIABLE = 10
"""Effective draws that an estimate needs if it is to be relied on; its standard error is then about 0.3 nats."""


def log_likelihood(
    model: FittedModel, batch: Batch, samples: Any = SAMPLES, tolerance: Any = None
) -> dict[str, np.ndarray]:
    """The log-likelihood of every row in nats on the raw scale, by importance sampling.

    Draws from q(z|x) are quick, and enough where few nats are carried in z. Where many are, q is narrower than the
    posterior, and its draws miss a part of it without a sign. With a ``tolerance`` a proposal with heavy tails adapts
    to every row, and is drawn from until the error is small enough or `COUNTING` rounds are over; see
    `evenvae.fitted.proposals`. It takes ten to fifty times as long.

    In expectation the estimate is a lower bound, too small by about half of the squared standard error. Missing cells
    are integrated out. An ensemble is the mixture of its members.

    Args:
        model: to ask.
        batch: the rows, as `FittedModel.batch` gives them.
        samples: draws from q(z|x) for every row, a whole number; without meaning where there is a ``tolerance``.
        tolerance: standard error of a row, in nats, that is good enough.

    Returns:
        ``total`` (N,); ``columns`` (N, D), the expected log-likelihood of every cell given its row;
        ``standard_error`` (N,) of the total; ``effective_samples`` (N,), the number of draws of equal weight that would
        tell as much; ``samples`` (N,), the number of draws that count; ``reliable`` (N,), whether `RELIABLE` draws are
        effective and the standard error is no larger than they allow.

    Raises:
        InputError: ``samples`` is no whole number of at least 1, or ``tolerance`` no number of at least 0.001.
    """
    samples = check_whole("samples", samples)
    check_number("tolerance", tolerance, Real, 1e-3, np.inf, "at least 0.001 nats, or None")
    answers = [_of_member(model, batch, samples, tolerance, member) for member in range(len(model.members))]
    parts = [{name: value.astype(np.float64) for name, value in answer.items()} for answer in answers]
    if len(parts) == 1:
        return _checked(parts[0])
    totals = np.stack([part["total"] for part in parts])
    total = np.logaddexp.reduce(totals, axis=0) - np.log(len(parts))
    share = np.exp(totals - np.logaddexp.reduce(totals, axis=0))
    errors = np.stack([part["standard_error"] for part in parts])
    return _checked(
        {
            "total": total,
            "columns": np.einsum("rn,rnd->nd", share, np.stack([part["columns"] for part in parts])),
            "standard_error": np.sqrt((share**2 * errors**2).sum(axis=0)),
            "effective_samples": np.sum([part["effective_samples"] for part in parts], axis=0),
            "samples": np.sum([part["samples"] for part in parts], axis=0),
        }
    )


def _checked(details: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """With what can be relied on; in an ensemble a member without many effective draws may own a row's error."""
    enough = details["effective_samples"] >= RELIABLE
    return {**details, "reliable": enough & (details["standard_error"] <= RELIABLE**-0.5)}


def _of_member(
    model: FittedModel, batch: Batch, samples: int, tolerance: float | None, member: int
) -> dict[str, np.ndarray]:
    """What one member says; `log_likelihood` without what can be relied on."""
    size = model.plan.network.noise_size
    if tolerance is None:
        points = sobol(samples, size)
        plain = lambda network, state, part, scales: likelihood.log_likelihood(network, state, part, scales, points)
        return of_member(model, plain, batch, samples, member)
    noise, least = rounds_of_noise(ADAPTING + COUNTING, DRAWS, size), np.float32(tolerance)
    adapting, counting = noise.of(slice(ADAPTING)), noise.of(slice(ADAPTING, None))
    adaptive = lambda network, state, part, scales: likelihood.adaptive_log_likelihood(
        network, state, part, scales, adapting, counting, least
    )
    # XLA on CPU waits inside of a loop whose length is not known, and two programs that wait keep all its threads
    return of_member(model, adaptive, batch, DRAWS, member, side_by_side=False)
