"""The gradient of a step of differentially private training: clipped row by row, summed, with noise.

DP-SGD (Abadi et al., 2016, algorithm 1): no row can move the sum by more than the clipping norm, and normal noise of
`noise_multiplier` times that norm hides what a single row does.
"""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Key

from evenvae.likelihoods import Scale
from evenvae.models.batch import Batch
from evenvae.training.skeleton import vector_of
from evenvae.training.step import Method, Network, Report, States, balanced_gradients

PIECE = 32
"""Rows whose gradients are held at once. The places of a batch are a multiple of it."""
BELOW = 1 - 1e-5
"""Rows are clipped to this share of the norm, so that no rounding carries them beyond it."""


def clipped(gradient: Float[Array, " P"], clipping: float) -> Float[Array, " P"]:
    """A row's gradient, shortened to the clipping norm where it is longer; 0 where it is not finite."""
    gradient = jnp.where(jnp.isfinite(gradient).all(), gradient, 0)
    # squares of far outliers would leave float32, and so would the inverse of the largest ones: 1 / 2^126 counts as 0
    largest = jnp.abs(gradient).max(initial=0)
    smaller = jnp.where(largest > 1, 2.0**-64, 1.0)
    unit = smaller * gradient / jnp.where(largest > 0, smaller * largest, 1)
    length = jnp.sqrt((unit**2).sum())
    most = BELOW * clipping
    return jnp.where(largest * length > most, unit * (most / length), gradient)


def clipped_sum(
    network: Network,
    states: States,
    batch: Batch,
    present: Bool[Array, " rows"],
    scales: tuple[Scale, ...],
    key: Key[Array, ""],
    method: Method,
    clipping: float,
) -> tuple[Float[Array, " P"], Report]:
    """The sum over rows of their clipped gradients, and the mean figures of the rows.

    Args:
        network: whose gradient it is.
        states: of the step; a private step changes none of them.
        batch: of the step, its rows a multiple of `PIECE`.
        present: which of them count; the others only fill the batch up.
        scales: constants of the columns.
        key: of the rows' draws, another for each.
        method: of training, with the plain sum.
        clipping: the largest norm of a row's gradient.
    """

    def of_row(row: Batch, key: Key[Array, ""], present: Bool[Array, ""]) -> Any:
        alone = jax.tree.map(lambda leaf: leaf[None], row)
        gradient, _, report = balanced_gradients(network, states, alone, scales, key, method)
        figures = (report.loss, report.column_losses, report.kl)
        kept = jax.tree.map(lambda value: jnp.where(present & jnp.isfinite(value), value, 0), figures)
        return jnp.where(present, clipped(vector_of(gradient), clipping), 0), kept

    def add(total: Any, piece: Any) -> tuple[Any, None]:
        found = jax.vmap(of_row)(*piece)
        return jax.tree.map(lambda a, b: a + b.sum(0), total, found), None

    rows = present.shape[0]
    keys = jax.random.split(key, rows)
    pieces = jax.tree.map(lambda leaf: leaf.reshape(rows // PIECE, PIECE, *leaf.shape[1:]), (batch, keys, present))
    first = jax.tree.map(lambda leaf: leaf[0], pieces)
    zeros = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape[1:], leaf.dtype), jax.eval_shape(jax.vmap(of_row), *first))
    (total, (loss, column_losses, kl)), _ = jax.lax.scan(add, zeros, pieces)
    count = jnp.maximum(present.sum(), 1)
    # a row that is not finite counts 0 by itself, so that no column is ever left out of a step because of it
    finite = jnp.ones(column_losses.shape, bool)
    return total, Report(loss / count, column_losses / count, kl / count, finite)


def private_gradient(
    network: Network,
    states: States,
    batch: Batch,
    present: Bool[Array, " rows"],
    scales: tuple[Scale, ...],
    key: Key[Array, ""],
    method: Method,
) -> tuple[Float[Array, " P"], Report]:
    """The mean gradient of a step, as all parameters side by side, with noise; arguments as those of `clipped_sum`.

    The sum is divided by the mean size of batches, not by that of this one, which would tell how many rows were drawn.
    """
    privacy = method.privacy
    assert privacy is not None
    of_rows, of_noise = jax.random.split(key)
    total, report = clipped_sum(network, states, batch, present, scales, of_rows, method, privacy.clipping)
    noise = jax.random.normal(of_noise, total.shape, total.dtype)
    return (total + privacy.noise_multiplier * privacy.clipping * noise) / privacy.mean_batch, report
