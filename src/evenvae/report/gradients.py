"""How the columns' gradients at the shared features relate to each other, before and after balancing."""

import dataclasses
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Key, Shaped

from evenvae.balancing import Balancer
from evenvae.fitted import FittedModel
from evenvae.likelihoods import Scale
from evenvae.models.batch import Batch
from evenvae.tables import Encoded
from evenvae.training import OPPOSED, Method, Network, balanced_gradients, first_states
from evenvae.training.setup import constants, new_networks

BATCHES = 8
ELEMENTS = 2**26
"""Most numbers in the gradient rows of one batch; the batches of wide tables have fewer rows."""


@dataclasses.dataclass(frozen=True)
class GradientComparison:
    """Means over a few batches, at one moment of training.

    Attributes:
        moment: of training, in words.
        norms: of the columns' gradients.
        cosines: between the columns' gradients.
        plain: cosine of each column's gradient with the plain sum of the gradients.
        balanced: cosine of each column's gradient with the direction that the balancer gives. Where a cosine with a
            step is below 0, the step works against the column.
        conflicts: share of the pairs of columns whose gradients are in conflict (cosine below -`OPPOSED`).
    """

    moment: str
    norms: Float[np.ndarray, " D"]
    cosines: Float[np.ndarray, "D D"]
    plain: Float[np.ndarray, " D"]
    balanced: Float[np.ndarray, " D"]
    conflicts: float


@dataclasses.dataclass(frozen=True)
class RowRecorder(Balancer):
    """A balancer that gives the plain sum, and whose state is the gradient rows that it was given."""

    @property
    def needs_rows(self) -> bool:
        """True: the rows are what is recorded."""
        return True

    def weights(
        self,
        gram: Float[Array, "D D"],
        state: Any,
        *,
        key: Key[Array, ""] | None = None,
        losses: Float[Array, " D"] | None = None,
        noise: Shaped[Array, "..."] | None = None,
    ) -> tuple[Float[Array, " D"], Any]:
        """The weights of the plain sum."""
        del key, losses, noise
        return jnp.ones(gram.shape[0], gram.dtype), state

    def update(
        self,
        rows: Float[Array, "D n"],
        state: Any,
        *,
        key: Key[Array, ""] | None = None,
        losses: Float[Array, " D"] | None = None,
        noise: Shaped[Array, "..."] | None = None,
    ) -> tuple[Float[Array, " n"], Float[Array, "D n"]]:
        """The plain sum, with the rows as the next state."""
        del state, key, losses, noise
        return rows.sum(0), rows


@eqx.filter_jit
def feature_gradients(
    network: Network,
    encoder_state: Any,
    batch: Batch,
    scales: tuple[Scale, ...],
    key: Key[Array, ""],
    method: Method,
) -> tuple[tuple[Float[Array, "D _"], ...], Float[Array, " D"]]:
    """Gradients of the columns' losses at every shared feature, and the losses, from the training step itself."""
    recording = method._replace(balancer=RowRecorder())
    states = first_states(network, recording)._replace(encoder=encoder_state)
    _, states, report = balanced_gradients(network, states, batch, scales, key, recording)
    # with a doubly reparametrised gradient the encoder's decisions follow the decoder's, and are left out
    return states.balancer[: len(network.model.heads.kernels()[0])], report.column_losses


@eqx.filter_jit
def direction_of(
    balancer: Balancer, rows: Float[Array, "D n"], state: Any, key: Key[Array, ""], losses: Float[Array, " D"]
) -> tuple[Float[Array, " n"], Any]:
    """The direction that a balancer makes of gradient rows, compiled; and its next state."""
    return balancer.update(rows, state, key=key, losses=losses)


