"""The evidence lower bound, with the KL weighted by beta."""

import dataclasses
from typing import Any, ClassVar

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from evenvae.objectives.base import Bound, Objective
from evenvae.part import check_count, check_positive


@dataclasses.dataclass(frozen=True)
class ELBO(Objective):
    r"""The evidence lower bound, with the KL weighted by beta (Kingma and Welling, 2014; beta: Higgins et al., 2017).

    Formula:
        $$ \mathbb E_{q(z|x)}\bigl[\log p(x|z)\bigr] - \beta\, \mathrm{KL}\bigl(q(z|x) \,\|\, p(z)\bigr) $$

    Use it when:
        Nothing speaks for another one: it is the quickest, and all purposes were tuned with it. A beta below 1 lets
        columns be learned that no other column tells of, and leaves the prior behind.

    Cost:
        One decoded copy of a row for each of ``samples``; the KL in closed form costs nothing.

    Attributes:
        samples: draws of the latent for each row.
        beta: weight of the KL. None follows the purpose in a fit, and is 1 elsewhere.
        analytic_kl: True takes the KL in closed form where the prior has one, else its Monte-Carlo estimate. False
            always takes the estimate.

    Raises:
        InputError: ``samples`` is not a positive whole number, or ``beta`` is not positive.
    """

    samples: int = 1
    beta: float | None = None
    analytic_kl: bool = True

    name: ClassVar[str] = "elbo"

    def __post_init__(self) -> None:
        check_count("samples", self.samples)
        check_positive("beta", self.beta)

    @property
    def kl_weight(self) -> float:
        """beta."""
        return 1.0 if self.beta is None else self.beta

    def completed(self, kl_weight: float, warm_up: int) -> "ELBO":
        """With ``kl_weight`` as beta, if that was left open."""
        del warm_up
        return self if self.beta is not None else self.replaced(beta=kl_weight)

    def bound(
        self,
        log_likelihood: Float[Array, "samples rows D"],
        ratio: Float[Array, "samples rows"] | None,
        kl: Float[Array, " rows"] | None,
        mask: Bool[Array | np.ndarray, "rows D"],
        state: Any,
    ) -> tuple[Bound, Any]:
        """Every sample counts 1 / K, every row 1 / B."""
        del mask
        samples, rows, _ = log_likelihood.shape
        each = 1 / (samples * rows)
        reconstruction = log_likelihood.sum() * each
        a = jnp.full((samples, rows, 1), each, log_likelihood.dtype)
        beta = self.kl_weight
        if kl is not None:
            loss = beta * kl.mean() - reconstruction
            return Bound(loss, a, None, jnp.full((rows,), beta / rows, kl.dtype)), state
        assert ratio is not None
        loss = -beta * ratio.mean() - reconstruction
        return Bound(loss, a, jnp.full((samples, rows), beta * each, ratio.dtype), None), state
