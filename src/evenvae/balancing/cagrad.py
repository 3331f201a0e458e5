"""CAGrad: the best worst improvement near the mean gradient (Liu et al., 2021)."""

import dataclasses

import jax
import jax.numpy as jnp

from evenvae.balancing.base import Balancer, in_float64, matvec, prepared, ridge_of
from evenvae.balancing.solvers import complementary, least, positive_or_plain, regularised

ROUNDS = 30


@dataclasses.dataclass(frozen=True)
class CAGrad(Balancer):
    """v = g_0 + d maximising min_d g_d . v with ||d|| <= c ||g_0||, g_0 the mean row.

    With d = G^T x the largest attainable minimum t solves f(t) = c ||g_0||, where f(t) is the least ||G^T x||
    with x >= 0 and Q x >= t - Q 1 / D. f is increasing and convex and its slope is sum(x) / f(t), so Newton
    steps settle in about five rounds, each a block-pivoting solve of O(D^3). At a Pareto point, where rows sum
    to 0 with positive weights, the answer is g_0. c = 0 is the mean.
    """

    c: float = 0.4

    def __post_init__(self):
        if not 0 <= self.c <= 1:
            raise ValueError(f"cagrad[c={self.c}]: c must lie between 0 and 1")

    @property
    def name(self) -> str:
        """``cagrad``, with c in brackets if it is not 0.4."""
        return self._name("cagrad")

    def weights(self, gram, state, *, key=None, losses=None, noise=None):
        """See `Balancer.weights`."""
        del key, losses, noise
        return _weights(gram, self.c, ridge_of(gram)), state


@in_float64
def _weights(gram, c, ridge):
    correlation, norms, active = prepared(gram)
    both = active[:, None] & active[None, :]
    # rows in units of the longest, which leaves weights as they are
    longest = jnp.max(jnp.where(active, norms, 0), initial=0.0)
    n = jnp.where(active, norms / jnp.where(longest > 0, longest, 1), 1)
    count = jnp.maximum(active.sum(), 1)
    rho = jnp.where(both, correlation, jnp.eye(n.size))
    along = jnp.where(active, matvec(jnp.where(both, correlation, 0), jnp.where(active, n, 0)) / count, 0)
    radius = c * jnp.sqrt(jnp.maximum((jnp.where(active, n, 0) * along).sum() / count, 0))
    matrix = regularised(rho, ridge)

    def solve(t, basis):
        x, basis = complementary(matrix, jnp.where(active, t / n - along, 0), basis, active)
        return x, basis, jnp.sqrt(jnp.maximum((x * matvec(matrix, x)).sum(), 0))

    # start: the row with the least inner product alone reaches the radius
    inner = jnp.where(active, n * along, jnp.inf)
    worst = least(inner)
    t = jnp.where(active.any(), jnp.where(worst, inner + radius * n, 0).sum(), 0)
    x, basis, length = solve(t, worst)

    def unsolved(carry):
        *_, length, rounds = carry
        return (jnp.abs(length - radius) > 1e-12 * radius) & (rounds < ROUNDS)

    def newton(carry):
        t, x, basis, length, rounds = carry
        slope = (x / n).sum() / jnp.where(length > 0, length, 1)
        t = t - (length - radius) / jnp.where(slope > 0, slope, 1)
        return t, *solve(t, basis), rounds + 1

    start = (t, x, basis, length, jnp.array(0))
    _, x, _, length, _ = jax.lax.while_loop(unsolved, newton, start)
    # unit rows that cancel conflict for good
    stuck = length < jnp.sqrt(ridge) * x.sum()
    extra = jnp.where(active & (radius > 0) & ~stuck, x / n, 0)
    return positive_or_plain(active / count + extra, active)


def cagrad(c: float = 0.4) -> Balancer:
    """Stays near the mean and lifts the task that gains least. c: 0 the mean, 1 towards MGDA."""
    return CAGrad(c)
