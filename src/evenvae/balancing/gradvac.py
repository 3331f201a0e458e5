"""GradVac: change gradients until their cosines reach a running target (Wang et al., 2021)."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key, Shaped

from evenvae.balancing.algebra import correlations
from evenvae.balancing.base import Balancer, State, name_with_options
from evenvae.balancing.circle import go_round
from evenvae.balancing.pcgrad import circle_of, goes_round, visiting_order


@dataclasses.dataclass(frozen=True)
class GradVac(Balancer):
    r"""PCGrad with targets: rows that agree less than they used to are drawn together.

    Formula:
        $$ \text{if } \cos(h_i, g_j) < \varphi_{ij}: \quad h_i \leftarrow h_i + a\, g_j
        \;\text{ with } a \text{ such that } \cos(h_i, g_j) = \varphi_{ij} $$

        $$ \varphi \leftarrow (1 - \beta)\, \varphi + \beta \cos $$

        $\varphi$ starts from 0, where the method acts as PCGrad.

    ``epsilon`` is added to products of norms before a division; it matters for rows shorter than its square root.
    ``noise`` (D, D) holds the visiting orders, as in `pcgrad`.

    Cost:
        O(D^3) after the Gramian, by blocks; the state is a D x D matrix.
    """

    beta: float = 0.5
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        if not 0 <= self.beta <= 1:
            raise ValueError(f"gradvac[beta={self.beta}]: beta must lie between 0 and 1")

    @property
    def name(self) -> str:
        """``gradvac``, with the options that differ from their defaults in brackets."""
        return name_with_options("gradvac", self)

    def init(self, number_of_tasks: int) -> Float[Array, "D D"]:
        """Target cosines of 0."""
        return jnp.zeros((number_of_tasks, number_of_tasks))

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
            circle = circle_of(key, gram.shape[0])
            weights, target = _weights_around(gram, state.astype(gram.dtype), circle, self.beta, self.epsilon)
            return weights, target.astype(state.dtype)
        order = visiting_order(self.name, gram.shape[0], key, noise)
        weights, target = _weights(gram, state, order, self.beta, self.epsilon)
        return weights.astype(gram.dtype), target.astype(state.dtype)


Carry = tuple[Float[Array, "D D"], Float[Array, " D"], Float[Array, "D D"]]
"""Coefficients of the rows in the unit rows, the lengths of the rows, and the targets."""


def _weights(
    gram: Float[Array, "D D"], target: Float[Array, "D D"], order: Int[Array, "D visits"], beta: float, epsilon: float
) -> tuple[Float[Array, " D"], Float[Array, "D D"]]:
    with jax.enable_x64(True):
        correlation, norms, active = correlations(gram.astype(jnp.float64))
        target = target.astype(jnp.float64)
        size = gram.shape[0]
        itself = jnp.arange(size)

        # row i as a combination of the unit rows u: it starts as n_i u_i
        def visit(carry: Carry, j: Int[Array, " D"]) -> tuple[Carry, None]:
            coefficients, length, target = carry
            inner = (coefficients * correlation[j]).sum(1)
            goal = target[itself, j]
            met = (j != itself) & active[j] & active
            more, length, learned = _visited(inner, met, length, goal, norms[j], beta, epsilon)
            coefficients = coefficients.at[itself, j].add(more)
            return (coefficients, length, target.at[itself, j].set(learned)), None

        length = jnp.where(active, norms, 0)
        (coefficients, _, target), _ = jax.lax.scan(visit, (jnp.diag(length), length, target), order.T)
        return jnp.where(active, coefficients.sum(0) / norms, 0), target


def _visited(
    inner: Float[Array, " D"],
    met: Bool[Array, " D"],
    length: Float[Array, " D"],
    goal: Float[Array, " D"],
    norm: Float[Array, "..."],
    beta: float,
    epsilon: float,
) -> tuple[Float[Array, " D"], Float[Array, " D"], Float[Array, " D"]]:
    """How much of a unit row each row takes on, its length afterwards, and its next target for that row.

    Args:
        inner: products of the rows with the unit row that they visit.
        met: which rows visit one.
        length: of the rows.
        goal: their targets.
        norm: of the rows that are visited, one for each row or one for all.
        beta, epsilon: see `GradVac`.
    """
    cosine = jnp.clip(inner * norm / (length * norm + epsilon), -1, 1)
    sine, goal_sine = jnp.sqrt(1 - cosine**2), jnp.sqrt(jnp.maximum(1 - goal**2, 0))
    more = length * (goal * sine - cosine * goal_sine) * norm / (norm * goal_sine + epsilon)
    more = jnp.where(met & (cosine < goal), more, 0)
    length = jnp.sqrt(jnp.maximum(length**2 + 2 * more * inner + more**2, 0))
    return more, length, jnp.where(met, (1 - beta) * goal + beta * cosine, goal)


def _weights_around(
    gram: Float[Array, "D D"], target: Float[Array, "D D"], circle: Int[Array, " D"], beta: float, epsilon: float
) -> tuple[Float[Array, " D"], Float[Array, "D D"]]:
    correlation, norms, active = (part[circle] for part in correlations(gram))
    length = jnp.where(active, norms, 0)

    def visit(inner: Any, met: Any, place: Any, length: Any, goal: Any) -> Any:
        met = met & active & active[place]
        return _visited(inner, met, length, goal, norms[place], beta, epsilon)

    by_place = target[:, circle].T[:, circle]
    coefficients, _, by_place = go_round(correlation[:, circle], length, visit, length, by_place)
    weights = jnp.where(active, coefficients.sum(1) / norms, 0)
    back = jnp.zeros(circle.size, circle.dtype).at[circle].set(jnp.arange(circle.size, dtype=circle.dtype))
    return weights[back], by_place.T[back][:, back]


def gradvac(beta: float = 0.5, epsilon: float = 1e-8) -> Balancer:
    """GradVac: PCGrad that also draws together gradients that agree less than they used to.

    Use it when:
        The tasks are related, and should stay so.

    Args:
        beta: weight of the newest cosines in the running mean, in [0, 1].
        epsilon: small number that is added before divisions.

    References:
        Z. Wang, Y. Tsvetkov, O. Firat and Y. Cao, "Gradient vaccine: investigating and improving multi-task
        optimization in massively multilingual models", ICLR 2021.
    """
    return GradVac(beta, epsilon)
