"""PCGrad: remove from each gradient what conflicts with another one (Yu et al., 2020)."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key, Shaped

from evenvae.balancing.algebra import FEW, correlations
from evenvae.balancing.base import Balancer, State
from evenvae.balancing.circle import go_round


@dataclasses.dataclass(frozen=True)
class PCGrad(Balancer):
    r"""The sum of the rows, each projected onto the normal plane of every original row that it conflicts with.

    Formula:
        $$ h_i \leftarrow h_i - \frac{\min(h_i \cdot g_j,\, 0)}{\lVert g_j \rVert^2}\, g_j
        \quad\text{for the others } j \text{ in random order, from } h_i = g_i; \qquad v = \sum_i h_i $$

    Each row visits the others in its own random order. All rows are projected at once in D - 1 rounds; where there are
    many, around a circle by products of matrices (`evenvae.balancing.circle`). A projection makes no difference between
    two rows larger, so that the precision of the Gramian is enough for it. ``noise`` (D, D) holds whole numbers: row i
    is the order in which task i visits the tasks; its own entry is skipped, and may be left out.

    Cost:
        O(D^3) after the Gramian, by blocks.
    """

    @property
    def name(self) -> str:
        """``pcgrad``."""
        return "pcgrad"

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
        del losses
        if goes_round(gram.shape[0], key, noise):
            return _weights_around(gram, circle_of(key, gram.shape[0])), state
        return _weights(gram, visiting_order(self.name, gram.shape[0], key, noise)), state


def visiting_order(
    name: str, tasks: int, key: Key[Array, ""] | None, noise: Shaped[Array, "..."] | None
) -> Int[Array, "D visits"]:
    """Orders in which the tasks visit each other, one row for each task: ``noise`` if given, else drawn.

    All tasks are placed on one random circle, and each goes around it from its own place. Every task's order of the
    others is then uniformly distributed, as the paper asks, from a single permutation; D permutations would cost more
    than all projections. Raises ValueError with the ``name`` of the method if neither ``key`` nor ``noise`` is given.
    """
    if noise is not None:
        return jnp.asarray(noise)
    if key is None:
        raise ValueError(f"{name} needs a key or its noise")
    circle = circle_of(key, tasks)
    place = jnp.zeros(tasks, int).at[circle].set(jnp.arange(tasks))
    return circle[(place[:, None] + jnp.arange(tasks)) % tasks]


def circle_of(key: Key[Array, ""] | None, tasks: int) -> Int[Array, " D"]:
    """The tasks in the order in which they stand on the circle of `visiting_order`."""
    assert key is not None
    return jax.random.permutation(key, tasks)


def goes_round(tasks: int, key: Key[Array, ""] | None, noise: Shaped[Array, "..."] | None) -> bool:
    """Whether the visits are those of a circle, and so many that `go_round` is the faster way."""
    return tasks > FEW and key is not None and noise is None


def _weights(gram: Float[Array, "D D"], order: Int[Array, "D visits"]) -> Float[Array, " D"]:
    with jax.enable_x64(True):
        correlation, norms, active = correlations(gram.astype(jnp.float64))
        size = gram.shape[0]
        itself = jnp.arange(size)

        # row i as a combination of the unit rows u: it starts as n_i u_i
        def visit(coefficients: Float[Array, "D D"], j: Int[Array, " D"]) -> tuple[Float[Array, "D D"], None]:
            inner = (coefficients * correlation[j]).sum(1)
            conflict = (inner < 0) & (j != itself) & active[j]
            return coefficients.at[itself, j].add(jnp.where(conflict, -inner, 0)), None

        start = jnp.diag(jnp.where(active, norms, 0))
        coefficients, _ = jax.lax.scan(visit, start, order.T)
        weights = jnp.where(active, coefficients.sum(0) / norms, 0)
        return weights.astype(gram.dtype)


def _weights_around(gram: Float[Array, "D D"], circle: Int[Array, " D"]) -> Float[Array, " D"]:
    correlation, norms, active = (part[circle] for part in correlations(gram))
    lengths = jnp.where(active, norms, 0)

    def visit(inner: Float[Array, " D"], met: Bool[Array, " D"], place: Int[Array, ""], *rest: Any) -> Any:
        del met
        return jnp.where(active[place], jnp.maximum(-inner, 0), 0), *rest

    coefficients, _, _ = go_round(correlation[:, circle], lengths, visit, (), ())
    weights = jnp.where(active, coefficients.sum(1) / norms, 0)
    return jnp.zeros_like(weights).at[circle].set(weights)


def pcgrad() -> Balancer:
    """PCGrad: resolves conflicts between the gradients, and leaves differences of their magnitudes as they are.

    Use it when:
        Conflicts, not scales, are the trouble; or after a method for the magnitudes, as in ``gradnorm+pcgrad``.

    References:
        T. Yu, S. Kumar, A. Gupta, S. Levine, K. Hausman and C. Finn, "Gradient surgery for multi-task learning",
        NeurIPS 2020, Algorithm 1.
    """
    return PCGrad()
