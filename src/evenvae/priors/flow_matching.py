"""A flow fitted to the posteriors of rows by conditional flow matching along straight lines (Lipman et al., 2023)."""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float, Int, Key

from evenvae import threefry
from evenvae.priors.fitted import HELD_OUT, LEAST_VARIANCE
from evenvae.priors.flow import FittedFlow
from evenvae.priors.velocity import Velocity
from evenvae.threefry import AnyKey

WIDTH = 128
"""Of the two hidden layers."""
BATCH, CHUNK, CHUNKS = 512, 200, 20
"""Rows of a step, steps between two looks at held-out rows, and looks at most."""
PATIENCE = 5
"""Looks without a better one after which the fit ends."""
RATE, KEPT = 5e-3, 0.99
"""The learning rate at its highest, and the share that the mean of the parameters over steps keeps in a step."""
DRAWS = 8
"""Draws of the posterior of every held-out row by which the flow is judged."""


class Posteriors(NamedTuple):
    """Means and standard deviations of the rows' posteriors, in coordinates whose covariance is the identity.

    A draw is ``mean + (std * noise) @ inverse.T``.
    """

    mean: Float[Array | np.ndarray, "rows latent"]
    std: Float[Array | np.ndarray, "rows latent"]
    inverse: Float[Array | np.ndarray, "latent latent"]


def fit(mean: Float[np.ndarray, "rows latent"], std: Float[np.ndarray, "rows latent"], key: AnyKey) -> FittedFlow:
    """The flow to the mean of the rows' posteriors.

    A flow that is learned too long ends at the rows themselves. So every step has new draws of the posteriors, and of
    all looks at a tenth of the rows, which no step sees, the best is kept.

    Args:
        mean, std: of every row's posterior, a normal with independent coordinates; of at least two rows.
        key: of the split, of the start and of all draws.
    """
    mean, std = np.asarray(mean, np.float64), np.asarray(std, np.float64)
    centre = mean.mean(axis=0)
    covariance = (mean - centre).T @ (mean - centre) / len(mean) + np.diag((std**2).mean(axis=0) + LEAST_VARIANCE)
    factor = np.linalg.cholesky(covariance)
    inverse = np.linalg.inv(factor).astype(np.float32)
    whole = Posteriors(((mean - centre) @ inverse.T).astype(np.float32), std.astype(np.float32), inverse)
    keys = threefry.split(key, 4)
    held = np.argsort(threefry.uniform(keys[0], (len(mean),))) < HELD_OUT * len(mean)
    velocity = _learned(_of(whole, ~held), _of(whole, held), keys[1:])
    as_float = lambda array: array.astype(np.float32)
    return FittedFlow.of_parts(as_float(centre), as_float(factor), **vars(velocity))


def _of(posteriors: Posteriors, rows: Any) -> Posteriors:
    return posteriors._replace(mean=posteriors.mean[rows], std=posteriors.std[rows])


def _learned(learning: Posteriors, held: Posteriors, keys: Any) -> Velocity:
    """The velocity that was best on held-out rows."""
    velocity = Velocity.of(learning.mean.shape[1], WIDTH, keys[0])
    optimiser = optax.chain(
        optax.clip_by_global_norm(1.0),
        optax.adam(optax.warmup_cosine_decay_schedule(0.0, RATE, CHUNK // 2, CHUNK * CHUNKS)),
    )
    state = (velocity, velocity, optimiser.init(velocity))
    judged = jax.jit(
        lambda velocity, held, key: _loss(velocity, held, jnp.tile(jnp.arange(len(held.mean)), DRAWS), key)
    )
    best, lowest, since = velocity, float(judged(velocity, held, threefry.wrap(keys[1]))), 0
    run = _chunk(optimiser)
    for number in range(CHUNKS):
        state = run(state, learning, threefry.wrap(threefry.fold_in(keys[2], number)))
        # the same noise at every look
        loss = float(judged(state[1], held, threefry.wrap(keys[1])))
        best, lowest, since = (state[1], loss, 0) if loss < lowest else (best, lowest, since + 1)
        if since == PATIENCE:
            break
    return jax.tree.map(np.asarray, best)


def _chunk(optimiser: optax.GradientTransformation) -> Any:
    """So many steps as one program: the velocity, its mean over steps, and the state of the optimiser."""

    @jax.jit
    def run(state: Any, learning: Posteriors, key: Key[Array, ""]) -> Any:
        rows = len(learning.mean)

        def step(state, key):
            velocity, averaged, inner = state
            keys = jax.random.split(key)
            chosen = jax.random.randint(keys[0], (min(BATCH, rows),), 0, rows)
            gradient = jax.grad(_loss)(velocity, learning, chosen, keys[1])
            updates, inner = optimiser.update(gradient, inner)
            velocity = eqx.apply_updates(velocity, updates)
            averaged = jax.tree.map(lambda old, new: KEPT * old + (1 - KEPT) * new, averaged, velocity)
            return (velocity, averaged, inner), None

        return jax.lax.scan(step, state, jax.random.split(key, CHUNK))[0]

    return run


def _loss(
    velocity: Velocity, posteriors: Posteriors, rows: Int[Array, " batch"], key: Key[Array, ""]
) -> Float[Array, ""]:
    """Mean squared error of the velocity between draws of a standard normal and of these rows' posteriors."""
    keys = jax.random.split(key, 3)
    shape = (len(rows), posteriors.mean.shape[1])
    end = jnp.asarray(posteriors.mean)[rows]
    noise = jnp.asarray(posteriors.std)[rows] * jax.random.normal(keys[0], shape)
    end += noise @ jnp.asarray(posteriors.inverse).T
    start = jax.random.normal(keys[1], shape)
    # times that are spread evenly over the batch make the loss less noisy
    t = (jnp.arange(len(rows)) + jax.random.uniform(keys[2], (len(rows),))) / len(rows)
    place = (1 - t)[:, None] * start + t[:, None] * end
    return ((velocity(place, t) - (end - start)) ** 2).mean()
