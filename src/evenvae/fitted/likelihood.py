"""The log-likelihood of rows by importance sampling, as compiled functions of a batch of rows."""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, UInt32

from evenvae.fitted.kernels import Scales, posterior_of, weigh
from evenvae.fitted.noise import Points, row_bits, shifted
from evenvae.fitted.proposals import Draws, Noise, Proposal, adapted, adapted_draws, first_draws
from evenvae.models import log_jacobian
from evenvae.models.batch import Batch
from evenvae.training import Network


class Estimate(NamedTuple):
    """Sums over weighted draws, from which everything follows that is said of a row.

    Attributes:
        draws: number of draws.
        log_sum: of the weights.
        log_square: of the squared weights.
        columns: the cells' mean log-likelihoods, as the draws weigh.
    """

    draws: Int[Array, " rows"]
    log_sum: Float[Array, " rows"]
    log_square: Float[Array, " rows"]
    columns: Float[Array, "rows D"]

    @classmethod
    def of(cls, by_cell: Float[Array, "samples rows D"], log_weight: Float[Array, "samples rows"]) -> "Estimate":
        """From draws."""
        samples, rows = log_weight.shape
        weight = jax.nn.softmax(log_weight, axis=0)
        # a cell of a draw without weight may be infinitely unlikely
        columns = (jnp.where(weight[..., None] > 0, by_cell, 0) * weight[..., None]).sum(0)
        log_sum, log_square = (jax.nn.logsumexp(power * log_weight, axis=0) for power in (1, 2))
        return cls(jnp.full((rows,), samples, jnp.int32), log_sum, log_square, columns)

    def and_also(self, other: "Estimate") -> "Estimate":
        """From the draws of both."""
        log_sum = jnp.logaddexp(self.log_sum, other.log_sum)
        share = jnp.exp(self.log_sum - log_sum)[:, None]
        columns = share * self.columns + (1 - share) * other.columns
        log_square = jnp.logaddexp(self.log_square, other.log_square)
        return Estimate(self.draws + other.draws, log_sum, log_square, columns)

    @property
    def effective(self) -> Float[Array, " rows"]:
        """(sum w)^2 / sum w^2, the number of draws of equal weight that would tell as much."""
        return jnp.exp(2 * self.log_sum - self.log_square)

    @property
    def standard_error(self) -> Float[Array, " rows"]:
        """Of log mean w, by the delta method: var(mean w) / (mean w)^2 = sum w^2 / (sum w)^2 - 1 / K."""
        return jnp.sqrt(jnp.maximum(1 / self.effective - 1 / self.draws, 0))

    def details(self, jacobian: Float[Array, "rows D"]) -> dict[str, Array]:
        """What is told of a row, on the raw scale."""
        return {
            "total": self.log_sum - jnp.log(self.draws) + jacobian.sum(-1),
            "columns": self.columns + jacobian,
            "standard_error": self.standard_error,
            "effective_samples": self.effective,
            "samples": self.draws,
        }


@eqx.filter_jit
def log_likelihood(
    network: Network,
    encoder_state: Any,
    batch: Batch,
    scales: Scales,
    points: Points,
) -> dict[str, Array]:
    """The log-likelihood of every row by draws from q(z|x), as papers do; see `Estimate.details`."""
    q, bits = _own(network, encoder_state, batch, scales)
    _, by_cell, log_weight = weigh(network, q, batch, shifted(points, bits))
    return Estimate.of(by_cell, log_weight).details(_jacobian(network, batch, scales))


@eqx.filter_jit
def adaptive_log_likelihood(
    network: Network,
    encoder_state: Any,
    batch: Batch,
    scales: Scales,
    adapting: Noise,
    counting: Noise,
    tolerance: Float[Array | np.ndarray, ""] | float,
) -> dict[str, Array]:
    """The log-likelihood of every row by as many draws of an adapted proposal as a standard error asks for.

    Only draws that are made after the proposal has been adapted count: if a row could stop as soon as its error looks
    small, it would stop where a likely part of its posterior has been missed by chance.

    Args:
        network: to ask.
        encoder_state: of its encoder.
        batch: the rows.
        scales: constants of every block.
        adapting: the noise of all rounds in which the proposal adapts.
        counting: that of all rounds that count.
        tolerance: the standard error, in nats, below which a row has been asked enough.
    """
    q, bits = _own(network, encoder_state, batch, scales)

    def weighed(draws: Draws) -> tuple[Float[Array, "samples rows D"], Float[Array, "samples rows"]]:
        _, by_cell, log_weight = weigh(network, q, batch, draws.points)
        return by_cell, log_weight + draws.log_ratio

    def adapt(draws: Draws) -> Proposal:
        return adapted(draws.points, weighed(draws)[1])

    def better(proposal: Proposal, noise: Noise) -> tuple[Proposal, None]:
        return adapt(adapted_draws(proposal, noise, bits)), None

    start = adapt(first_draws(adapting.of(0), bits))
    proposal, _ = jax.lax.scan(better, start, adapting.of(slice(1, None)))

    def count(number: Int[Array, ""]) -> Estimate:
        return Estimate.of(*weighed(adapted_draws(proposal, counting.of(number), bits)))

    def go_on(carry: tuple[Int[Array, ""], Estimate]) -> Bool[Array, ""]:
        number, estimate = carry
        return (number < len(counting.points)) & ~(estimate.standard_error <= tolerance).all()

    def count_more(carry: tuple[Int[Array, ""], Estimate]) -> tuple[Int[Array, ""], Estimate]:
        number, estimate = carry
        # a row that is done stays as it is, so that its answer does not depend on the rows beside it
        done, more = estimate.standard_error <= tolerance, estimate.and_also(count(number))
        pick = lambda old, new: jnp.where(done.reshape(-1, *([1] * (old.ndim - 1))), old, new)
        return number + 1, jax.tree.map(pick, estimate, more)

    _, estimate = jax.lax.while_loop(go_on, count_more, (jnp.int32(1), count(jnp.int32(0))))
    return estimate.details(_jacobian(network, batch, scales))


def _own(network: Network, encoder_state: Any, batch: Batch, scales: Scales) -> tuple[Any, UInt32[Array, "rows size"]]:
    """q(z|x) of the rows, and the bits by which they shift the noise."""
    q = posterior_of(network, encoder_state, batch, scales)
    return q, row_bits(network.model.heads.layout, batch, q.noise_size)


def _jacobian(network: Network, batch: Batch, scales: Scales) -> Float[Array, "rows D"]:
    return log_jacobian(network.model.heads.layout, batch.cells, scales, batch.mask)
