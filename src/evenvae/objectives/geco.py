"""GECO: the least rate at which a row, or every column, is reconstructed as well as asked."""

import dataclasses
from typing import ClassVar, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from evenvae.objectives.base import Bound

LARGEST_FACTOR = 0.1
"""Most that log lambda moves in one update."""
RANGE = (1e-6, 1e6)


class GECOState(NamedTuple):
    """Multipliers, moving averages of the constraints and targets, one for every constraint; steps taken."""

    log_multiplier: Float[Array, " constraints"]
    average: Float[Array, " constraints"]
    target: Float[Array, " D"]
    step: Int[Array, ""]


@dataclasses.dataclass(frozen=True)
class GECO:
    """min KL(q || p) + sum_c lambda_c C_c, with lambda_c rising while constraint c is broken (Rezende and Viola, 2018).

    A cell should cost no more than its column's target, in nats: C = NLL - target summed over a row's observed
    cells (``constraint="row"``, one lambda), or for every column by itself (``"column"``, D of them, a balancer by
    losses). log lambda moves by ``rate`` times the moving average of the broken nats a cell, at most 0.1 at a
    time, every ``every`` steps, and not in the first ``warm_up`` ones, when every constraint is broken.

    ``weighted`` (GECO + IWAE): samples count by their normalised importance weights w, so that the KL is that of the
    self-normalised proposal, sum_k w_k l_k - L_K. At lambda = 1 it is IWAE (`IWAE`), as the other form is the
    ELBO, up to a constant.

    At lambda the trade-off is that of beta = 1 / lambda.
    """

    samples: int = 1
    constraint: str = "row"
    weighted: bool = False
    rate: float = 1e-2
    memory: float = 0.99
    warm_up: int = 0
    every: int = 1

    doubly: ClassVar[bool] = False

    @property
    def name(self) -> str:
        """``geco`` or ``geco-iwae``."""
        return "geco-iwae" if self.weighted else "geco"

    @property
    def analytic_kl(self) -> bool:
        """Whether the KL may be taken in closed form."""
        return not self.weighted

    def init(self, features: int, targets: Float[np.ndarray, " D"] | None = None) -> GECOState:
        """All multipliers 1; ``targets`` in nats a cell (0 if not given)."""
        count = features if self.constraint == "column" else 1
        target = jnp.zeros(features) if targets is None else jnp.asarray(targets, jnp.float32)
        return GECOState(jnp.zeros(count), jnp.zeros(count), target, jnp.zeros((), jnp.int32))

    def bound(
        self,
        log_likelihood: Float[Array, "samples rows D"],
        ratio: Float[Array, "samples rows"] | None,
        kl: Float[Array, " rows"] | None,
        mask: Bool[Array, "rows D"],
        state: GECOState,
    ) -> tuple[Bound, GECOState]:
        """Coefficients lambda_d w_k / B of the likelihoods, 1 / B of the KL; the next multipliers."""
        samples, rows, _ = log_likelihood.shape
        multiplier = jnp.exp(state.log_multiplier).astype(log_likelihood.dtype)
        if self.weighted:
            assert ratio is not None
            log_weight = log_likelihood.sum(-1) + ratio
            # constant: what its own gradient would add is left out, so that no coefficient is negative
            weight = jax.lax.stop_gradient(jax.nn.softmax(log_weight, axis=0))
            evidence = jax.nn.logsumexp(log_weight, axis=0).mean() - jnp.log(samples)
            divergence = (weight * log_likelihood.sum(-1)).sum(0).mean() - evidence
            ratio_coefficient, kl_coefficient = weight / rows, None
        else:
            weight = jnp.full((samples, rows), 1 / samples, log_likelihood.dtype)
            if kl is None:
                assert ratio is not None
                divergence = -ratio.mean()
                ratio_coefficient, kl_coefficient = weight / rows, None
            else:
                divergence = kl.mean()
                ratio_coefficient, kl_coefficient = None, jnp.full((rows,), 1 / rows, kl.dtype)
        broken, cells = self._broken((weight[..., None] * log_likelihood).sum(0), mask, state.target)
        first = state.step == 0
        a_cell = broken / jnp.maximum(cells, 1)
        average = jnp.where(first, a_cell, self.memory * state.average + (1 - self.memory) * a_cell)
        # a column without a cell in this batch keeps its average
        average = jnp.where(cells > 0, average, state.average).astype(state.average.dtype)
        # the value is the moving average's, the gradient the batch's
        value = a_cell + jax.lax.stop_gradient(average - a_cell)
        loss = divergence + (multiplier * value * cells).sum() / rows
        a = weight[..., None] * multiplier / rows
        return Bound(loss, a, ratio_coefficient, kl_coefficient), self._moved(state, average)

    def _broken(self, by_cell, mask, target):
        """Nats above the target and observed cells, for every constraint."""
        nats, count = jnp.where(mask, -by_cell - target, 0).sum(0), mask.sum(0)
        if self.constraint == "column":
            return nats, count
        return nats.sum(keepdims=True), count.sum(keepdims=True)

    def _moved(self, state: GECOState, average: Array) -> GECOState:
        move = jnp.clip(self.rate * average, jnp.log(1 - LARGEST_FACTOR), jnp.log(1 + LARGEST_FACTOR))
        due = (state.step >= self.warm_up) & ((state.step + 1) % self.every == 0)
        log_multiplier = jnp.clip(state.log_multiplier + jnp.where(due, move, 0), *np.log(RANGE))
        return GECOState(log_multiplier, average, state.target, state.step + 1)

    def watched(self, state: GECOState) -> dict[str, Array]:
        """What the history keeps: ``multiplier`` and ``constraint`` (broken nats a cell, moving average)."""
        return {"multiplier": jnp.exp(state.log_multiplier), "constraint": state.average}
