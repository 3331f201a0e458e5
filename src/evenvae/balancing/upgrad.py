"""UPGrad: the mean of the gradients, each projected onto the directions without conflict (Quinton and Rey, 2024)."""

import dataclasses

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key, Shaped

from evenvae.balancing.algebra import FEW, correlations, in_float64, ridge_of
from evenvae.balancing.base import Balancer, State
from evenvae.balancing.solvers import answered, complementary, complementary_columns, finite_or_plain, regularised


@dataclasses.dataclass(frozen=True)
class UPGrad(Balancer):
    r"""The mean of the gradients, each projected onto the directions that conflict with no task.

    Formula:
        $$ v = \tfrac1D \sum_i \Pi(g_i), \qquad \Pi(g) = \arg\min_{u:\; g_d \cdot u \ge 0 \;\forall d} \lVert u - g
        \rVert $$

        In weights: $w = \sum_i w^{(i)}$, where $w^{(i)}$ is the least of $w^\top Q\, w$ over $w \ge e_i / D$.

    The sum conflicts with no task, and it is multiplied by c when all rows are. Where there are many rows, all D
    problems are solved together in the precision of the Gramian (`solvers.complementary_columns`), and by block
    pivoting only if that does not end.

    Cost:
        D solutions by block pivoting at once, O(D^4) in all; beyond 64 tasks 20 to 60 products of D x D matrices.
    """

    @property
    def name(self) -> str:
        """``upgrad``."""
        return "upgrad"

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


@in_float64
def _weights(gram: Float[Array, "D D"], ridge: Float[Array, ""] | float) -> Float[Array, " D"]:
    correlation, norms, active = correlations(gram)
    matrix = regularised(correlation, ridge)
    none = jnp.zeros_like(active)
    # in units of the norms the problems do not depend on the scale of the rows; the push of a row is the combination of
    # rows that must be added to bring it into the cone

    def push_of(row: Float[Array, " D"]) -> Float[Array, " D"]:
        return complementary(matrix, jnp.where(active, -row, 0), none, active)[0]

    push = jax.vmap(push_of)(matrix)
    push = jnp.where(active[:, None], push, 0)
    count = jnp.maximum(active.sum(), 1)
    return finite_or_plain((active + (push * norms[:, None]).sum(0) / norms) / count, active)


def _weights_of_many(gram: Float[Array, "D D"], ridge: float) -> Float[Array, " D"]:
    correlation, norms, active = correlations(gram)
    matrix = regularised(correlation, ridge)
    # a column for every row's problem; those of rows that are not active are solved by 0
    lower = jnp.where(active[:, None] & active[None, :], -matrix, 0)
    push, solved = complementary_columns(matrix, lower, active)
    weights = (active + push @ norms / norms) / jnp.maximum(active.sum(), 1)
    weights = jnp.where(active, weights, 0)
    return answered(weights, solved, lambda: _weights(gram, ridge))


def upgrad() -> Balancer:
    """UPGrad: near the mean gradient, and in conflict with no task. The most expensive method for many tasks.

    Use it when:
        No task may get worse, and there are up to a hundred of them.

    References:
        P. Quinton and V. Rey, "Jacobian descent for multi-objective optimization", 2024, Proposition 1 for the
        projection.
    """
    return UPGrad()
