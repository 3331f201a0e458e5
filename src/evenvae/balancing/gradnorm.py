"""GradNorm: learn weights that pull the rows' norms together (Chen et al., 2018)."""

import dataclasses
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, Int

from evenvae.balancing.base import Balancer, from_losses, prepared


class GradNormState(NamedTuple):
    """Logits of the weights, their optimiser's state, what progress is measured from, and steps taken."""

    logits: Float[Array, " D"]
    optimiser: Any
    reference: Float[Array, " D"]
    step: Int[Array, ""]


@dataclasses.dataclass(frozen=True)
class GradNorm(Balancer):
    """w = D softmax(u), with u moved by Adam to lessen sum_d |w_d n_d - target_d|.

    target_d = mean_j(w_j n_j) r_d^alpha, r_d the progress of task d over the mean progress, both held constant.
    Progress is n_d over its value at ``reference_step`` (1 before), as in the code released with Javaloy et al.
    (2021): losses of continuous likelihoods change sign, so that L(t) / L(0) of the paper means nothing;
    ``progress="loss"`` is for losses that stay positive. The weights of a step are those before its update.
    At alpha = 0 the fixed point is `equal_norm`. O(D) after the Gramian.
    """

    alpha: float = 0.0
    learning_rate: float = 1e-2
    reference_step: int = 20
    progress: str = "norm"

    def __post_init__(self):
        if self.progress not in ("norm", "loss"):
            raise ValueError(f"gradnorm[progress={self.progress}]: choose norm or loss")

    @property
    def name(self) -> str:
        """``gradnorm`` with what differs from the defaults in brackets."""
        return self._name("gradnorm")

    def init(self, number_of_tasks):
        """Equal weights, references of 1."""
        logits = jnp.zeros(number_of_tasks)
        return GradNormState(logits, self._adam.init(logits), jnp.ones(number_of_tasks), jnp.zeros((), jnp.int32))

    @property
    def _adam(self):
        return optax.adam(self.learning_rate)

    def weights(self, gram, state, *, key=None, losses=None, noise=None):
        """See `Balancer.weights`."""
        del key, noise
        _, norms, active = prepared(gram)
        norms = norms.astype(state.logits.dtype)
        measured = norms if self.progress == "norm" else from_losses(self.name, losses).astype(norms.dtype)
        reference = jnp.where((state.step == self.reference_step) & active, measured, state.reference)
        gradient, weights = norm_gradient(state.logits, norms, measured / reference, active, self.alpha)
        updates, optimiser = self._adam.update(gradient, state.optimiser)
        logits = state.logits + updates
        return weights.astype(gram.dtype), GradNormState(logits, optimiser, reference, state.step + 1)


def norm_gradient(logits, norms, progress, active, alpha) -> tuple[Array, Array]:
    """Gradient of GradNorm's loss with respect to the logits, and the weights; inactive rows take no part."""
    count = jnp.maximum(active.sum(), 1)
    share = jax.nn.softmax(jnp.where(active, logits, -jnp.inf))
    share = jnp.where(active, share, 0)
    weights = count * share
    mean = lambda values: jnp.where(active, values, 0).sum() / count
    rate = progress / jnp.where(mean(progress) != 0, mean(progress), 1)
    target = mean(weights * norms) * jnp.where(active, jnp.abs(rate), 1) ** alpha
    towards = jnp.where(active, jnp.sign(weights * norms - target) * norms, 0)
    return weights * (towards - (share * towards).sum()), weights


def gradnorm(
    alpha: float = 0.0, learning_rate: float = 1e-2, reference_step: int = 20, progress: str = "norm"
) -> Balancer:
    """Rows pulled to equal norms over time, slower tasks more with alpha > 0. Smooth; has a learning rate."""
    return GradNorm(alpha, learning_rate, reference_step, progress)
