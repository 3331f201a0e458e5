"""GradNorm: learn weights that make the norms of the gradients equal (Chen et al., 2018)."""

import dataclasses
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax  # pyright: ignore[reportMissingTypeStubs]
from jaxtyping import Array, Bool, Float, Int, Key, Shaped

from evenvae.balancing.algebra import correlations
from evenvae.balancing.base import Balancer, State, name_with_options, required_losses


class GradNormState(NamedTuple):
    """State of `GradNorm`.

    ``logits`` of the weights, the state of their ``optimiser``, the ``reference`` that progress is measured from, and
    the number of steps done.
    """

    logits: Float[Array, " D"]
    optimiser: Any
    reference: Float[Array, " D"]
    step: Int[Array, ""]


@dataclasses.dataclass(frozen=True)
class GradNorm(Balancer):
    r"""Learned weights that pull the norms of the gradients together.

    Formula:
        $$ w = D\, \mathrm{softmax}(u), \qquad u \leftarrow \text{Adam on } \sum_d |w_d n_d - t_d|, \qquad
        t_d = \overline{w n}\; r_d^{\alpha} $$

        $\overline{w n}$ is the mean of $w_j n_j$ and $r_d$ the progress of task d over the mean progress; both are held
        constant. At $\alpha = 0$ the fixed point is `equal_norm`.

    Progress is n_d over its value at ``reference_step`` (over 1 before that step), as in the code released with
    Javaloy, Meghdadi and Valera (2021). The paper of GradNorm takes L(t) / L(0), which has no meaning for losses of
    continuous likelihoods because they change sign; ``progress="loss"`` is for losses that stay positive. A step uses
    the weights from before its update of u.

    Cost:
        O(D) after the Gramian, and a state: the logits of the weights, and Adam's moments.
    """

    alpha: float = 0.0
    learning_rate: float = 1e-2
    reference_step: int = 20
    progress: str = "norm"

    def __post_init__(self) -> None:
        if self.progress not in ("norm", "loss"):
            raise ValueError(f"gradnorm[progress={self.progress}]: choose norm or loss")

    @property
    def name(self) -> str:
        """``gradnorm``, with the options that differ from their defaults in brackets."""
        return name_with_options("gradnorm", self)

    def init(self, number_of_tasks: int) -> GradNormState:
        """Equal weights, references of 1."""
        logits = jnp.zeros(number_of_tasks)
        return GradNormState(logits, self._adam.init(logits), jnp.ones(number_of_tasks), jnp.zeros((), jnp.int32))

    @property
    def _adam(self) -> optax.GradientTransformation:
        return optax.adam(self.learning_rate)

    @property
    def blind_to_scale(self) -> bool:
        """True: weights adapt until the weighted norms meet their targets, whatever the scale of the losses."""
        return True

    def weights(
        self,
        gram: Float[Array, "D D"],
        state: State,
        *,
        key: Key[Array, ""] | None = None,
        losses: Float[Array, " D"] | None = None,
        noise: Shaped[Array, "..."] | None = None,
    ) -> tuple[Float[Array, " D"], State]:
        """See `Balancer.weights`."""
        del key, noise
        _, norms, active = correlations(gram)
        norms = norms.astype(state.logits.dtype)
        measured = norms if self.progress == "norm" else required_losses(self.name, losses).astype(norms.dtype)
        reference = jnp.where((state.step == self.reference_step) & active, measured, state.reference)
        gradient, weights = norm_gradient(state.logits, norms, measured / reference, active, self.alpha)
        updates, optimiser = self._adam.update(gradient, state.optimiser)
        logits = state.logits + updates
        return weights.astype(gram.dtype), GradNormState(logits, optimiser, reference, state.step + 1)


def norm_gradient(
    logits: Float[Array, " D"],
    norms: Float[Array, " D"],
    progress: Float[Array, " D"],
    active: Bool[Array, " D"],
    alpha: float,
) -> tuple[Float[Array, " D"], Float[Array, " D"]]:
    """Gradient of GradNorm's loss with respect to the logits, and the weights. Inactive rows take no part."""
    count = jnp.maximum(active.sum(), 1)
    share = jax.nn.softmax(jnp.where(active, logits, -jnp.inf))
    share = jnp.where(active, share, 0)
    weights = count * share

    def mean(values: Float[Array, " D"]) -> Float[Array, ""]:
        return jnp.where(active, values, 0).sum() / count

    rate = progress / jnp.where(mean(progress) != 0, mean(progress), 1)
    target = mean(weights * norms) * jnp.where(active, jnp.abs(rate), 1) ** alpha
    towards = jnp.where(active, jnp.sign(weights * norms - target) * norms, 0)
    return weights * (towards - (share * towards).sum()), weights


def gradnorm(
    alpha: float = 0.0,
    learning_rate: float = 1e-2,
    reference_step: int = 20,
    progress: str = "norm",
) -> Balancer:
    """GradNorm: weights that change smoothly over the steps until the norms of all gradients are equal.

    Use it when:
        The gradients are noisy from step to step, so that weights of a single step would jump. It is the best magnitude
        of the combinations of Javaloy, Meghdadi and Valera (2021), before ``pcgrad``.

    Args:
        alpha: how much more weight the tasks that make slow progress get. 0 for none.
        learning_rate: of Adam on the logits of the weights.
        reference_step: number of the step whose norms or losses progress is measured from.
        progress: what progress is measured by: ``norm`` of the gradients, or ``loss`` for losses that stay positive.

    References:
        Z. Chen, V. Badrinarayanan, C.-Y. Lee and A. Rabinovich, "GradNorm: gradient normalization for adaptive loss
        balancing in deep multitask networks", ICML 2018, Algorithm 1.
    """
    return GradNorm(alpha, learning_rate, reference_step, progress)
