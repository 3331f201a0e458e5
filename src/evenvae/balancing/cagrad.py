"""CAGrad: the direction near the mean gradient that helps the worst task most (Liu et al., 2021)."""

import dataclasses

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key, Shaped

from evenvae.balancing.algebra import correlations, in_float64, matvec, ridge_of
from evenvae.balancing.base import Balancer, State, name_with_options
from evenvae.balancing.solvers import complementary, finite_or_plain, first_minimum, regularised

ROUNDS = 30


@dataclasses.dataclass(frozen=True)
class CAGrad(Balancer):
    """v = g_0 + u that maximises min_d g_d . v subject to ||u|| <= c ||g_0||, where g_0 is the mean row.

    With u = G^T x, the largest minimum t that can be reached solves f(t) = c ||g_0||, where f(t) is the smallest
    ||G^T x|| with x >= 0 and Q x >= t - Q 1 / D. The function f is increasing and convex, and its slope is
    sum(x) / f(t), so that Newton's method converges in about five rounds. Each round is a solution by block pivoting,
    O(D^3). At a Pareto point, where the rows sum to 0 with positive weights, the answer is g_0. c = 0 gives the mean.
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
        return _weights(gram, self.c, ridge_of(gram)), state


Search = tuple[Float[Array, ""], Float[Array, " D"], Bool[Array, " D"], Float[Array, ""], Int[Array, ""]]
"""State of the search: t, its solution x, where x > 0, the length of G^T x, and the rounds done."""


@in_float64
def _weights(
    gram: Float[Array, "D D"], c: Float[Array, ""] | float, ridge: Float[Array, ""] | float
) -> Float[Array, " D"]:
    correlation, norms, active = correlations(gram)
    both = active[:, None] & active[None, :]
    # rows in units of the longest one, which does not change the weights
    longest = jnp.max(jnp.where(active, norms, 0), initial=0.0)
    n = jnp.where(active, norms / jnp.where(longest > 0, longest, 1), 1)
    count = jnp.maximum(active.sum(), 1)
    rho = jnp.where(both, correlation, jnp.eye(n.size))
    along = jnp.where(active, matvec(jnp.where(both, correlation, 0), jnp.where(active, n, 0)) / count, 0)
    radius = c * jnp.sqrt(jnp.maximum((jnp.where(active, n, 0) * along).sum() / count, 0))
    matrix = regularised(rho, ridge)

    def solve(
        t: Float[Array, ""], basis: Bool[Array, " D"]
    ) -> tuple[Float[Array, " D"], Bool[Array, " D"], Float[Array, ""]]:
        x, basis = complementary(matrix, jnp.where(active, t / n - along, 0), basis, active)
        return x, basis, jnp.sqrt(jnp.maximum((x * matvec(matrix, x)).sum(), 0))

    # start where the row with the smallest inner product reaches the radius alone
    inner = jnp.where(active, n * along, jnp.inf)
    worst = first_minimum(inner)
    t = jnp.where(active.any(), jnp.where(worst, inner + radius * n, 0).sum(), 0)
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
    # if unit rows cancel each other, no direction improves all of them
    stuck = length < jnp.sqrt(ridge) * x.sum()
    extra = jnp.where(active & (radius > 0) & ~stuck, x / n, 0)
    return finite_or_plain(active / count + extra, active)


def cagrad(c: float = 0.4) -> Balancer:
    """CAGrad: stay near the mean gradient and help the task that improves least.

    Args:
        c: radius of the ball around the mean gradient, relative to the norm of the mean, in [0, 1]. 0 gives the mean;
            towards 1 the method approaches MGDA.

    References:
        B. Liu, X. Liu, X. Jin, P. Stone and Q. Liu, "Conflict-averse gradient descent for multi-task learning",
        NeurIPS 2021.
    """
    return CAGrad(c)
