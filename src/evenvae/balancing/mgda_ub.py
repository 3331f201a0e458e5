"""MGDA-UB: the shortest vector in the convex hull of the rows (Desideri, 2012; Sener and Koltun, 2018)."""

import dataclasses

import jax
import jax.numpy as jnp

from evenvae.balancing.base import Balancer, from_losses, in_float64, matvec, prepared, ridge_of
from evenvae.balancing.solvers import complementary, least, positive_or_plain, regularised

SOLVERS = ("exact", "frank-wolfe")
NORMALISATIONS = ("none", "l2", "loss", "loss+")


@dataclasses.dataclass(frozen=True)
class MGDAUB(Balancer):
    """w = argmin of w^T Q w over the simplex.

    Optimality says g_d . v >= ||v||^2 for every row, with equality where w_d > 0: v descends on every task.
    Rows that are orthogonal get w_d proportional to 1 / n_d^2, so short rows rule; at a Pareto-stationary point
    v is 0, which norm matching must not blow up without bound.

    Exact: min over the simplex is x / sum x for the complementary solution of Q x >= 1, found by block pivoting
    in units of the norms, 2 to 5 solves of O(D^3). ``solver="frank-wolfe"`` is the paper's iteration, O(D^2) a
    round and only approximate. ``normalise`` divides rows by their norm (``l2``), loss (``loss``) or both
    (``loss+``) while weights are sought; the weights act on the rows as they are. ``released=True`` repeats
    min(w, 1e-3) of the code released with Javaloy et al. (2021).
    """

    solver: str = "exact"
    normalise: str = "none"
    iterations: int = 100
    tolerance: float = 1e-3
    released: bool = False

    def __post_init__(self):
        for name, allowed in (("solver", SOLVERS), ("normalise", NORMALISATIONS)):
            if getattr(self, name) not in allowed:
                raise ValueError(f"mgda-ub[{name}={getattr(self, name)}]: choose one of {', '.join(allowed)}")

    @property
    def name(self) -> str:
        """``mgda-ub`` with what differs from the defaults in brackets."""
        return self._name("mgda-ub")

    def weights(self, gram, state, *, key=None, losses=None, noise=None):
        """See `Balancer.weights`."""
        del key, noise
        divisor = jnp.ones(gram.shape[0], gram.dtype)
        if self.normalise in ("l2", "loss+"):
            squared = jnp.diagonal(gram)
            divisor = divisor * jnp.sqrt(jnp.where(squared > 0, squared, 1))
        if self.normalise in ("loss", "loss+"):
            size = jnp.abs(from_losses(self.name, losses))
            divisor = divisor * jnp.where(size > 0, size, 1)
        scaled = gram / divisor[:, None] / divisor[None, :]
        if self.solver == "exact":
            weights = _exact(scaled, ridge_of(gram))
        else:
            weights = _frank_wolfe(scaled, self.tolerance, jnp.asarray(self.iterations))
        return (jnp.minimum(weights, 1e-3) if self.released else weights), state


@in_float64
def _exact(gram, ridge):
    correlation, norms, active = prepared(gram)
    shortest = jnp.min(jnp.where(active, norms, jnp.inf), initial=jnp.inf)
    lower = jnp.where(active, shortest / norms, 0)
    x, _ = complementary(regularised(correlation, ridge), lower, active, active)
    x = x * lower
    total = x.sum()
    return positive_or_plain(x / jnp.where(total > 0, total, 1), active)


@in_float64
def _frank_wolfe(gram, tolerance, iterations):
    _, _, active = prepared(gram)
    q = jnp.where(active[:, None] & active[None, :], gram, 0)
    start = active / jnp.maximum(active.sum(), 1)

    def unsolved(carry):
        _, step, count = carry
        return (step > tolerance) & (count < iterations)

    def improve(carry):
        w, _, count = carry
        product = matvec(q, w)
        vertex = least(jnp.where(active, product, jnp.inf))
        at = lambda values: jnp.where(vertex, values, 0).sum()
        # exact line search between w and the vertex
        squared, cross = (w * product).sum(), at(product)
        curvature = squared - 2 * cross + at(jnp.diagonal(q))
        step = jnp.clip((squared - cross) / jnp.where(curvature > 0, curvature, 1), 0, 1)
        moved = (1 - step) * w + step * vertex
        return moved, step, count + 1

    w, _, _ = jax.lax.while_loop(unsolved, improve, (start, jnp.ones((), q.dtype), jnp.array(0)))
    return positive_or_plain(w, active)


def mgda_ub(
    solver: str = "exact",
    normalise: str = "none",
    iterations: int = 100,
    tolerance: float = 1e-3,
    released: bool = False,
) -> Balancer:
    """No task gets worse, to first order. Cautious: rows that are short, or nearly learned, decide the step."""
    return MGDAUB(solver, normalise, iterations, tolerance, released)
