"""CAGrad: the direction near the mean gradient that helps the worst task most (Liu et al., 2021)."""

import dataclasses
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key, Shaped

from evenvae.balancing.algebra import FEW, correlations, in_float64, matvec, ridge_of
from evenvae.balancing.base import Balancer, State, name_with_options
from evenvae.balancing.solvers import (
    answered,
    complementary,
    finite_or_plain,
    first_minimum,
    precision_of,
    regularised,
)

ROUNDS = 30


@dataclasses.dataclass(frozen=True)
class CAGrad(Balancer):
    r"""The direction near the mean gradient that helps the worst task most.

    Formula:
        $$ v = \arg\max_{v}\; \min_d\; g_d \cdot v \quad\text{subject to}\quad \lVert v - g_0 \rVert \le c\, \lVert g_0
        \rVert, \qquad g_0 = \tfrac1D \sum_d g_d $$

    With u = v - g_0 = G^T x, the largest minimum t that can be reached solves f(t) = c ||g_0||, where f(t) is the
    smallest ||G^T x|| with x >= 0 and Q x >= t - Q 1 / D. The function f is increasing and convex, and its slope is
    sum(x) / f(t), so that Newton's method converges in about five rounds of block pivoting. At a Pareto point, where
    the rows sum to 0 with positive weights, the answer is g_0. c = 0 gives the mean. Where there are many rows,
    pivoting looks for x and t at once, in the precision of the Gramian; and as above if it does not end.

    Cost:
        About 5 x 3 solutions of linear systems, O(D^3); beyond 64 tasks 5 to 8 decompositions.
    """

    c: float = 0.4

    def __post_init__(self) -> None:
        if not 0 <= self.c <= 1:
            raise ValueError(f"cagrad[c={self.c}]: c must lie between 0 and 1")

    @property
    def name(self) -> str:
        """``cagrad``, with c in brackets unless it is 0.4."""
        return name_with_options("cagrad", self)

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
            return _weights_of_many(gram, self.c, ridge_of(gram)), state
        return _weights(gram, self.c, ridge_of(gram)), state


Search = tuple[Float[Array, ""], Float[Array, " D"], Bool[Array, " D"], Float[Array, ""], Int[Array, ""]]
"""State of the search: t, its solution x, where x > 0, the length of G^T x, and the rounds done."""


class Problem(NamedTuple):
    """What `CAGrad` solves, in units of the longest row.

    Attributes:
        matrix: correlations of the rows, with the ridge.
        n: lengths of the rows.
        along: inner products of the unit rows with the mean row.
        radius: of the ball around the mean row.
        active: rows that count.
        number: how many of them there are.
    """

    matrix: Float[Array, "D D"]
    n: Float[Array, " D"]
    along: Float[Array, " D"]
    radius: Float[Array, ""]
    active: Bool[Array, " D"]
    number: Int[Array, ""]

    @property
    def worst(self) -> tuple[Bool[Array, " D"], Float[Array, ""]]:
        """The row with the smallest inner product, and the t at which it reaches the radius alone."""
        inner = jnp.where(self.active, self.n * self.along, jnp.inf)
        worst = first_minimum(inner)
        return worst, jnp.where(self.active.any(), jnp.where(worst, inner + self.radius * self.n, 0).sum(), 0)

    def weights(
        self, x: Float[Array, " D"], length: Float[Array, ""], ridge: Float[Array, ""] | float
    ) -> Float[Array, " D"]:
        """Weights of the rows for the solution x."""
        # if unit rows cancel each other, no direction improves all of them
        stuck = length < jnp.sqrt(ridge) * x.sum()
        extra = jnp.where(self.active & (self.radius > 0) & ~stuck, x / self.n, 0)
        return finite_or_plain(self.active / self.number + extra, self.active)


def _problem(gram: Float[Array, "D D"], c: Float[Array, ""] | float, ridge: Float[Array, ""] | float) -> Problem:
    correlation, norms, active = correlations(gram)
    both = active[:, None] & active[None, :]
    # rows in units of the longest one, which does not change the weights
    longest = jnp.max(jnp.where(active, norms, 0), initial=0.0)
    n = jnp.where(active, norms / jnp.where(longest > 0, longest, 1), 1)
    count = jnp.maximum(active.sum(), 1)
    rho = jnp.where(both, correlation, jnp.eye(n.size))
    along = jnp.where(active, matvec(jnp.where(both, correlation, 0), jnp.where(active, n, 0)) / count, 0)
    radius = c * jnp.sqrt(jnp.maximum((jnp.where(active, n, 0) * along).sum() / count, 0))
    return Problem(regularised(rho, ridge), n, along, radius, active, count)


