"""Proposals of importance sampling that adapt themselves to a row.

The encoder's q(z|x) is a normal with independent coordinates. Where a model carries many nats in z, a row's posterior
leans, is wider than q here and narrower there, and a handful of q's draws get all the weight; draws from q alone may
not even show it. A proposal that learns mean and covariance from its own weighted draws, round by round, comes closer
(population Monte Carlo: Cappé et al., 2008).

All of it happens in the space of the noise from which q makes its draws. There q is the standard normal, whatever the
latent consists of, and the weight of a draw is the ordinary one, p(x, z) / q(z|x), times the standard normal's density
over the proposal's.
"""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import gammaln
from jaxtyping import Array, Bool, Float, UInt32

from evenvae.constants import LOG_2PI
from evenvae.fitted.noise import shifted, sobol

FREEDOM = 5.0
"""Degrees of freedom of the Student-t: its tails are heavier than the posterior's, so that weights are bounded."""
DEFENSIVE = 1 / 8
"""Share of the draws around q, with heavier tails, in case the adapted proposal misses a part of the posterior
(Hesterberg, 1995).
"""
POWERS = 2.0 ** -np.arange(0, 12, 0.25, dtype=np.float32)
"""To which weights may be raised, so that few draws do not have all the weight."""
LEAST_VARIANCE = 1e-4


class Noise(NamedTuple):
    """Sobol points, and the lengths by which standard-normal points become Student-t points.

    With several rounds both arrays begin with them.
    """

    points: UInt32[Array | np.ndarray, "*rounds samples size"]
    lengths: Float[Array | np.ndarray, "*rounds samples"]

    def of(self, number: int) -> "Noise":
        """The noise of one of several rounds."""
        return Noise(self.points[number], self.lengths[number])


class Draws(NamedTuple):
    """Points in the space of the noise, and the log of q's density over that of the mixture they are drawn from."""

    points: Float[Array, "samples rows size"]
    log_ratio: Float[Array, "samples rows"]


class Moments(NamedTuple):
    """Mean and covariance of weighted draws, for every row."""

    mean: Float[Array | np.ndarray, "rows size"]
    covariance: Float[Array | np.ndarray, "rows size size"]


class Proposal(NamedTuple):
    """Location and scale of a Student-t in the space of the noise, for every row: the lower factor, and its inverse."""

    mean: Float[Array | np.ndarray, "rows size"]
    factor: Float[Array | np.ndarray, "rows size size"]
    inverse: Float[Array | np.ndarray, "rows size size"]

    @classmethod
    def around_posterior(cls, rows: int, size: int) -> "Proposal":
        """Those with q's own location and scale."""
        eye = np.tile(np.eye(size, dtype=np.float32), (rows, 1, 1))
        return cls(np.zeros((rows, size), np.float32), eye, eye)

    @classmethod
    def of(cls, moments: Moments) -> "Proposal":
        """Those with these moments; q's own for rows whose moments are not finite.

        Computed on the host: XLA on CPU factorises matrices on the threads that run programs, and two programs at once
        would wait for each other for ever.
        """
        mean, covariance = (np.array(part, float) for part in moments)
        lost = ~(np.isfinite(covariance).all((1, 2)) & np.isfinite(mean).all(1))
        mean[lost], covariance[lost] = 0, np.eye(mean.shape[1])
        factor = np.linalg.cholesky(covariance)
        return cls(*(part.astype(np.float32) for part in (mean, factor, np.linalg.inv(factor))))


@functools.lru_cache(maxsize=4)
def rounds_of_noise(rounds: int, samples: int, size: int) -> Noise:
    """Another part of one sequence for every round."""
    # imported here, because few processes need it and all would wait for it
    from scipy.stats import chi2

    points = sobol(rounds * samples, size).reshape(rounds, samples, size)
    levels = (np.random.default_rng(23).permuted(np.tile(np.arange(samples), (rounds, 1)), axis=1) + 0.5) / samples
    return Noise(points, np.sqrt(FREEDOM / chi2(FREEDOM).ppf(levels)).astype(np.float32))


