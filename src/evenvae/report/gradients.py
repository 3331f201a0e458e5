"""How the columns' gradients at the shared feature stand to each other, before and after balancing."""

import dataclasses
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from evenvae.balancing import Balancer
from evenvae.training import OPPOSED, balanced_gradients, first_states

BATCHES = 8
ELEMENTS = 2**26
"""Most floats of gradient rows held at once; wide tables are looked at in smaller batches."""


@dataclasses.dataclass(frozen=True)
class Story:
    """Means over a few batches, at one moment of training.

    ``norms`` (D,) of the columns' gradients, ``cosines`` (D, D) between them, ``plain`` and ``balanced`` (D,) the
    cosine of each column's gradient with the step that is taken: the plain sum, and what the balancer makes of
    it. Below 0 the step works against the column. ``conflicts`` is the share of pairs that pull against each other.
    """

    moment: str
    norms: Float[np.ndarray, " D"]
    cosines: Float[np.ndarray, "D D"]
    plain: Float[np.ndarray, " D"]
    balanced: Float[np.ndarray, " D"]
    conflicts: float


@dataclasses.dataclass(frozen=True)
class Witness(Balancer):
    """Takes the place of a balancer in the training step and hands out the rows it is given, as its state."""

    needs_rows = True

    def weights(self, gram, state, *, key=None, losses=None, noise=None):
        """The plain sum."""
        del key, losses, noise
        return jnp.ones(gram.shape[0]), state

    def update(self, rows, state, *, key=None, losses=None, noise=None):
        """The plain sum, with the rows as the next state."""
        del state, key, losses, noise
        return rows.sum(0), rows


@eqx.filter_jit
def feature_gradients(
    network, encoder_state, cells, mask, scales, key, method
) -> tuple[tuple[Float[Array, "D n"], ...], Float[Array, " D"]]:
    """Gradients of the columns' losses at every shared feature, and the losses: those of the real training step."""
    witness = method._replace(balancer=Witness())
    states = first_states(network, witness)._replace(encoder=encoder_state)
    _, states, report = balanced_gradients(network, states, cells, mask, scales, key, witness)
    return states.balancer[: len(network.model.heads.kernels()[0])], report.column_losses


@eqx.filter_jit
def taken(balancer, rows, memory, key, losses):
    """The step that a balancer makes of the rows, compiled; and its next memory."""
    return balancer.update(rows, memory, key=key, losses=losses)


def compare(rows: Float[np.ndarray, "D n"], step: Float[np.ndarray, " n"]) -> tuple[np.ndarray, ...]:
    """``(norms, cosines, plain, balanced)`` of one batch; a zero gradient has cosine nan with everything."""
    rows, step = np.asarray(rows, np.float64), np.asarray(step, np.float64)
    norms = np.linalg.norm(rows, axis=1)
    unit = rows / np.where(norms > 0, norms, np.nan)[:, None]
    along = lambda direction: unit @ (direction / (np.linalg.norm(direction) or np.nan))
    return norms, np.clip(unit @ unit.T, -1, 1), along(rows.sum(0)), along(step)


def story(model: Any, network: Any, encoder_state: Any, values, observed, seed: int, moment: str, codes=None) -> Story:
    """The gradients of a network on a few batches of the table.

    The balancer and the objective begin from their first state: what they remembered at the end of training is
    not part of a saved model.
    """
    method, layout = model.plan_.method, model.space_.layout
    generator = np.random.default_rng([seed, 3])
    hidden = sum(kernel.shape[0] for kernel in network.model.heads.kernels()[0])
    size = min(model.plan_.training.batch_size, len(values), max(2, ELEMENTS // (layout.features * hidden)))
    memory = list(first_states(network, method).balancer)
    seen = []
    for number in range(min(BATCHES, max(1, len(values) // size))):
        picked = np.sort(generator.choice(len(values), size, replace=False))
        key = jax.random.fold_in(jax.random.key(seed), number)
        cells = model._cells(values[picked], observed[picked], None if codes is None else codes[picked])
        scales = model.space_.device_scales
        gradients, losses = feature_gradients(network, encoder_state, cells, observed[picked], scales, key, method)
        steps = []
        for place, rows in enumerate(gradients):
            step = rows.sum(0)
            if method.balancer is not None:
                own = jax.random.fold_in(key, place)
                step, memory[place] = taken(method.balancer, rows, memory[place], own, losses)
            steps.append(step)
        seen.append(compare(np.concatenate(gradients, axis=1), np.concatenate(steps)))
    # a column without a cell in a batch has no direction there
    with np.errstate(invalid="ignore"):
        norms, cosines, plain, balanced = (_mean(np.stack(part)) for part in zip(*seen, strict=True))
    pairs = cosines[np.triu_indices(layout.features, 1)]
    known = pairs[np.isfinite(pairs)]
    conflicts = float((known < -OPPOSED).mean()) if known.size else float("nan")
    return Story(moment, norms, cosines, plain, balanced, conflicts)


def stories(model: Any, values, observed, seed: int, codes=None) -> tuple[Story, ...]:
    """At the end of training, by the first member; and at the start, by the network that its seed gives anew.

    ``codes`` are the tasks of the rows, for a model that knows tasks.
    """
    network, encoder_state = model.members_[0]
    end = story(model, network, encoder_state, values, observed, seed, "end of training", codes)
    network, states, _ = model._new_networks(values, observed)[0]
    return end, story(model, network, states.encoder, values, observed, seed, "start of training", codes)


def _mean(stacked: np.ndarray) -> np.ndarray:
    count = np.isfinite(stacked).sum(axis=0)
    return np.where(count > 0, np.nansum(stacked, axis=0) / np.maximum(count, 1), np.nan)
