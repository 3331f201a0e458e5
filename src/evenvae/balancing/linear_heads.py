"""Balance tasks whose heads are linear in the shared feature, without their rows where the method allows it."""

from typing import Any

import jax
import numpy as np
from jaxtyping import Array, Float, Int, Key

from evenvae.balancing.base import Balancer, Elementwise, State
from evenvae.balancing.gram import (
    absolute_sum_of_linear_heads,
    combine_linear_heads,
    gram_of_linear_heads,
    rows_of_linear_heads,
)


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
    with weights, O(M h) for those that decide element by element, and D times that for any other.
    """
    if balancer is None:
        return cotangent @ kernel.T, state
    if isinstance(balancer, Elementwise):
        return _element_by_element(balancer, state, cotangent, kernel, feature, key, losses)
    if not balancer.needs_rows:
        gram = gram_of_linear_heads(cotangent, kernel, feature)
        weights, state = balancer.weights(gram, state, key=key, losses=losses)
        return combine_linear_heads(cotangent, kernel, feature, weights.astype(cotangent.dtype)), state
    rows = rows_of_linear_heads(cotangent, kernel, feature)
    v, state = balancer.update(rows, state, key=key, losses=losses)
    return v.reshape(-1, kernel.shape[0]), state


def _element_by_element(
    balancer: Elementwise, state: State, cotangent, kernel, feature, key, losses
) -> tuple[Any, State]:
    scale_key, noise_key = (None, None) if key is None else jax.random.split(key)
    gram = gram_of_linear_heads(cotangent, kernel, feature) if balancer.uses_gram else None
    scale, state = balancer.scaling(gram, state, key=scale_key, losses=losses)
    rows, hidden = cotangent.shape[0], kernel.shape[0]
    noise = balancer.draw(noise_key, rows * hidden, cotangent.dtype).reshape(rows, hidden)
    task = np.asarray(feature, np.int32)
    scaled = cotangent if scale is None else cotangent * scale.astype(cotangent.dtype)[task]

    def sums(weights):
        weighted = scaled if weights is None else scaled * weights[task]
        return weighted @ kernel.T, absolute_sum_of_linear_heads(weighted, kernel, feature)

    return balancer.finish(balancer.direction(sums, noise), cotangent @ kernel.T), state
