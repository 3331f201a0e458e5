"""Importance-weighted bounds: IWAE, and IWAE with the doubly reparametrised gradient."""

import dataclasses
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from evenvae.objectives.base import Bound, Objective
from evenvae.part import check_count, check_positive


@dataclasses.dataclass(frozen=True)
class IWAE(Objective):
    r"""The importance-weighted bound (Burda, Grosse and Salakhutdinov, 2016).

    Formula:
        $$ L_K = \mathbb E \log \frac1K \sum_{k=1}^K \frac{p(x, z_k)}{q(z_k|x)}, \qquad z_k \sim q(z|x) $$

        It lies between the ELBO (K = 1) and log p(x), nearer to the latter the larger K is. Every sample counts by
        its normalised importance weight. With ``beta`` a sample's weight is $p(x|z_k)\, (p(z_k) / q(z_k|x))^\beta$,
        which is no bound of log p(x) any more; K = 1 is then the ELBO with the KL weighted by beta.

    Use it when:
        Held-out likelihood is the aim.

    Cost:
        K decoded copies of every row: with 20 samples a step takes about seven times as long as that of the ELBO, and
        its memory grows with K rows P, where P counts the outputs of the heads.

    Attributes:
        samples: the number K of draws for each row.
        beta: weight of log p(z) - log q(z|x). Below 1 it lets rows be reconstructed more exactly, as it does for
            `ELBO`.

    Raises:
        InputError: ``samples`` is not a positive whole number, or ``beta`` is not positive.
    """

    samples: int = 20
    beta: float = 1.0

    name: ClassVar[str] = "iwae"
    analytic_kl: ClassVar[bool] = False
    weighted: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_count("samples", self.samples)
        check_positive("beta", self.beta)

    @property
    def kl_weight(self) -> float:
        """beta."""
        return self.beta

    def bound(
        self,
        log_likelihood: Float[Array, "samples rows D"],
        ratio: Float[Array, "samples rows"] | None,
        kl: Float[Array, " rows"] | None,
        mask: Bool[Array | np.ndarray, "rows D"],
        state: Any,
    ) -> tuple[Bound, Any]:
        """Coefficients w_k / B, where w is the softmax over samples of log p(x|z) + beta (log p(z) - log q(z|x))."""
        if ratio is None:
            raise ValueError(f"{self.name} weighs samples by their ratio; an analytic KL has none")
        del kl, mask
        rows = ratio.shape[1]
        log_weight = log_likelihood.sum(-1) + self.beta * ratio
        weight = jax.nn.softmax(log_weight, axis=0)
        loss = jnp.log(self.samples) - jax.nn.logsumexp(log_weight, axis=0).mean()
        path = 1 - self.beta + self.beta * weight if self.doubly_reparametrised else None
        return Bound(loss, weight[..., None] / rows, self.beta * weight / rows, None, path), state


@dataclasses.dataclass(frozen=True)
class DReG(IWAE):
    r"""IWAE's bound with the doubly reparametrised gradient (Tucker et al., 2019).

    Formula:
        $$ \nabla_\phi L_K = \mathbb E \sum_k w_k^2\, \frac{\partial}{\partial z_k} \log \frac{p(x, z_k)}{q(z_k|x)}\;
        \frac{\partial z_k}{\partial \phi}, \qquad w_k = \frac{p(x, z_k) / q(z_k|x)}{\sum_j p(x, z_j) / q(z_j|x)} $$

        for the parameters $\phi$ of the encoder, which learns through z alone. The decoder's gradient is that of
        `IWAE`. With ``beta``, $w_k^2$ becomes $(1 - \beta)\, w_k + \beta\, w_k^2$, by the same steps as in the
        paper: only the part of the weight that depends on q's own parameters is reparametrised a second time.

    The gradient is the same on average, and its variance does not grow with K. Decoder and encoder see different
    coefficients, so their columns are balanced separately, by two balancers with a state each; the network runs forward
    once.

    Use it when:
        `IWAE` with many samples trains the encoder badly.

    Cost:
        That of `IWAE`, and a balancer that is asked twice in a step.
    """

    name: ClassVar[str] = "dreg"
    doubly_reparametrised: ClassVar[bool] = True
