"""Balance tasks whose heads are linear in the shared feature, without their rows where the method allows it."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Key

from evenvae.balancing.base import Balancer, Elementwise, State
from evenvae.balancing.gram import combine_linear_heads, gram_of_linear_heads, rows_of_linear_heads

SLICE = 2**18
"""Elements of the shared feature whose rows are held at once by methods that decide element by element."""


def balance_linear_heads(
    balancer: Balancer | None,
    state: State,
    cotangent: Float[Array, "M P"],
    kernel: Float[Array, "h P"],
    feature: Int[np.ndarray, " P"],
    *,
    key: Key[Array, ""] | None = None,
    losses: Float[Array, " D"] | None = None,
) -> tuple[Float[Array, "M h"], State]:
    """The mixed cotangent of the shared feature, and the balancer's next state.

    ``cotangent`` is that of the summed loss at the heads' outputs, ``feature`` says which task an output belongs
    to; ``balancer=None`` is the plain sum. Memory beyond the plain backward is O(P^2) for methods that answer
    with weights, and D times `SLICE` elements for the others, however many rows M there are.
    """
    if balancer is None:
        return cotangent @ kernel.T, state
    if isinstance(balancer, Elementwise):
        return _by_slices(balancer, state, cotangent, kernel, feature, key, losses)
    if not balancer.needs_rows:
        gram = gram_of_linear_heads(cotangent, kernel, feature)
        weights, state = balancer.weights(gram, state, key=key, losses=losses)
        return combine_linear_heads(cotangent, kernel, feature, weights.astype(cotangent.dtype)), state
    rows = rows_of_linear_heads(cotangent, kernel, feature)
    v, state = balancer.update(rows, state, key=key, losses=losses)
    return v.reshape(-1, kernel.shape[0]), state


def _by_slices(balancer: Elementwise, state: State, cotangent, kernel, feature, key, losses) -> tuple[Any, State]:
    scale_key, noise_key = (None, None) if key is None else jax.random.split(key)
    gram = gram_of_linear_heads(cotangent, kernel, feature) if balancer.uses_gram else None
    scale, state = balancer.scaling(gram, state, key=scale_key, losses=losses)
    rows, hidden = cotangent.shape[0], kernel.shape[0]
    tasks = int(np.max(feature)) + 1
    noise = balancer.draw(noise_key, rows * hidden, cotangent.dtype).reshape(rows, hidden)
    if scale is not None:
        scaled = cotangent * scale.astype(cotangent.dtype)[np.asarray(feature, np.int32)]
    else:
        scaled = cotangent
    size = int(np.clip(SLICE // (tasks * hidden), 1, rows))
    pieces = -(-rows // size)
    pad = lambda a: jnp.pad(a, ((0, pieces * size - rows), (0, 0))).reshape(pieces, size, -1)

    def one(piece):
        part, uniforms = piece
        return balancer.direction(rows_of_linear_heads(part, kernel, feature), uniforms.ravel())

    mixed = jax.lax.map(one, (pad(scaled), pad(noise))).reshape(pieces * size, hidden)[:rows]
    return balancer.finish(mixed, cotangent @ kernel.T), state
