"""Log-likelihoods between two bounds, by annealed importance sampling.

A chain is led from a density that can be drawn from to the posterior of a row, over many densities between the two,
with Hamiltonian steps that leave each of them as it is. The mean weight of chains is unbiased for p(x), so that its
logarithm is a lower bound in expectation (Neal, 2001). For a row that the model itself has drawn the latent is known,
which is an exact draw of the posterior: a chain that is led back from it gives an upper bound (bidirectional Monte
Carlo: Grosse, Ghahramani and Adams, 2015). Where the two meet, the log-likelihood is known; elsewhere their distance
says how far any estimate may be off.

As in `evenvae.fitted.proposals`, all of it happens in the space of the noise from which q(z|x) makes its draws.
"""

import functools
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from evenvae import threefry
from evenvae.fitted.kernels import Scales, draw, posterior_of, weigh
from evenvae.fitted.likelihood import jacobian
from evenvae.fitted.proposals import FREEDOM, Proposal, log_normal, student_density
from evenvae.models.batch import Batch
from evenvae.threefry import AnyKey
from evenvae.training import Network

LEAPS = 5
"""Leapfrog steps of a Hamiltonian trajectory."""
LENGTH = 0.3
"""Of a leapfrog step, in deviations of the proposal; every chain draws its own around it."""


class Simulated(NamedTuple):
    """Rows that the model has drawn, in value space, and the latents they were drawn from."""

    values: Float[Array, "rows E"]
    latent: Float[Array, "rows latent"]


class Known(NamedTuple):
    """Rows, the proposals from which chains begin, and, where they are known, the latents of the rows."""

    batch: Batch
    proposal: Proposal
    latent: Any


@eqx.filter_jit
def simulate(network: Network, scales: Scales, rows: int, key: AnyKey) -> Simulated:
    """Rows drawn from a model without tasks, with their latents."""
    keys = jax.random.split(threefry.wrap(key))
    latent = network.prior.sample(keys[0], rows)
    return Simulated(draw(network.model.heads.layout, network.model.decode(latent), scales, keys[1]), latent)


@eqx.filter_jit
def annealed(
    network: Network,
    encoder_state: Any,
    rows: Known,
    scales: Scales,
    key: AnyKey,
    chains: int,
    temperatures: int,
    backwards: bool,
) -> Float[Array, " rows"]:
    """A bound of every row's log-likelihood on the raw scale: an upper one if ``backwards``, else a lower one.

    Args:
        network: to ask.
        encoder_state: of its encoder.
        rows: to bound; ``latent`` is needed ``backwards`` alone.
        scales: constants of every block.
        key: of what is random.
        chains: of every row.
        temperatures: densities between the proposal and the posterior.
        backwards: whether chains begin at the known latents.
    """
    batch, proposal = rows.batch, rows.proposal
    q = posterior_of(network, encoder_state, batch, scales)
    keys = jax.random.split(threefry.wrap(key), 3)
    shape = (chains, *q.mean.shape)

    base = functools.partial(student_density, proposal)

    def target(points: Float[Array, "chains rows size"]) -> Float[Array, "chains rows"]:
        return weigh(network, q, batch, points)[2] + log_normal(points)

    if backwards:
        points = jnp.broadcast_to((rows.latent - q.mean) / q.std, shape)
    else:
        # a normal over the root of a chi-squared: a Student-t
        normal = jax.random.normal(keys[0], shape)
        squares = jax.random.normal(keys[1], (round(FREEDOM), *shape[:2])) ** 2
        length = jnp.sqrt(FREEDOM / squares.sum(0))
        points = proposal.mean + jnp.einsum("rij,srj->sri", proposal.factor, normal * length[..., None])

    def move(points: Float[Array, "chains rows size"], power: Array, key: AnyKey) -> Float[Array, "chains rows size"]:
        return _hamiltonian(lambda e: (1 - power) * base(e) + power * target(e), points, proposal, key)

    def step(carry: Any, inputs: Any) -> Any:
        points, log_weight = carry
        cooler, hotter, key = inputs
        points = move(points, hotter, key) if backwards else points
        log_weight = log_weight + (hotter - cooler) * (target(points) - base(points))
        points = points if backwards else move(points, hotter, key)
        return (points, log_weight), None

    powers = jnp.linspace(0, 1, temperatures + 1)
    pairs = (powers[:-1], powers[1:], jax.random.split(keys[2], temperatures))
    carry = (points, jnp.zeros(shape[:2]))
    (_, log_weight), _ = jax.lax.scan(step, carry, pairs, reverse=backwards)
    sign = -1 if backwards else 1
    mean = sign * (jax.nn.logsumexp(sign * log_weight, axis=0) - jnp.log(chains))
    return mean + jacobian(network, batch, scales).sum(-1)


def _hamiltonian(
    log_density: Any, points: Float[Array, "chains rows size"], proposal: Proposal, key: AnyKey
) -> Float[Array, "chains rows size"]:
    """One trajectory of each chain, accepted or not (Neal, 2011), in coordinates whitened by the proposal."""
    keys = jax.random.split(key, 3)
    spread = lambda e: jnp.einsum("rij,srj->sri", proposal.factor, e)
    gradient = jax.grad(lambda e: log_density(e).sum())
    slope = lambda e: jnp.einsum("rij,sri->srj", proposal.factor, gradient(e))
    momentum = jax.random.normal(keys[0], points.shape)
    length = LENGTH * jnp.exp(0.5 * jax.random.normal(keys[1], points.shape[:2]))[..., None]
    there, pushed = points, momentum + 0.5 * length * slope(points)
    for leap in range(LEAPS):
        there = there + length * spread(pushed)
        pushed = pushed + (0.5 if leap == LEAPS - 1 else 1.0) * length * slope(there)
    energy = lambda e, p: log_density(e) - 0.5 * (p**2).sum(-1)
    accepted = jnp.log(jax.random.uniform(keys[2], points.shape[:2])) < energy(there, pushed) - energy(points, momentum)
    return jnp.where(accepted[..., None], there, points)
