"""MGDA-UB: the shortest vector in the convex hull of the gradients (Desideri, 2012; Sener and Koltun, 2018)."""

import dataclasses

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key, Shaped

from evenvae.balancing.algebra import correlations, in_float64, matvec, ridge_of
from evenvae.balancing.base import Balancer, State, name_with_options, required_losses
from evenvae.balancing.solvers import complementary, finite_or_plain, first_minimum, regularised

SOLVERS = ("exact", "frank-wolfe")
NORMALISATIONS = ("none", "l2", "loss", "loss+")


@dataclasses.dataclass(frozen=True)
class MGDAUB(Balancer):
    r"""The shortest vector in the convex hull of the gradients.

    Formula:
        $$ w = \arg\min_{w \ge 0,\; \mathbf 1^\top w = 1} w^\top Q\, w, \qquad v = G^\top w $$

        At the optimum $g_d \cdot v \ge \lVert v \rVert^2$ for every row, with equality where $w_d > 0$, so that v
        improves every task. Orthogonal rows get weights proportional to $1 / n_d^2$, so that short rows dominate.

    At a Pareto-stationary point v is 0, and norm matching must not lengthen it without bound.

    The exact solver uses that the minimum over the simplex is x / sum x, where x is the complementary solution of Q x
    >= 1, found by block pivoting in units of the norms. ``solver="frank-wolfe"`` is the iteration of the paper, which
    is approximate. ``normalise`` divides the rows by their norm (``l2``), their loss (``loss``) or both (``loss+``)
    while the weights are computed; the weights are then applied to the rows as they are. ``released=True`` replaces w
    by min(w, 1e-3), as the code released with Javaloy, Meghdadi and Valera (2021) does.

    Cost:
        2 to 5 solutions of linear systems, O(D^3); with Frank-Wolfe O(D^2) a round.
    """

    solver: str = "exact"
    normalise: str = "none"
    iterations: int = 100
    tolerance: float = 1e-3
    released: bool = False

    def __post_init__(self) -> None:
        for name, allowed in (("solver", SOLVERS), ("normalise", NORMALISATIONS)):
            if getattr(self, name) not in allowed:
                raise ValueError(f"mgda-ub[{name}={getattr(self, name)}]: choose one of {', '.join(allowed)}")

    @property
    def name(self) -> str:
        """``mgda-ub``, with the options that differ from their defaults in brackets."""
        return name_with_options("mgda-ub", self)

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
        del key, noise
        divisor = jnp.ones(gram.shape[0], gram.dtype)
        if self.normalise in ("l2", "loss+"):
            squared = gram.diagonal()
            divisor = divisor * jnp.sqrt(jnp.where(squared > 0, squared, 1))
        if self.normalise in ("loss", "loss+"):
            size = jnp.abs(required_losses(self.name, losses))
            divisor = divisor * jnp.where(size > 0, size, 1)
        scaled = gram / divisor[:, None] / divisor[None, :]
        if self.solver == "exact":
            weights = _exact(scaled, ridge_of(gram))
        else:
            weights = _frank_wolfe(scaled, self.tolerance, jnp.asarray(self.iterations))
        return (jnp.minimum(weights, 1e-3) if self.released else weights), state


@in_float64
def _exact(gram: Float[Array, "D D"], ridge: Float[Array, ""] | float) -> Float[Array, " D"]:
    correlation, norms, active = correlations(gram)
    shortest = jnp.min(jnp.where(active, norms, jnp.inf), initial=jnp.inf)
    lower = jnp.where(active, shortest / norms, 0)
    x, _ = complementary(regularised(correlation, ridge), lower, active, active)
    x = x * lower
    total = x.sum()
    return finite_or_plain(x / jnp.where(total > 0, total, 1), active)


Search = tuple[Float[Array, " D"], Float[Array, ""], Int[Array, ""]]
"""State of Frank-Wolfe: the weights, the length of the last step, and the rounds done."""


@in_float64
def _frank_wolfe(
    gram: Float[Array, "D D"], tolerance: Float[Array, ""] | float, iterations: Int[Array, ""]
) -> Float[Array, " D"]:
    _, _, active = correlations(gram)
    q = jnp.where(active[:, None] & active[None, :], gram, 0)
    start = active / jnp.maximum(active.sum(), 1)

    def unsolved(search: Search) -> Bool[Array, ""]:
        _, step, count = search
        return (step > tolerance) & (count < iterations)

    def improve(search: Search) -> Search:
        w, _, count = search
        product = matvec(q, w)
        vertex = first_minimum(jnp.where(active, product, jnp.inf))

        def at(values: Float[Array, " D"]) -> Float[Array, ""]:
            return jnp.where(vertex, values, 0).sum()

        # exact line search from w to the vertex
        squared, cross = (w * product).sum(), at(product)
        curvature = squared - 2 * cross + at(q.diagonal())
        step = jnp.clip((squared - cross) / jnp.where(curvature > 0, curvature, 1), 0, 1)
        moved = (1 - step) * w + step * vertex
        return moved, step, count + 1

    w, _, _ = jax.lax.while_loop(unsolved, improve, (start, jnp.ones((), q.dtype), jnp.array(0)))
    return finite_or_plain(w, active)


def mgda_ub(
    solver: str = "exact",
    normalise: str = "none",
    iterations: int = 100,
    tolerance: float = 1e-3,
    released: bool = False,
) -> Balancer:
    """MGDA-UB: no task gets worse, to first order.

    Use it when:
        You need a direction that provably improves every task. It is cautious: short gradients, of tasks nearly
        learned, decide the step.

    Args:
        solver: ``exact``, or ``frank-wolfe`` for the iteration of the paper.
        normalise: what the gradients are divided by while weights are computed: ``none``, ``l2`` (their norms),
            ``loss`` (the losses) or ``loss+`` (both).
        iterations: largest number of rounds of Frank-Wolfe.
        tolerance: length of the step at which Frank-Wolfe stops.
        released: limit every weight to 1e-3, as the code released with Javaloy, Meghdadi and Valera (2021) does.

    References:
        J.-A. Desideri, "Multiple-gradient descent algorithm (MGDA) for multiobjective optimization", Comptes Rendus
        Mathematique 350, 2012.
        O. Sener and V. Koltun, "Multi-task learning as multi-objective optimization", NeurIPS 2018, Algorithm 2 and the
        problem called MGDA-UB.
    """
    return MGDAUB(solver, normalise, iterations, tolerance, released)
