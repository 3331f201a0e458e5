"""How likely rows are under the model, and how well that is known."""

import functools
from collections.abc import Callable
from numbers import Real
from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import Float, Int

from evenvae.fitted.asking import of_member
from evenvae.fitted.likelihood import Asked, ask_again, from_posterior_draws
from evenvae.fitted.model import FittedModel
from evenvae.fitted.noise import sobol
from evenvae.fitted.proposals import Proposal, rounds_of_noise
from evenvae.models.batch import Batch
from evenvae.part import check_number, check_whole

SAMPLES = 100
"""Draws from a row's posterior, wherever its log-likelihood is asked for."""
ADAPTING, COUNTING, DRAWS = 4, 20, 256
"""Rounds in which a row's proposal only adapts, and most rounds that count afterwards, with so many draws each."""
MEAN_ROWS, HARD_ROWS, MEAN_TOLERANCE = 200, 100, 0.1
"""Rows that are asked with a tolerance, how many of them are those with the fewest effective draws, and the tolerance,
where the mean over many rows is estimated."""
Ask = Callable[[Callable[..., Any], Any], Any]
"""Puts a function of (network, encoder state, rows, scales) to a network, for the rows given with it."""
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


class MeanEstimate(NamedTuple):
    """The mean log-likelihood of given rows.

    Attributes:
        value: in nats a row.
        standard_error: of ``value`` about that of these rows, had all of them been asked for ever.
        reliable: share of the rows asked with a tolerance whose estimates can be relied on. Where it is well below 1,
            ``value`` is rather too low.
    """

    value: float
    standard_error: float
    reliable: float


def mean_log_likelihood(
    model: FittedModel, batch: Batch, weight: Float[np.ndarray, " N"] | None = None
) -> tuple[MeanEstimate, dict[str, np.ndarray]]:
    """The mean log-likelihood of rows, comparable between models, and the details of all rows by quick draws.

    All rows are asked by draws from q(z|x). `MEAN_ROWS` of them are asked with a tolerance, too: the `HARD_ROWS` with
    the fewest effective draws, of which a single one can be wrong by many nats, and others, drawn without replacement.
    From these it is estimated what the quick draws miss of all other rows (a stratified difference estimator: Cochran,
    1977, sections 5.3 and 7.3).

    Args:
        model: to ask.
        batch: the rows.
        weight: by which rows count; None where all count the same.
    """
    quick = log_likelihood(model, batch)
    weight = np.ones(len(quick["total"])) if weight is None else weight
    counting = np.flatnonzero(weight)
    by_draws = counting[np.argsort(quick["effective_samples"][counting], kind="stable")]
    hard, easy = by_draws[:HARD_ROWS], np.sort(by_draws[HARD_ROWS:])
    drawn = np.sort(np.random.default_rng(21).permutation(len(easy))[: MEAN_ROWS - HARD_ROWS])
    slow = log_likelihood(model, batch.take(np.concatenate([hard, easy[drawn]])), tolerance=MEAN_TOLERANCE)
    found = []
    for rows, asked, own in ((hard, np.arange(len(hard)), slice(len(hard))), (easy, drawn, slice(len(hard), None))):
        if len(rows):
            missed = corrected_mean(
                quick["total"][rows], asked, slow["total"][own], slow["standard_error"][own], weight[rows]
            )
            found.append((weight[rows].sum(), *missed, slow["reliable"][own].mean()))
    share, value, error, reliable = np.array(found).T
    share = share / share.sum()
    return MeanEstimate(float(share @ value), float(np.linalg.norm(share * error)), float(share @ reliable)), quick


def corrected_mean(
    quick: Float[np.ndarray, " N"],
    asked: Int[np.ndarray, " m"],
    slow: Float[np.ndarray, " m"],
    error: Float[np.ndarray, " m"],
    weight: Float[np.ndarray, " N"],
) -> tuple[float, float]:
    """The weighted mean of ``quick`` figures, corrected by ``slow`` ones of the rows ``asked``, and its standard error.

    ``asked`` are drawn without replacement; ``error`` are the standard errors of the slow figures.
    """
    missed, own = slow - quick[asked], weight[asked] / weight[asked].sum()
    correction = own @ missed
    left_out = (1 - len(asked) / len(quick)) * np.sum(own**2 * (missed - correction) ** 2)
    value = weight @ quick / weight.sum() + correction
    return float(value), float(np.sqrt(left_out + np.sum(own**2 * error**2)))


def _checked(details: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """With what can be relied on; in an ensemble a member without many effective draws may own a row's error."""
    enough = details["effective_samples"] >= RELIABLE
    return {**details, "reliable": enough & (details["standard_error"] <= RELIABLE**-0.5)}


def _of_member(
    model: FittedModel, batch: Batch, samples: int, tolerance: float | None, member: int
) -> dict[str, np.ndarray]:
    """What one member says; `log_likelihood` without what can be relied on."""
    size = model.plan.network.noise_size
    if tolerance is not None:
        ask = lambda function, given: of_member(model, function, given, DRAWS, member)
        return adaptive_log_likelihood(ask, adapted_proposals(ask, batch, size), tolerance)
    points = sobol(samples, size)
    plain = lambda network, state, part, scales: from_posterior_draws(network, state, part, scales, points)
    return of_member(model, plain, batch, samples, member)


def adaptive_log_likelihood(ask: Ask, asked: Asked, tolerance: float) -> dict[str, np.ndarray]:
    """The log-likelihood of rows that are asked, round by round, until their standard error is small enough.

    A round's draws come from the proposal that the round before has adapted. Rows that are done are left out of the
    rounds that follow.

    Args:
        ask: puts questions to a network.
        asked: what `adapted_proposals` gives. If rounds counted while proposals are still poor, a row could stop where
            a likely part of its posterior has been missed by chance.
        tolerance: the standard error, in nats, below which a row has been asked enough.
    """
    noise = rounds_of_noise(ADAPTING + COUNTING, DRAWS, asked.proposal.mean.shape[1])
    details: dict[str, np.ndarray] = {}
    unsure = np.arange(len(asked.batch.mask))
    for number in range(ADAPTING, ADAPTING + COUNTING):
        moments, estimate, found = ask(functools.partial(ask_again, noise=noise.of(number)), asked)
        for name, values in found.items():
            details.setdefault(name, np.array(values))[unsure] = values
        more = np.asarray(found["standard_error"]) > tolerance
        if not more.any():
            break
        unsure = unsure[more]
        kept = jax.tree.map(lambda leaf, more=more: np.asarray(leaf)[more], (asked.batch, moments, estimate))
        asked = Asked(kept[0], Proposal.of(kept[1]), kept[2])
    return details


def adapted_proposals(ask: Ask, batch: Batch, size: int) -> Asked:
    """Rows whose proposals have been adapted, before the first round that counts; ``size`` is that of the noise."""
    noise = rounds_of_noise(ADAPTING + COUNTING, DRAWS, size)
    asked = Asked.of(batch, size)
    for number in range(ADAPTING):
        moments, _, _ = ask(functools.partial(ask_again, noise=noise.of(number)), asked)
        asked = asked._replace(proposal=Proposal.of(moments))
    return asked
