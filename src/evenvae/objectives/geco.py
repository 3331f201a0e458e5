"""GECO: the least rate at which a row, or every column, is reconstructed as well as asked."""

import dataclasses
from numbers import Real
from typing import ClassVar, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from evenvae.errors import InputError
from evenvae.objectives.base import Bound, Objective
from evenvae.part import check_choice, check_count, check_number, check_share

LARGEST_FACTOR = 0.1
"""Largest relative change of a multiplier in one update."""
RANGE = (1e-6, 1e6)
"""Smallest and largest multiplier."""
RATE = 1e-2


class GECOState(NamedTuple):
    """What GECO carries from step to step.

    Attributes:
        log_multiplier: log lambda of every constraint.
        average: moving average of the broken nats a cell, of every constraint.
        target: nats a cell of every column.
        step: number of steps taken.
    """

    log_multiplier: Float[Array, " constraints"]
    average: Float[Array, " constraints"]
    target: Float[Array, " D"]
    step: Int[Array, ""]


@dataclasses.dataclass(frozen=True)
class GECO(Objective):
    r"""The least KL at which cells are reconstructed as well as asked (Rezende and Viola, 2018).

    Formula:
        $$ \min\; \mathrm{KL}(q \,\|\, p) + \sum_c \lambda_c C_c, \qquad
        C = \sum_{\text{observed cells}} (\mathrm{NLL} - \mathrm{target}), \qquad
        \log \lambda_c \leftarrow \log \lambda_c + \mathrm{rate} \cdot \overline{C_c} $$

        $\overline{C}$ is the moving average of the broken nats a cell: $\lambda$ rises while its constraint is broken.
        A multiplier $\lambda$ means the same trade-off as $\beta = 1 / \lambda$.

    A cell should cost no more than its column's target, in nats.

    Use it when:
        You know how good is good enough, or the KL should be low, as for samples and embeddings. Use a balancer where
        every column should be reconstructed as well as possible.

    Cost:
        That of the ELBO, or with ``weighted`` of `IWAE`; a multiplier that cannot be satisfied rises to 1e6, so look at
        ``multiplier`` in ``history_``.

    Attributes:
        samples: draws of the latent for each row.
        constraint: ``"row"`` has one lambda for the whole row; ``"column"`` one for each column, which also balances
            the columns by their losses.
        target: nats a cell that every column may cost.
        gain: target given as an improvement, in nats, over the column's marginal distribution. Default 0.5 unless
            ``target`` or ``kappa`` is set.
        kappa: target of an image, as the root of the squared error that it may have.
        rate: step size of log lambda. None is 0.01, divided by the square of ``kappa`` where that is above 1.
        memory: share of the moving average that a step keeps.
        warm_up: number of steps at the start, when every constraint is broken, in which lambda does not move. None
            follows the table's size in a fit, and is 0 elsewhere.
        every: steps between two moves of lambda.
        weighted: True (GECO with IWAE) counts samples by their normalised importance weights w, so that the KL is that
            of the self-normalised proposal, sum_k w_k l_k - L_K. At lambda = 1 the objective is then `IWAE`; otherwise
            it is the ELBO, both up to a constant.

    Raises:
        InputError: a field is out of range, or more than one of ``target``, ``gain`` and ``kappa`` is set.
    """

    samples: int = 1
    constraint: Literal["row", "column"] = "row"
    target: float | None = None
    gain: float | None = None
    kappa: float | None = None
    rate: float | None = None
    memory: float = 0.99
    warm_up: int | None = None
    every: int = 1
    weighted: bool = False

    constrained: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_count("samples", self.samples)
        check_choice("constraint", self.constraint, ("row", "column"))
        check_number("target", self.target, Real, -np.inf, np.inf, "a number of nats")
        check_number("gain", self.gain, Real, -np.inf, np.inf, "a number of nats")
        positive = "positive: the root of the squared error that an image may have"
        check_number("kappa", self.kappa, Real, np.finfo(float).tiny, np.inf, positive)
        check_number("rate", self.rate, Real, np.finfo(float).tiny, 1, "above 0 and at most 1")
        check_share("memory", self.memory)
        check_count("warm_up", self.warm_up, least=0)
        check_count("every", self.every)
        given = [name for name in ("target", "gain", "kappa") if getattr(self, name) is not None]
        if len(given) > 1:
            raise InputError(f"{' and '.join(given)} say the same in different ways; give one of them.")

    @property
    def name(self) -> str:
        """``geco`` or ``geco-iwae``."""
        return "geco-iwae" if self.weighted else "geco"

    @property
    def analytic_kl(self) -> bool:
        """Whether the KL may be taken in closed form: not for weighted samples."""
        return not self.weighted

    @property
    def keeps_last(self) -> bool:
        """With ``kappa``, which asks for a certain error and not for the least: the last state holds the constraint."""
        return self.kappa is not None

    def completed(self, kl_weight: float, warm_up: int, steps_per_epoch: float = 1.0) -> "GECO":
        """With ``rate`` and ``warm_up``, if they were left open."""
        del kl_weight, steps_per_epoch
        return self.replaced(rate=self._rate, warm_up=warm_up if self.warm_up is None else self.warm_up)

    @property
    def _rate(self) -> float:
        # with kappa the constraint is in squared errors, and the multiplier moves by their share in the target
        return RATE / max(self.kappa or 1.0, 1.0) ** 2 if self.rate is None else self.rate

    def init(self, features: int, targets: Float[np.ndarray, " D"] | None = None) -> GECOState:
        """All multipliers are 1; targets that are not given are 0."""
        count = features if self.constraint == "column" else 1
        target = jnp.zeros(features) if targets is None else jnp.asarray(targets, jnp.float32)
        return GECOState(jnp.zeros(count), jnp.zeros(count), target, jnp.zeros((), jnp.int32))

    def bound(
        self,
        log_likelihood: Float[Array, "samples rows D"],
        ratio: Float[Array, "samples rows"] | None,
        kl: Float[Array, " rows"] | None,
        mask: Bool[Array | np.ndarray, "rows D"],
        state: GECOState,
    ) -> tuple[Bound, GECOState]:
        """Coefficients lambda_d w_k / B of the log-likelihoods and 1 / B of the KL; the state holds the next lambda."""
        samples, rows, _ = log_likelihood.shape
        multiplier = jnp.exp(state.log_multiplier).astype(log_likelihood.dtype)
        if self.weighted:
            assert ratio is not None
            log_weight = log_likelihood.sum(-1) + ratio
            # held constant: its own gradient is left out, so that no coefficient is negative
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

    def _broken(
        self, by_cell: Float[Array, "rows D"], mask: Bool[Array | np.ndarray, "rows D"], target: Float[Array, " D"]
    ) -> tuple[Float[Array, " constraints"], Int[Array, " constraints"]]:
        """Nats above the target, and number of observed cells, for every constraint."""
        nats, count = jnp.where(mask, -by_cell - target, 0).sum(0), mask.sum(0)
        if self.constraint == "column":
            return nats, count
        return nats.sum(keepdims=True), count.sum(keepdims=True)

    def _moved(self, state: GECOState, average: Float[Array, " constraints"]) -> GECOState:
        move = jnp.clip(self._rate * average, jnp.log(1 - LARGEST_FACTOR), jnp.log(1 + LARGEST_FACTOR))
        due = (state.step >= (self.warm_up or 0)) & ((state.step + 1) % self.every == 0)
        log_multiplier = jnp.clip(state.log_multiplier + jnp.where(due, move, 0), *np.log(RANGE))
        return GECOState(log_multiplier, average, state.target, state.step + 1)

    def diagnostics(self, state: GECOState) -> dict[str, Array]:
        """``multiplier`` (lambda), and ``constraint``, the moving average of the broken nats a cell."""
        return {"multiplier": jnp.exp(state.log_multiplier), "constraint": state.average}
