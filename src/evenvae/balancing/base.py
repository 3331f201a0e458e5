"""The protocol of balancers, and what every one of them does with rows that cannot be used."""

import abc
import dataclasses
from collections.abc import Callable
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

State = Any
Sums = Callable[[Float[Array, " D"] | None], tuple[Float[Array, " *n"], Float[Array, " *n"]]]
"""Weights w >= 0 of the rows g (None: ones) to sum_d w_d g_d and sum_d w_d |g_d|, element by element."""
ZERO = 1e-12
"""A row counts as zero when its norm is below this share of the largest norm."""


@dataclasses.dataclass(frozen=True)
class Balancer(abc.ABC):
    """Turns the gradients of D tasks into one direction.

    A balancer is a hashable description; what it remembers between steps is ``state``, handed in and returned.
    Most need only the Gramian Q = G G^T of the gradient rows G (D, n) and answer with weights w such that the
    direction is G^T w; those with ``needs_rows`` decide element by element and answer `update` alone.

    Rows of norm zero and rows that are not finite get weight 0; the method sees the others. With one row left the
    direction lies along it.
    """

    needs_rows: ClassVar[bool] = False

    @property
    def name(self) -> str:
        """The name that `parse` reads back."""
        raise TypeError(f"{type(self).__name__} has no name")

    @property
    def looks_back(self) -> bool:
        """Whether `observe` is to be told the losses after the step."""
        return False

    def _name(self, method: str) -> str:
        """``method`` with the fields that differ from their defaults in brackets."""
        fields = {field.name: (getattr(self, field.name), field.default) for field in dataclasses.fields(self)}
        changed = [f"{name}={_text(value)}" for name, (value, default) in fields.items() if value != default]
        return f"{method}[{','.join(changed)}]" if changed else method

    def init(self, number_of_tasks: int) -> State:
        """State before the first step."""
        del number_of_tasks
        return ()

    def observe(self, state: State, losses: Float[Array, " D"]) -> State:
        """State after the parameters moved; ``losses`` are those of the same batch, computed anew."""
        del losses
        return state

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


class Elementwise(Balancer):
    """A balancer that decides element by element of the rows and answers `update` alone.

    `update` is `scaling` of the rows, then `draw` of the noise, then `direction`. The last asks for sums over the
    rows alone, so that callers who know these another way never make the rows.
    """

    needs_rows: ClassVar[bool] = True
    uses_gram: ClassVar[bool] = False
    """Whether `scaling` looks at the Gramian; it may be None else."""

    def weights(self, gram, state, *, key=None, losses=None, noise=None):
        """Raises TypeError: the direction is no weighted sum."""
        del gram, state, key, losses, noise
        raise TypeError(f"{self.name} decides element by element and needs the rows: call update")

    def scaling(
        self, gram: Float[Array, "D D"] | None, state: State, *, key=None, losses=None
    ) -> tuple[Float[Array, " D"] | None, State]:
        """What to multiply the rows by beforehand (None: nothing), and the next state."""
        del gram, key, losses
        return None, state

    @abc.abstractmethod
    def draw(self, key: Key[Array, ""] | None, elements: int, dtype: Any) -> Float[Array, " n"]:
        """The noise of a step."""

    @abc.abstractmethod
    def direction(self, sums: Sums, noise: Float[Array, " *n"]) -> Float[Array, " *n"]:
        """The mixture of scaled rows, each element by itself, in the shape of the elements."""

    def finish(self, direction: Float[Array, " n"], plain: Float[Array, " n"]) -> Float[Array, " n"]:
        """The whole direction, given the plain sum of the rows."""
        del plain
        return direction

    def update(self, rows, state, *, key=None, losses=None, noise=None):
        """See `Balancer.update`."""
        scale_key, noise_key = (None, None) if key is None else jax.random.split(key)
        gram = rows @ rows.T if self.uses_gram else None
        scale, state = self.scaling(gram, state, key=scale_key, losses=losses)
        noise = self.draw(noise_key, rows.shape[1], rows.dtype) if noise is None else jnp.asarray(noise)
        rows = jnp.where(jnp.isfinite(rows).all(axis=1)[:, None], rows, 0)
        rows = rows if scale is None else scale[:, None] * rows

        def sums(weights):
            weighted = rows if weights is None else weights[:, None] * rows
            return weighted.sum(0), jnp.abs(weighted).sum(0)

        return self.direction(sums, noise), state


def _text(value: Any) -> str:
    if isinstance(value, tuple):
        return "/".join(f"{item:g}" for item in value)
    return f"{value:g}" if isinstance(value, float) else str(value).lower()


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


def ridge_of(gram: Float[Array, "D D"]) -> float:
    """What to add to the diagonal of a correlation matrix: the rounding of the Gramian it was made from."""
    return max(2 * gram.shape[0] * float(jnp.finfo(gram.dtype).eps), 1e-13)


def in_float64(function):
    """Run D x D algebra in float64 and give the answers back in the first argument's precision.

    The switch is scoped to the call; the user's ``jax_enable_x64`` is never touched. Whole numbers stay whole.
    """

    def wrapped(gram, *rest):
        dtype = gram.dtype
        floating = lambda a: jnp.issubdtype(a.dtype, jnp.floating)
        with jax.enable_x64(True):
            wide = [jnp.asarray(a, jnp.float64) if floating(jnp.asarray(a)) else jnp.asarray(a) for a in (gram, *rest)]
            return jax.tree.map(lambda a: a.astype(dtype) if floating(a) else a, function(*wide))

    return wrapped


def from_losses(name: str, losses: Float[Array, " D"] | None) -> Float[Array, " D"]:
    """The losses, or a ValueError that says who needs them."""
    if losses is None:
        raise ValueError(f"{name} works on the losses: pass losses=, one for each task")
    return losses


def matvec(matrix: Float[Array, "D D"], vector: Float[Array, " D"]) -> Float[Array, " D"]:
    """Matrix times vector without a dot: under ``vmap`` of a ``scan`` a float64 dot is re-made outside the
    scope that allows float64, and refused there, while multiplication and sum are not.
    """
    return (matrix * vector).sum(-1)
