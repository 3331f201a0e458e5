"""Nash-MTL: the bargaining solution (Navon et al., 2022)."""

import dataclasses
from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key, Shaped

from evenvae.balancing.algebra import FEW, correlations, in_float64, matvec, ridge_of
from evenvae.balancing.base import Balancer, State
from evenvae.balancing.solvers import answered, finite_or_plain, precision_of, regularised

ROUNDS = 30
"""Largest number of Newton steps."""
INNER_ROUNDS, INNER_PRECISION = 30, 1e-3
"""Largest number of steps of conjugate gradients for one of Newton, and the share of the residual that may be left."""


@dataclasses.dataclass(frozen=True)
class NashMTL(Balancer):
    r"""The bargaining solution: positive weights that maximise the product of all tasks' gains.

    Formula:
        $$ v = \arg\max_{\lVert v \rVert \le r} \sum_d \log (g_d \cdot v), \qquad v = G^\top w, \qquad
        (Q\, w)_d = \frac{1}{w_d}, \quad w > 0 $$

        w is the only minimum of $\tfrac12 w^\top Q w - \sum_d \log w_d$, and $\lVert v \rVert^2 = D$.

    It is found by damped Newton steps, of length 1 / (1 + decrement) while the decrement is above 1/4. The direction
    does not change when a row is rescaled. At a Pareto point the weights grow until the ridge limits them. Where there
    are many rows, the steps are found by conjugate gradients in the precision of the Gramian, from the best multiple of
    equal weights on; and as above if the answer does not solve the equation.

    Cost:
        5 to 10 solutions of linear systems, O(D^3); beyond 64 tasks some 50 products of O(D^2).
    """

    @property
    def name(self) -> str:
        """``nash-mtl``."""
        return "nash-mtl"

    @property
    def blind_to_scale(self) -> bool:
        """True: a weight is inversely proportional to the length of its row."""
        return True

    def weights(
        self,
        gram: Float[Array, "D D"],
        state: State,
        *,
        key: Key[Array, ""] | None = None,
        losses: Float[Array, " D"] | None = None,
        noise: Shaped[Array, "..."] | None = None,
    ) -> tuple[Float[Array, " D"], State]:
        """See `Balancer.weights`."""
        del key, losses, noise
        if gram.shape[0] > FEW:
            return _weights_of_many(gram, ridge_of(gram)), state
        return _weights(gram, ridge_of(gram)), state


Search = tuple[Float[Array, " D"], Float[Array, ""], Int[Array, ""]]
"""State of Newton's method: the weights of the unit rows, the last decrement, and the rounds done."""


@in_float64
def _weights(gram: Float[Array, "D D"], ridge: Float[Array, ""] | float) -> Float[Array, " D"]:
    correlation, norms, active = correlations(gram)
    matrix = regularised(correlation, ridge)

    def unsolved(search: Search) -> Bool[Array, ""]:
        _, decrement, rounds = search
        return (decrement > 1e-10) & (rounds < ROUNDS)

    def newton(search: Search) -> Search:
        a, _, rounds = search
        gradient = matvec(matrix, a) - 1 / a
        # in units of a the Hessian is A M A + I, which is well conditioned for any rows
        scaled = a[:, None] * matrix * a[None, :] + jnp.eye(a.size, dtype=a.dtype)
        factor = jax.scipy.linalg.cho_factor(scaled)
        step = -jax.scipy.linalg.cho_solve(factor, a * gradient)
        decrement = jnp.sqrt(jnp.maximum(-(a * gradient * step).sum(), 0))
        length = jnp.where(decrement < 0.25, 1.0, 1 / (1 + decrement))
        return a * (1 + length * step), decrement, rounds + 1

    start = jnp.ones_like(norms)
    a, _, _ = jax.lax.while_loop(unsolved, newton, (start, jnp.full((), jnp.inf), jnp.array(0)))
    return finite_or_plain(a / norms, active)


def _weights_of_many(gram: Float[Array, "D D"], ridge: float) -> Float[Array, " D"]:
    correlation, norms, active = correlations(gram)
    matrix = regularised(correlation, ridge)

    def unsolved(search: Search) -> Bool[Array, ""]:
        _, decrement, rounds = search
        # Newton's method converges quadratically, but for what the inner solver leaves
        return (decrement > precision_of(gram.dtype)) & (rounds < ROUNDS)

    def newton(search: Search) -> Search:
        a, _, rounds = search
        right = 1 - a * (matrix @ a)
        step = _step(lambda x: x + a * (matrix @ (a * x)), right)
        decrement = jnp.sqrt(jnp.maximum((right * step).sum(), 0))
        length = jnp.where(decrement < 0.25, 1.0, 1 / (1 + decrement))
        return a * (1 + length * step), decrement, rounds + 1

    total = matrix.sum()
    start = jnp.full_like(norms, jnp.sqrt(norms.size / jnp.where(total > 0, total, norms.size)))
    first = (start, jnp.full((), jnp.inf, gram.dtype), jnp.array(0))
    a, _, _ = jax.lax.while_loop(unsolved, newton, first)
    # where the terms of a product cancel, its rounding errors may be as large as the product
    error = jnp.abs(a * (matrix @ a) - 1) + precision_of(gram.dtype) * a * (jnp.abs(matrix) @ a)
    solved = (a > 0).all() & (error.max() < 100 * precision_of(gram.dtype))
    return answered(jnp.where(active, a / norms, 0), solved, lambda: _weights(gram, ridge))


Inner = tuple[Float[Array, " D"], Float[Array, " D"], Float[Array, " D"], Float[Array, ""], Int[Array, ""]]
"""State of conjugate gradients: x, its residual, the direction, the residual's square, and the steps done."""


def _step(apply: Callable[[Float[Array, " D"]], Float[Array, " D"]], right: Float[Array, " D"]) -> Float[Array, " D"]:
    """The x with apply(x) = right, nearly, for a positive definite map, by conjugate gradients."""
    first = (right * right).sum()

    def unsolved(inner: Inner) -> Bool[Array, ""]:
        *_, size, rounds = inner
        return (size > INNER_PRECISION**2 * first) & (rounds < INNER_ROUNDS)

    def improve(inner: Inner) -> Inner:
        x, residual, direction, size, rounds = inner
        image = apply(direction)
        step = size / (direction * image).sum()
        residual = residual - step * image
        smaller = (residual * residual).sum()
        return x + step * direction, residual, residual + smaller / size * direction, smaller, rounds + 1

    return jax.lax.while_loop(unsolved, improve, (jnp.zeros_like(right), right, right, first, jnp.array(0)))[0]


def nash_mtl() -> Balancer:
    """Nash-MTL: the bargaining solution. Like IMTL-G it ignores the scale of the losses, and its weights are positive.

    Use it when:
        You want proportional fairness: no task may gain a per cent at the price of more than a per cent of the others.

    References:
        A. Navon, A. Shamsian, I. Achituve, H. Maron, K. Kawaguchi, G. Chechik and E. Fetaya, "Multi-task learning as a
        bargaining game", ICML 2022, Claim 3.1.
    """
    return NashMTL()
