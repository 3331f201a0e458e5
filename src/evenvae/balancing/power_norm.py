"""Gradients scaled by a power of their norms."""

import dataclasses

import jax.numpy as jnp
from jaxtyping import Array, Float, Key, Shaped

from evenvae.balancing.algebra import correlations
from evenvae.balancing.base import Balancer, State


@dataclasses.dataclass(frozen=True)
class PowerNorm(Balancer):
    r"""Weights that are a power of the lengths of the gradients; they sum to D.

    Formula:
        $$ w_d = D\, \frac{n_d^{-\gamma}}{\sum_j n_j^{-\gamma}} $$

        $\gamma = 0$ gives the plain sum. $\gamma = 1$ gives all rows the same length, which is the fixed point of
        GradNorm at $\alpha = 0$. Values between trade likelihood for evenness between the tasks.

    Cost:
        O(D) after the Gramian.
    """

    gamma: float = 0.5

    def __post_init__(self) -> None:
        if not 0 <= self.gamma <= 2:
            raise ValueError(f"gamma={self.gamma} must lie between 0 and 2")

    @property
    def name(self) -> str:
        """``equal-norm`` or ``power-norm[gamma=...]``."""
        return "equal-norm" if self.gamma == 1 else f"power-norm[gamma={self.gamma:g}]"

    @property
    def blind_to_scale(self) -> bool:
        """Whether gamma is 1: all rows then have the same length."""
        return self.gamma == 1

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
        del key, losses, noise
        _, norms, active = correlations(gram)
        # relative to the longest row, so that powers of extreme norms stay in the range of the type
        longest = jnp.max(jnp.where(active, norms, 0), initial=0.0)
        powers = jnp.where(active, (norms / jnp.where(longest > 0, longest, 1)) ** -self.gamma, 0)
        total = powers.sum()
        return active.sum() * powers / jnp.where(total > 0, total, 1), state


def power_norm(gamma: float = 0.5) -> Balancer:
    """Gradients scaled by their norm to the power -gamma.

    Use it when:
        You want evenness, and no task that pays for it. It costs next to nothing and is a good first choice;
        ``gamma=0.5`` is part of the default of `EvenVAE`.

    Args:
        gamma: the power, between 0 (the plain sum) and 2; at 1 all gradients have the same norm.

    References:
        Own method of this library; at gamma = 1 it is the fixed point of GradNorm (Chen et al., 2018) at alpha = 0.
    """
    return PowerNorm(gamma)


def equal_norm() -> Balancer:
    """All gradients scaled to equal norms, with weights that sum to D: `power_norm` with gamma = 1.

    Use it when:
        You want evenness for the least cost, and the scale of the losses means nothing.
    """
    return PowerNorm(1.0)
