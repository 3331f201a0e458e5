"""The log-likelihood of rows by importance sampling, as compiled functions of a batch of rows."""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, UInt32

from evenvae.fitted.kernels import Scales, posterior_of, weigh
from evenvae.fitted.noise import Points, row_bits, shifted
from evenvae.fitted.proposals import Moments, Noise, Proposal, adapted, draws_of
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

    draws: Int[Array | np.ndarray, " rows"]
    log_sum: Float[Array | np.ndarray, " rows"]
    log_square: Float[Array | np.ndarray, " rows"]
    columns: Float[Array | np.ndarray, "rows D"]

    @classmethod
    def of_nothing(cls, rows: int, features: int) -> "Estimate":
        """Before the first draw."""
        nothing = np.full(rows, -np.inf, np.float32)
        return cls(np.zeros(rows, np.int32), nothing, nothing, np.zeros((rows, features), np.float32))

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

    def details(self, jacobian: Float[Array, "rows D"]) -> dict[str, Any]:
        """What is told of a row, on the raw scale."""
        return {
            "total": self.log_sum - jnp.log(self.draws) + jacobian.sum(-1),
            "columns": self.columns + jacobian,
            "standard_error": self.standard_error,
            "effective_samples": self.effective,
            "samples": self.draws,
        }


class Asked(NamedTuple):
    """Rows, the proposals that their next draws come from, and what the draws that count have told of them so far."""

    batch: Batch
    proposal: Proposal
    estimate: Estimate

    @classmethod
    def of(cls, batch: Batch, size: int) -> "Asked":
        """Before the first round, with proposals around q; ``size`` is that of the noise."""
        rows, features = batch.mask.shape
        return cls(batch, Proposal.around_posterior(rows, size), Estimate.of_nothing(rows, features))


@eqx.filter_jit
def from_posterior_draws(
    network: Network, encoder_state: Any, batch: Batch, scales: Scales, points: Points
) -> dict[str, Any]:
    """The log-likelihood of every row by draws from q(z|x), as papers do; see `Estimate.details`."""
    q, bits = _own(network, encoder_state, batch, scales)
    _, by_cell, log_weight = weigh(network, q, batch, shifted(points, bits))
    return Estimate.of(by_cell, log_weight).details(jacobian(network, batch, scales))


@eqx.filter_jit
def ask_again(
    network: Network, encoder_state: Any, rows: Asked, scales: Scales, noise: Noise
) -> tuple[Moments, Estimate, dict[str, Any]]:
    """One more round of draws: their moments, and the estimate of every row with its details."""
    q, bits = _own(network, encoder_state, rows.batch, scales)
    draws = draws_of(rows.proposal, noise, bits)
    _, by_cell, log_weight = weigh(network, q, rows.batch, draws.points)
    log_weight = log_weight + draws.log_ratio
    estimate = rows.estimate.and_also(Estimate.of(by_cell, log_weight))
    return adapted(draws.points, log_weight), estimate, estimate.details(jacobian(network, rows.batch, scales))


def _own(network: Network, encoder_state: Any, batch: Batch, scales: Scales) -> tuple[Any, UInt32[Array, "rows size"]]:
    """q(z|x) of the rows, and the bits by which they shift the noise."""
    q = posterior_of(network, encoder_state, batch, scales)
    return q, row_bits(network.model.heads.layout, batch, q.noise_size)


def jacobian(network: Network, batch: Batch, scales: Scales) -> Float[Array, "rows D"]:
    """What has to be added to the cells' log-likelihoods for the raw scale."""
    return log_jacobian(network.model.heads.layout, batch.cells, scales, batch.mask)
