"""Balance tasks whose heads are linear in one shared feature."""

import numpy as np
from jaxtyping import Array, Float, Int, Key

from evenvae.balancing.base import Balancer, State


def balance_linear_heads(
    balancer: Balancer,
    state: State,
    cotangent: Float[Array, "M P"],
    kernel: Float[Array, "h P"],
    feature: Int[np.ndarray, " P"],
    *,
    key: Key[Array, ""] | None = None,
    losses: Float[Array, " D"] | None = None,
) -> tuple[Float[Array, "M h"], State]:
    """The balanced cotangent (M, h) of the shared feature, and the next state of the balancer.

    Beyond the plain backward pass this needs memory of O(P^2) for methods that answer with weights, of O(M h) for
    those that decide element by element, and D times that for any other.

    Args:
        balancer: the method.
        state: what ``balancer.init`` or the step before returned.
        cotangent: gradient of the summed losses with respect to the outputs of the heads, (M, P).
        kernel: weights of the heads, (h, P).
        feature: task of each of the P outputs.
        key: random key of the step, for methods that draw random numbers.
        losses: losses of the tasks, (D,), for methods that work on them.
    """
    return balancer.mix_linear_heads(state, cotangent, kernel, feature, key=key, losses=losses)
