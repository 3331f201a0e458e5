"""Latent cycle consistency: a row that is decoded as another task and encoded again has to come back to its latent.

After Hrovatin et al. (2025), who found that a VampPrior together with this loss takes batch effects out of latents
and keeps what rows of all batches share.
"""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Key

from evenvae.likelihoods import Scale
from evenvae.models.batch import Batch
from evenvae.models.heads import expected_inputs


def other_tasks(
    key: Key[Array, ""], tasks: Int[Array | np.ndarray, "rows T"], levels: tuple[int, ...]
) -> Int[Array, "rows T"]:
    """For every row and every column of tasks another task, each of them with the same probability.

    Args:
        key: of the draws.
        tasks: codes; any task is another one for a code of -1.
        levels: number of levels of every column of tasks.
    """
    count = jnp.asarray(levels)
    known = tasks >= 0
    further = jax.random.randint(key, tasks.shape, 0, jnp.where(known, count - 1, count))
    return jnp.where(known, (tasks + 1 + further) % count, further)


def cycle_distance(
    model: Any,
    encoder: Any,
    posterior: Any,
    batch: Batch,
    scales: tuple[Scale, ...],
    state: Any,
    key: Key[Array, ""],
) -> Float[Array, " rows"]:
    r"""Half of the squared distance between the posterior means of a row and of the same row as another task.

    The mean of the posterior is decoded as another task, and the expected cells are encoded again under that task. The
    distance is in standard deviations of the posterior, which the loss itself cannot widen:
    $\tfrac12 \sum_j (\mu_j - \mu'_j)^2 / \sigma_j^2$. These are nats: the KL between two normal distributions with
    these means and the same variance.

    The decoder is held constant, so that the gradient reaches the encoder alone.

    Args:
        model: whose decoder is used.
        encoder: of the model, which learns.
        posterior: of the batch.
        batch: as the encoder saw it; a cell that is missing or hidden stays so.
        scales: constants of the columns.
        state: of the encoder.
        key: of the other tasks.
    """
    decoder = jax.tree.map(lambda leaf: jax.lax.stop_gradient(leaf) if eqx.is_inexact_array(leaf) else leaf, model)
    tasks = other_tasks(key, batch.tasks, encoder.levels)
    parameters = decoder.decode(decoder.latent_at(posterior.mean, tasks))
    translated = batch._replace(tasks=tasks, expected=expected_inputs(model.heads.layout, parameters, scales))
    again, _ = encoder(translated, scales, state, inference=True)
    return 0.5 * (((posterior.mean - again.mean) / jax.lax.stop_gradient(posterior.std)) ** 2).sum(-1)