@in_float64
def _weights(
    gram: Float[Array, "D D"], c: Float[Array, ""] | float, ridge: Float[Array, ""] | float
) -> Float[Array, " D"]:
    problem = _problem(gram, c, ridge)
    matrix, n, along, radius, active, _ = problem

    def solve(
        t: Float[Array, ""], basis: Bool[Array, " D"]
    ) -> tuple[Float[Array, " D"], Bool[Array, " D"], Float[Array, ""]]:
        x, basis = complementary(matrix, jnp.where(active, t / n - along, 0), basis, active)
        return x, basis, jnp.sqrt(jnp.maximum((x * matvec(matrix, x)).sum(), 0))

    worst, t = problem.worst
    x, basis, length = solve(t, worst)

    def unsolved(search: Search) -> Bool[Array, ""]:
        *_, length, rounds = search
        return (jnp.abs(length - radius) > 1e-12 * radius) & (rounds < ROUNDS)

    def newton(search: Search) -> Search:
        t, x, basis, length, rounds = search
        slope = (x / n).sum() / jnp.where(length > 0, length, 1)
        t = t - (length - radius) / jnp.where(slope > 0, slope, 1)
        return t, *solve(t, basis), rounds + 1

    start = (t, x, basis, length, jnp.array(0))
    _, x, _, length, _ = jax.lax.while_loop(unsolved, newton, start)
    return problem.weights(x, length, ridge)


Pivoting = tuple[Bool[Array, " D"], Float[Array, " D"], Bool[Array, " D"], Float[Array, ""], Int[Array, ""]]
"""State of the pivoting for x and t at once: where x > 0, x, the rows that break a condition, the length of G^T x, and
the rounds done.
"""


def _weights_of_many(gram: Float[Array, "D D"], c: float, ridge: float) -> Float[Array, " D"]:
    problem = _problem(gram, c, ridge)
    matrix, n, along, radius, active, _ = problem
    identity = jnp.eye(n.size, dtype=gram.dtype)

    def solve_on(basis: Bool[Array, " D"]) -> tuple[Float[Array, " D"], Bool[Array, " D"], Float[Array, ""]]:
        """x, where it breaks a condition, and ||G^T x||, which sets t. On ``basis`` x = t p - q, elsewhere it is 0."""
        masked = jnp.where(basis[:, None] & basis[None, :], matrix, identity)
        right = jnp.where(basis[:, None], jnp.stack([1 / n, along], 1), 0)
        factor = jax.scipy.linalg.cho_factor(masked)
        found = jax.scipy.linalg.cho_solve(factor, right)
        p, q = (found + jax.scipy.linalg.cho_solve(factor, right - masked @ found)).T
        a, b, rest = (p * right[:, 0]).sum(), (p * right[:, 1]).sum(), (q * right[:, 1]).sum() - radius**2
        t = (b + jnp.sqrt(jnp.maximum(b * b - a * rest, 0))) / jnp.where(a > 0, a, 1)
        x, lower = t * p - q, jnp.where(active, t / n - along, 0)
        image = matrix @ x
        tolerance = precision_of(gram.dtype) * jnp.abs(lower).max()
        wrong = active & jnp.where(basis, x < -tolerance, image - lower < -tolerance)
        return x, wrong, jnp.sqrt(jnp.maximum((x * image).sum(), 0))

    def unsolved(pivoting: Pivoting) -> Bool[Array, ""]:
        _, _, wrong, _, rounds = pivoting
        return wrong.any() & (rounds < ROUNDS)

    def pivot(pivoting: Pivoting) -> Pivoting:
        basis, _, wrong, _, rounds = pivoting
        basis = basis ^ wrong
        return basis, *solve_on(basis), rounds + 1

    worst, _ = problem.worst
    basis = worst & active
    _, x, wrong, length, _ = jax.lax.while_loop(unsolved, pivot, (basis, *solve_on(basis), jnp.array(0)))
    solved = ~wrong.any() & (jnp.abs(length - radius) <= 100 * precision_of(gram.dtype) * radius)
    weights = problem.weights(jnp.maximum(x, 0), length, ridge)
    return answered(weights, solved, lambda: _weights(gram, c, ridge))


def cagrad(c: float = 0.4) -> Balancer:
    """CAGrad: stay near the mean gradient and help the task that improves least.

    Use it when:
        The mean of the losses is what counts in the end, and no task may be forgotten on the way.

    Args:
        c: radius of the ball around the mean gradient, relative to the norm of the mean, in [0, 1]. 0 gives the mean;
            towards 1 the method approaches MGDA.

    References:
        B. Liu, X. Liu, X. Jin, P. Stone and Q. Liu, "Conflict-averse gradient descent for multi-task learning",
        NeurIPS 2021.
    """
    return CAGrad(c)