def _own_noise(
    noise: Noise, bits: UInt32[Array, "rows size"]
) -> tuple[Float[Array, "samples rows size"], Float[Array, "samples rows 1"]]:
    """Every row's standard-normal points and lengths: lengths begin at another place for every row."""
    lengths = jnp.asarray(noise.lengths)
    samples = len(lengths)
    place = (jnp.arange(samples)[:, None] + (bits[:, 0] % samples).astype(jnp.int32)) % samples
    return shifted(noise.points, bits), lengths[place][..., None]


def draws_of(proposal: Proposal, noise: Noise, bits: UInt32[Array, "rows size"]) -> Draws:
    """Draws from the proposal and, for a `DEFENSIVE` share, from a Student-t around q."""
    points, lengths = _own_noise(noise, bits)
    points = points * lengths
    own = round(len(points) * (1 - DEFENSIVE))
    share = own / len(points)
    leaning = proposal.mean + jnp.einsum("rij,srj->sri", proposal.factor, points[:own])
    draws = jnp.concatenate([leaning, points[own:]])
    log_density = jnp.logaddexp(
        np.log(share) + student_density(proposal, draws), np.log1p(-share) + _log_student(draws)
    )
    return Draws(draws, log_normal(draws) - log_density)


def student_density(proposal: Proposal, points: Float[Array, "samples rows size"]) -> Float[Array, "samples rows"]:
    """Log-density of the rows' Student-t distributions."""
    whitened = jnp.einsum("rij,srj->sri", proposal.inverse, points - proposal.mean)
    volume = jnp.log(jnp.diagonal(jnp.asarray(proposal.factor), axis1=-2, axis2=-1)).sum(-1)
    return _log_student(whitened) - volume


def _log_student(points: Float[Array, "*rows size"]) -> Float[Array, "*rows"]:
    """Log-density of the Student-t with location 0 and unit scale."""
    size = points.shape[-1]
    constant = gammaln((FREEDOM + size) / 2) - gammaln(FREEDOM / 2) - 0.5 * size * np.log(FREEDOM * np.pi)
    return constant - 0.5 * (FREEDOM + size) * jnp.log1p((points**2).sum(-1) / FREEDOM)


def log_normal(points: Float[Array, "*rows size"]) -> Float[Array, "*rows"]:
    """Log-density of q."""
    return -0.5 * (points**2 + LOG_2PI).sum(-1)


def adapted(draws: Float[Array, "samples rows size"], log_weight: Float[Array, "samples rows"]) -> Moments:
    """The moments of weighted draws, for the next proposal.

    As few draws say little, weights are first raised to the largest power up to 1 that leaves enough effective draws
    (Koblents and Míguez, 2015): twice as many as coordinates, or a fifth of all. Correlations shrink by the number of
    effective draws, too.
    """
    samples, _, size = draws.shape
    weight = tempered(log_weight, min(2.0 * size, samples / 5))
    effective = 1 / (weight**2).sum(0)
    mean = jnp.einsum("sr,srn->rn", weight, draws)
    centred = draws - mean
    covariance = jnp.einsum("sr,sri,srj->rij", weight, centred, centred)
    trust = (effective / (effective + size))[:, None, None]
    eye = np.eye(size, dtype=draws.dtype)
    return Moments(mean, covariance * (trust + (1 - trust) * eye) + LEAST_VARIANCE * eye)


def tempered(log_weight: Float[Array, "samples rows"], effective: float) -> Float[Array, "samples rows"]:
    """Normalised weights, raised to the largest of `POWERS` that leaves so many effective draws."""

    def enough(power: Float[Array, ""]) -> Bool[Array, " rows"]:
        return (jax.nn.softmax(power * log_weight, axis=0) ** 2).sum(0) <= 1 / effective

    power = jnp.where(jax.vmap(enough)(POWERS), POWERS[:, None], 0).max(0)
    return jax.nn.softmax(power * log_weight, axis=0)
