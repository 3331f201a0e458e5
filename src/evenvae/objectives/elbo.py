"""The evidence lower bound, with the KL weighted by beta."""

import dataclasses
from typing import Any, ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from evenvae.objectives.base import Bound


@dataclasses.dataclass(frozen=True)
class ELBO:
    """E_q[log p(x|z)] - beta KL(q || p) (Kingma and Welling, 2014; beta: Higgins et al., 2017).

    The KL is in closed form where the prior has one, else its Monte-Carlo estimate.
    """

    samples: int = 1
    beta: float = 1.0
    analytic_kl: bool = True

    name: ClassVar[str] = "elbo"
    doubly: ClassVar[bool] = False

    def init(self, features: int) -> Any:
        """No state."""
        del features

    def bound(
        self,
        log_likelihood: Float[Array, "samples rows D"],
        ratio: Float[Array, "samples rows"] | None,
        kl: Float[Array, " rows"] | None,
        state: Any,
    ) -> tuple[Bound, Any]:
        """Every sample counts 1/K, every row 1/B."""
        samples, rows, _ = log_likelihood.shape
        each = 1 / (samples * rows)
        reconstruction = log_likelihood.sum() * each
        a = jnp.full((samples, rows, 1), each, log_likelihood.dtype)
        if kl is not None:
            loss = self.beta * kl.mean() - reconstruction
            return Bound(loss, a, None, jnp.full((rows,), self.beta / rows, kl.dtype)), state
        assert ratio is not None
        loss = -self.beta * ratio.mean() - reconstruction
        return Bound(loss, a, jnp.full((samples, rows), self.beta * each, ratio.dtype), None), state
