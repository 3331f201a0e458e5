"""The evidence lower bound, with the KL weighted by beta."""

import dataclasses
from typing import Any, ClassVar

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

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
        warm_up_epochs: epochs in which beta rises from 0, linearly (Bowman et al., 2016). The state with the best
            validation metric is chosen among those after it. None is no warm-up.
        steps_per_epoch: how many steps make an epoch of ``warm_up_epochs``. None follows the table's size in a fit, and
            is 1 elsewhere.

    Raises:
        InputError: ``samples`` is not a positive whole number, or another field is not positive.
    """

    samples: int = 1
    beta: float | None = None
    analytic_kl: bool = True
    warm_up_epochs: float | None = None
    steps_per_epoch: float | None = None

    name: ClassVar[str] = "elbo"

    def __post_init__(self) -> None:
        check_count("samples", self.samples)
        for name in ("beta", "warm_up_epochs", "steps_per_epoch"):
            check_positive(name, getattr(self, name))

    @property
    def kl_weight(self) -> float:
        """beta."""
        return 1.0 if self.beta is None else self.beta

    def completed(self, kl_weight: float, warm_up: int, steps_per_epoch: float = 1.0) -> "ELBO":
        """With ``kl_weight`` as beta, and the length of an epoch where the KL is warmed up, if they were left open."""
        del warm_up
        completed = self if self.beta is not None else self.replaced(beta=kl_weight)
        if self.warm_up_epochs is None or self.steps_per_epoch is not None:
            return completed
        return completed.replaced(steps_per_epoch=float(steps_per_epoch))

    @property
    def _warm_up_steps(self) -> float:
        return (self.warm_up_epochs or 0.0) * (self.steps_per_epoch or 1.0)

    def init(self, features: int, targets: Float[np.ndarray, " D"] | None = None) -> Int[Array, ""] | None:
        """The number of steps taken, where the KL is warmed up; else None."""
        del features, targets
        return None if self.warm_up_epochs is None else jnp.zeros((), jnp.int32)

    def is_warm(self, state: Int[Array, ""] | None) -> Bool[Array, ""] | bool:
        """Whether beta has its whole weight."""
        return True if state is None else state >= self._warm_up_steps

    def bound(
        self,
        log_likelihood: Float[Array, "samples rows D"],
        ratio: Float[Array, "samples rows"] | None,
        kl: Float[Array, " rows"] | None,
        mask: Bool[Array | np.ndarray, "rows D"],
        state: Any,
    ) -> tuple[Bound, Any]:
        """Every sample counts 1 / K, every row 1 / B; the KL its share of beta while it is warmed up."""
        del mask
        samples, rows, _ = log_likelihood.shape
        each = 1 / (samples * rows)
        reconstruction = log_likelihood.sum() * each
        a = jnp.full((samples, rows, 1), each, log_likelihood.dtype)
        beta: Any = self.kl_weight
        if state is not None:
            beta = beta * jnp.minimum(state / self._warm_up_steps, 1).astype(log_likelihood.dtype)
            state = state + 1
        if kl is not None:
            loss = beta * kl.mean() - reconstruction
            return Bound(loss, a, None, jnp.full((rows,), beta / rows, kl.dtype)), state
        assert ratio is not None
        loss = -beta * ratio.mean() - reconstruction
        return Bound(loss, a, jnp.full((samples, rows), beta * each, ratio.dtype), None), state
