"""Importance-weighted bounds: IWAE, and IWAE with the doubly reparametrised gradient."""

import dataclasses
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from evenvae.objectives.base import Bound, Objective
from evenvae.part import check_count


@dataclasses.dataclass(frozen=True)
class IWAE(Objective):
    """L_K = E log mean_k p(x, z_k) / q(z_k|x) (Burda, Grosse and Salakhutdinov, 2016).

    The bound lies between the ELBO (K = 1) and log p(x), nearer to the latter the larger K is. Every sample counts by
    its normalised importance weight. The memory of a step grows with K rows P, as K copies of every row are decoded.

    Attributes:
        samples: the number K of draws for each row.

    Raises:
        InputError: ``samples`` is not a positive whole number.
    """

    samples: int = 20

    name: ClassVar[str] = "iwae"
    analytic_kl: ClassVar[bool] = False
    weighted: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_count("samples", self.samples)

    def bound(
        self,
        log_likelihood: Float[Array, "samples rows D"],
        ratio: Float[Array, "samples rows"] | None,
        kl: Float[Array, " rows"] | None,
        mask: Bool[Array | np.ndarray, "rows D"],
        state: Any,
    ) -> tuple[Bound, Any]:
        """Coefficients w_k / B, where w is the softmax over samples of log p(x, z) - log q(z|x)."""
        if ratio is None:
            raise ValueError(f"{self.name} weighs samples by their ratio; an analytic KL has none")
        del kl, mask
        rows = ratio.shape[1]
        log_weight = log_likelihood.sum(-1) + ratio
        weight = jax.nn.softmax(log_weight, axis=0)
        loss = jnp.log(self.samples) - jax.nn.logsumexp(log_weight, axis=0).mean()
        path = weight if self.doubly_reparametrised else None
        return Bound(loss, weight[..., None] / rows, weight / rows, None, path), state


@dataclasses.dataclass(frozen=True)
class DReG(IWAE):
    """IWAE's bound with the doubly reparametrised gradient (Tucker et al., 2019).

    The encoder learns through z alone, with squared weights. The gradient is the same on average, and its variance
    does not grow with K. Decoder and encoder see different coefficients, so their columns are balanced separately, by
    two balancers with a state each; the network runs forward once.
    """

    name: ClassVar[str] = "dreg"
    doubly_reparametrised: ClassVar[bool] = True
