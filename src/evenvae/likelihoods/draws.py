"""Draws by inversion: a value from uniform numbers. All columns then share one array of them, and no draw needs a loop
whose length depends on what is drawn.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Key

MATRIX_UP_TO = 256
"""Number of levels up to which sums of their probabilities are a product with a triangular matrix."""
BELOW_ONE = 1 - 2**-22
"""Far enough from 1 that a product with a sum of weights rounds below the sum: no level without weight is drawn."""
SMALL_MEAN, MOST_TERMS = 32.0, 96
"""Up to this mean the probabilities of the counts are summed, of the first so many: the rest weighs less than 2^-24."""


def open_uniform(key: Key[Array, ""], shape: tuple[int, ...], dtype: Any = jnp.float32) -> Float[Array, "..."]:
    """Numbers from U(0, 1), neither 0 nor 1: `jax.random.uniform` gives whole multiples of 2^-23, 0 among them."""
    return jax.random.uniform(key, shape, dtype) + 2**-24


def normal_quantile(uniform: Float[Array, "..."]) -> Float[Array, "..."]:
    """The standard-normal number below which this share lies."""
    return np.float32(np.sqrt(2)) * jax.lax.erf_inv(2 * uniform - 1)


def level(uniform: Float[Array, "..."], logits: Float[Array, "... levels"]) -> Int[Array, "..."]:
    """The first level at which the sum of the probabilities softmax(logits) exceeds the number."""
    levels = logits.shape[-1]
    weight = jnp.exp(logits - logits.max(-1, keepdims=True))
    if levels <= MATRIX_UP_TO:
        below = weight @ np.triu(np.ones((levels, levels), weight.dtype))
    else:
        below = jnp.cumsum(weight, axis=-1)
    wanted = jnp.minimum(uniform, BELOW_ONE)[..., None] * below[..., -1:]
    return (below <= wanted).sum(-1, dtype=jnp.int32)


def draw_levels(key: Key[Array, ""], logits: Float[Array, " levels"], count: int) -> Int[Array, " count"]:
    """So many levels, all with the same probabilities softmax(logits)."""
    below = jnp.cumsum(jnp.exp(logits - logits.max()))
    wanted = jnp.minimum(open_uniform(key, (count,), below.dtype), BELOW_ONE) * below[-1]
    return jnp.searchsorted(below, wanted, side="right").astype(jnp.int32)


def poisson_quantile(uniform: Float[Array, "..."], mean: Float[Array, "..."]) -> Float[Array, "..."]:
    """The count up to which this share of a Poisson distribution lies.

    Up to `SMALL_MEAN` the probabilities are summed. Above, the quantile is expanded in the root of the mean (Giles,
    2016: Algorithm 955, eq. 7), which is a whole count off in less than one draw of ten thousand.
    """
    small = jnp.minimum(mean, SMALL_MEAN)

    def one_more(count: Array, state: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        term, total, found = state
        found = found + (total < uniform)
        term = term * small / (count + 1)
        return term, total + term, found

    first = jnp.exp(-small)
    few = jax.lax.fori_loop(0, MOST_TERMS, one_more, (first, first, jnp.zeros_like(mean)))[2]
    w, root = normal_quantile(uniform), jnp.sqrt(jnp.maximum(mean, 1))
    correction = (2 + w**2) / 6 - (w / 36 + w**3 / 72) / root + (-8 / 405 + 7 * w**2 / 810 + w**4 / 270) / root**2
    many = jnp.floor(mean + root * w + correction)
    return jnp.where(mean <= SMALL_MEAN, few, many)


TRIES = 3
"""Proposals of a gamma draw. Each is taken with a probability above 0.95, so one draw of 10^4 takes none of them."""
GAMMA_UNIFORMS = 2 * TRIES + 1


def gamma_draw(uniform: Float[Array, "uniforms ..."], shape: Float[Array, "..."]) -> Float[Array, "..."]:
    """A draw of a gamma distribution with scale 1, from `GAMMA_UNIFORMS` uniform numbers.

    Marsaglia and Tsang (2000) with a fixed number of proposals: d (1 + c x)^3 with normal x, d = shape + 2/3 and
    c = (9 d)^(-1/2) for shape + 1, then times u^(1 / shape). Where no proposal is taken, the draw is the mean.
    """
    d = shape + np.float32(2 / 3)
    c = 1 / jnp.sqrt(9 * d)
    found, done = jnp.ones_like(d), jnp.zeros(d.shape, bool)
    for proposal, height in zip(uniform[:TRIES], uniform[TRIES : 2 * TRIES], strict=True):
        x = normal_quantile(proposal)
        v = jnp.maximum(1 + c * x, 1e-6) ** 3
        taken = (1 + c * x > 0) & (jnp.log(height) < 0.5 * x**2 + d * (1 - v + jnp.log(v)))
        found, done = jnp.where(taken & ~done, v, found), done | taken
    return d * found * jnp.exp(jnp.log(uniform[2 * TRIES]) / shape)
