"""The protocol of balancers, and what every one of them does with rows that cannot be used."""

import abc
import dataclasses
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

State = Any
ZERO = 1e-12
"""A row counts as zero when its norm is below this share of the largest norm."""


@dataclasses.dataclass(frozen=True)
class Balancer(abc.ABC):
    """Turns the gradients of D tasks into one direction.

    A balancer is a hashable description; what it remembers between steps is ``state``, handed in and returned.
    Most need only the Gramian Q = G G^T of the gradient rows G (D, n) and answer with weights w such that the
    direction is G^T w; those with ``needs_rows`` decide element by element and answer `update` alone.

    Rows of norm zero and rows that are not finite get weight 0; the method sees the others.
    """

    needs_rows: ClassVar[bool] = False

    @property
    def name(self) -> str:
        """The name that `parse` reads back."""
        raise TypeError(f"{type(self).__name__} has no name")

    def init(self, number_of_tasks: int) -> State:
        """State before the first step."""
        del number_of_tasks
        return ()

    @abc.abstractmethod
    def weights(
        self,
        gram: Float[Array, "D D"],
        state: State,
        *,
        key: Key[Array, ""] | None = None,
        losses: Float[Array, " D"] | None = None,
        noise: Array | None = None,
    ) -> tuple[Float[Array, " D"], State]:
        """Weights of the rows from their Gramian, and the next state."""

    def update(
        self,
        rows: Float[Array, "D n"],
        state: State,
        *,
        key: Key[Array, ""] | None = None,
        losses: Float[Array, " D"] | None = None,
        noise: Array | None = None,
    ) -> tuple[Float[Array, " n"], State]:
        """Direction from the rows, and the next state."""
        weights, state = self.weights(rows @ rows.T, state, key=key, losses=losses, noise=noise)
        usable = jnp.isfinite(rows).all(axis=1)
        return weights @ jnp.where(usable[:, None], rows, 0), state


def active_rows(gram: Float[Array, "D D"]) -> Array:
    """(D,) bool: rows that are finite and longer than `ZERO` times the longest."""
    squared = jnp.diagonal(gram)
    finite = jnp.isfinite(squared)
    norms = jnp.sqrt(jnp.where(finite, jnp.maximum(squared, 0), 0))
    return finite & (norms > ZERO * jnp.max(norms, initial=0.0)) & (norms > 0)


def prepared(gram: Float[Array, "D D"]) -> tuple[Array, Array, Array]:
    """Correlation matrix, row norms and active rows, in float64 where the scope allows it.

    Inactive rows become unit rows orthogonal to all others with norm 1, so that solvers stay regular; their
    weights are to be zeroed by the caller.
    """
    active = active_rows(gram)
    both = active[:, None] & active[None, :]
    norms = jnp.where(active, jnp.sqrt(jnp.where(active, jnp.diagonal(gram), 1.0)), 1.0)
    # divided by each norm in turn: their product may leave the range of float32
    correlation = jnp.where(both, gram, 0.0) / norms[:, None] / norms[None, :]
    correlation = 0.5 * (correlation + correlation.T)
    identity = jnp.eye(gram.shape[0], dtype=gram.dtype)
    return jnp.where(identity > 0, 1.0, correlation), norms, active


def in_float64(function):
    """Run D x D algebra in float64 and give the answer back in the input's precision.

    The switch is scoped to the call; the user's ``jax_enable_x64`` is never touched.
    """

    def wrapped(gram, *rest):
        dtype = gram.dtype
        with jax.enable_x64(True):
            wide = [jnp.asarray(a, jnp.float64) for a in (gram, *rest)]
            return jnp.asarray(function(*wide), dtype)

    return wrapped


def matvec(matrix: Float[Array, "D D"], vector: Float[Array, " D"]) -> Float[Array, " D"]:
    """Matrix times vector without a dot: under ``vmap`` of a ``scan`` a float64 dot is re-made outside the
    scope that allows float64, and refused there, while multiplication and sum are not.
    """
    return (matrix * vector).sum(-1)
