"""Nash-MTL: the bargaining solution (Navon et al., 2022)."""

import dataclasses

import jax
import jax.numpy as jnp

from evenvae.balancing.base import Balancer, in_float64, matvec, prepared, ridge_of
from evenvae.balancing.solvers import positive_or_plain, regularised

ROUNDS = 30


@dataclasses.dataclass(frozen=True)
class NashMTL(Balancer):
    """The w > 0 with Q w = 1 / w, elementwise: the direction that maximises sum_d log(g_d . v) in a ball.

    It is the only minimum of w^T Q w / 2 - sum log w, found by damped Newton steps (step 1 / (1 + decrement)
    while the decrement is above 1/4), 5 to 10 solves of O(D^3). ||v||^2 = D, and the direction does not change
    when a row is rescaled. At a Pareto point weights grow until the ridge stops them.
    """

    @property
    def name(self) -> str:
        """``nash-mtl``."""
        return "nash-mtl"

    def weights(self, gram, state, *, key=None, losses=None, noise=None):
        """See `Balancer.weights`."""
        del key, losses, noise
        return _weights(gram, ridge_of(gram)), state


@in_float64
def _weights(gram, ridge):
    correlation, norms, active = prepared(gram)
    matrix = regularised(correlation, ridge)

    def unsolved(carry):
        _, decrement, rounds = carry
        return (decrement > 1e-10) & (rounds < ROUNDS)

    def newton(carry):
        a, _, rounds = carry
        gradient = matvec(matrix, a) - 1 / a
        # in units of a the Hessian is A M A + I, well conditioned whatever the rows
        scaled = a[:, None] * matrix * a[None, :] + jnp.eye(a.size, dtype=a.dtype)
        factor = jax.scipy.linalg.cho_factor(scaled)
        step = -jax.scipy.linalg.cho_solve(factor, a * gradient)
        decrement = jnp.sqrt(jnp.maximum(-(a * gradient * step).sum(), 0))
        length = jnp.where(decrement < 0.25, 1.0, 1 / (1 + decrement))
        return a * (1 + length * step), decrement, rounds + 1

    start = jnp.ones_like(norms)
    a, _, _ = jax.lax.while_loop(unsolved, newton, (start, jnp.full((), jnp.inf), jnp.array(0)))
    return positive_or_plain(a / norms, active)


def nash_mtl() -> Balancer:
    """Every task gains in proportion to what it could: scale-free like imtl-g, with weights above 0."""
    return NashMTL()
