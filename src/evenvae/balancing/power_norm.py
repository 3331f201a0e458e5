"""Tempered normalisation by gradient norms."""

import dataclasses

import jax.numpy as jnp

from evenvae.balancing.base import Balancer, prepared


@dataclasses.dataclass(frozen=True)
class PowerNorm(Balancer):
    """w_d = D n_d^(-gamma) / sum_j n_j^(-gamma), n_d the norm of row d.

    gamma = 0 is the plain sum, 1 gives all rows equal length (the fixed point of GradNorm at alpha = 0), and
    values between trade likelihood against evenness. O(D) after the Gramian.
    """

    gamma: float = 0.5

    def __post_init__(self):
        if not 0 <= self.gamma <= 2:
            raise ValueError(f"gamma={self.gamma} must lie between 0 and 2")

    @property
    def name(self) -> str:
        """``equal-norm`` or ``power-norm[gamma=...]``."""
        return "equal-norm" if self.gamma == 1 else f"power-norm[gamma={self.gamma:g}]"

    def weights(self, gram, state, *, key=None, losses=None, noise=None):
        """See `Balancer.weights`."""
        del key, losses, noise
        _, norms, active = prepared(gram)
        # relative to the longest row: powers of extreme norms stay in range
        longest = jnp.max(jnp.where(active, norms, 0), initial=0.0)
        powers = jnp.where(active, (norms / jnp.where(longest > 0, longest, 1)) ** -self.gamma, 0)
        total = powers.sum()
        return active.sum() * powers / jnp.where(total > 0, total, 1), state


def power_norm(gamma: float = 0.5) -> Balancer:
    """Rows scaled by their norm to the power -gamma: few victims, nearly free. A good first choice."""
    return PowerNorm(gamma)


def equal_norm() -> Balancer:
    """All rows scaled to equal norm, weights summing to D."""
    return PowerNorm(1.0)