def compare(
    rows: Float[np.ndarray | Array, "D n"], step: Float[np.ndarray | Array, " n"]
) -> tuple[Float[np.ndarray, " D"], Float[np.ndarray, "D D"], Float[np.ndarray, " D"], Float[np.ndarray, " D"]]:
    """``(norms, cosines, plain, balanced)`` of one batch; see `GradientComparison`.

    The cosines of a gradient that is zero are nan.

    Args:
        rows: the columns' gradients.
        step: the balanced direction.
    """
    rows, step = np.asarray(rows, np.float64), np.asarray(step, np.float64)
    norms = np.linalg.norm(rows, axis=1)
    unit = rows / np.where(norms > 0, norms, np.nan)[:, None]
    along = lambda direction: unit @ (direction / (np.linalg.norm(direction) or np.nan))
    return norms, np.clip(unit @ unit.T, -1, 1), along(rows.sum(0)), along(step)


def on_device(network: Network) -> Network:
    """A network of a fitted model, whose parameters lie on the host, with its parameters on the device."""
    parameters, static = eqx.partition(network, eqx.is_inexact_array)
    return eqx.combine(jax.device_put(parameters), static)


def comparison(
    model: FittedModel, network: Network, encoder_state: Any, encoded: Encoded, seed: int, moment: str
) -> GradientComparison:
    """Compare the gradients of a network on a few batches of the table.

    The balancer and the objective begin in their first state, because a saved model does not hold the state that they
    had at the end of training.

    Args:
        model: the fitted model that the network belongs to.
        network: whose gradients are computed.
        encoder_state: of the network.
        encoded: the table.
        seed: of the batches.
        moment: of training, in words.
    """
    method, layout = model.plan.method, model.space.layout
    network = on_device(network)
    count = len(encoded.values)
    generator = np.random.default_rng([seed, 3])
    hidden = sum(kernel.shape[0] for kernel in network.model.heads.kernels()[0])
    size = min(model.plan.training.batch_size, count, max(2, ELEMENTS // (layout.features * hidden)))
    states = list(first_states(network, method).balancer)
    found = []
    for number in range(min(BATCHES, max(1, count // size))):
        picked = np.sort(generator.choice(count, size, replace=False))
        key = jax.random.fold_in(jax.random.key(seed), number)
        batch, scales = model.batch(encoded.take(picked)), model.space.device_scales
        gradients, losses = feature_gradients(network, encoder_state, batch, scales, key, method)
        steps = []
        for place, rows in enumerate(gradients):
            own = jax.random.fold_in(key, place)
            step, states[place] = direction_of(method.balancer, rows, states[place], own, losses)
            steps.append(step)
        found.append(compare(np.concatenate(gradients, axis=1), np.concatenate(steps)))
    # a column without an observed cell in a batch has no direction there
    with np.errstate(invalid="ignore"):
        norms, cosines, plain, balanced = (_mean(np.stack(part)) for part in zip(*found, strict=True))
    pairs = cosines[np.triu_indices(layout.features, 1)]
    known = pairs[np.isfinite(pairs)]
    conflicts = float((known < -OPPOSED).mean()) if known.size else float("nan")
    return GradientComparison(moment, norms, cosines, plain, balanced, conflicts)


def comparisons(model: FittedModel, encoded: Encoded, seed: int) -> tuple[GradientComparison, ...]:
    """At the end of training, for the first member; and at its start, for the network that the model's seed gives."""
    network, encoder_state = model.members[0]
    end = comparison(model, network, encoder_state, encoded, seed, "end of training")
    cells = constants(encoded.values, encoded.observed, None)
    ((network, states, _),) = new_networks(model.plan, model.space, cells, model.record.seed, 1)
    return end, comparison(model, network, states.encoder, encoded, seed, "start of training")


def _mean(stacked: Float[np.ndarray, "batches *D"]) -> Float[np.ndarray, " *D"]:
    count = np.isfinite(stacked).sum(axis=0)
    return np.where(count > 0, np.nansum(stacked, axis=0) / np.maximum(count, 1), np.nan)
