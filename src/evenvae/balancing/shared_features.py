"""Balance tasks whose heads are linear in several shared features, each with a balancer of its own."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Array, Float, Int, Key

from evenvae.balancing.base import Balancer, State
from evenvae.balancing.linear_heads import balance_linear_heads


def balance_shared_features(
    balancers: Sequence[Balancer],
    states: Sequence[State],
    cotangent: Float[Array, "M P"],
    kernels: Sequence[Float[Array, "_ outputs"]],
    feature: Int[np.ndarray, " outputs"],
    *,
    keys: Sequence[Key[Array, ""] | None] | None = None,
    losses: Float[Array, " D"] | None = None,
) -> tuple[list[Float[Array, "_ _"]], tuple[State, ...]]:
    """The balanced cotangents of the shared features, and the next states of their balancers.

    Args:
        balancers: a method for each feature.
        states: what ``init`` or the step before returned, for each feature.
        cotangent: gradient of the summed losses with respect to the outputs of the heads, (M, P). A kernel with fewer
            than P outputs is applied to several places of a row, such as the pixels of an image; these places are then
            treated as rows.
        kernels: weights of the heads, (h, P) or (h, outputs), for each feature.
        feature: task of each output of a kernel.
        keys: a random key for each feature, for methods that draw random numbers.
        losses: losses of the tasks, (D,), for methods that work on them.
    """
    mixed: list[Array] = []
    after: list[State] = []
    keys = [None] * len(kernels) if keys is None else keys
    for balancer, state, kernel, key in zip(balancers, states, kernels, keys, strict=True):
        rows = cotangent.reshape(-1, kernel.shape[1])
        one, state = balance_linear_heads(balancer, state, rows, kernel, feature, key=key, losses=losses)
        mixed.append(one)
        after.append(state)
    return mixed, tuple(after)
