"""Importance-weighted bounds: IWAE, and its doubly reparametrised gradient."""

import dataclasses
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from evenvae.objectives.base import Bound


@dataclasses.dataclass(frozen=True)
class IWAE:
    """L_K = E log mean_k p(x, z_k) / q(z_k|x) (Burda, Grosse and Salakhutdinov, 2016).

    Between the ELBO (K = 1) and log p(x), and nearer to the latter the larger K. Every sample counts by its
    normalised importance weight. Memory of a step grows with K rows P: K copies of every row are decoded.
    """

    samples: int = 20

    name: ClassVar[str] = "iwae"
    analytic_kl: ClassVar[bool] = False
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
        """Coefficients w_k / B, where w = softmax over samples of log p(x, z) - log q(z|x)."""
        if ratio is None:
            raise ValueError(f"{self.name} weighs samples by their ratio; an analytic KL has none")
        del kl
        rows = ratio.shape[1]
        log_weight = log_likelihood.sum(-1) + ratio
        weight = jax.nn.softmax(log_weight, axis=0)
        loss = jnp.log(self.samples) - jax.nn.logsumexp(log_weight, axis=0).mean()
        path = weight if self.doubly else None
        return Bound(loss, weight[..., None] / rows, weight / rows, None, path), state


@dataclasses.dataclass(frozen=True)
class DReG(IWAE):
    """IWAE's bound with the doubly reparametrised gradient (Tucker et al., 2019).

    The encoder learns through z alone, with squared weights: the same gradient on average, with a variance that
    does not grow with K. Decoder and encoder see different coefficients, so they are balanced apart, by two
    balancers with a state each; the network runs forward once.
    """

    name: ClassVar[str] = "dreg"
    doubly: ClassVar[bool] = True
