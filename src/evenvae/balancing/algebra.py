"""Algebra on gradient rows and on their D x D Gramian that several methods share."""

import functools
from collections.abc import Callable
from typing import TypeVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, DTypeLike, Float, Shaped

ZERO = 1e-12
"""A row counts as zero when its norm is below this share of the largest norm."""

FEW = 64
"""Up to so many tasks the D x D algebra costs little beside a network and is done directly. Beyond, it is done in ways
that grow less with the number of tasks, and whose answers agree with the direct ones to the rounding of the Gramian.
"""

Answer = TypeVar("Answer")


def finite_rows(rows: Float[Array, "D n"]) -> Float[Array, "D n"]:
    """The rows, with 0 in place of every row that holds a value that is not finite."""
    usable = jnp.isfinite(rows).all(axis=1)
    return jnp.where(usable[:, None], rows, 0)


def active_rows(gram: Float[Array, "D D"]) -> Bool[Array, " D"]:
    """Which rows are finite and longer than `ZERO` times the longest row."""
    squared = gram.diagonal()
    finite = jnp.isfinite(squared)
    norms = jnp.sqrt(jnp.where(finite, jnp.maximum(squared, 0), 0))
    return finite & (norms > ZERO * jnp.max(norms, initial=0.0)) & (norms > 0)


def correlations(
    gram: Float[Array, "D D"],
) -> tuple[Float[Array, "D D"], Float[Array, " D"], Bool[Array, " D"]]:
    """The correlation matrix, the norms of the rows, and which rows are active.

    Inactive rows are replaced by unit rows that are orthogonal to all others, so that the solvers stay regular. The
    caller must set the weights of these rows to zero.
    """
    active = active_rows(gram)
    both = active[:, None] & active[None, :]
    norms = jnp.where(active, jnp.sqrt(jnp.where(active, gram.diagonal(), 1.0)), 1.0)
    # divided by one norm after the other, because the product of two norms may leave the range of float32
    correlation = jnp.where(both, gram, 0.0) / norms[:, None] / norms[None, :]
    correlation = 0.5 * (correlation + correlation.T)
    identity = jnp.eye(gram.shape[0], dtype=gram.dtype)
    return jnp.where(identity > 0, 1.0, correlation), norms, active


def machine_epsilon(dtype: DTypeLike) -> float:
    """Distance from 1 to the next larger number of a floating-point type."""
    return float(jnp.finfo(dtype).eps)  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]


def eigen(matrix: Float[Array, "D D"]) -> tuple[Float[Array, " D"], Float[Array, "D D"]]:
    """Eigenvalues of a symmetric matrix in ascending order, and its eigenvectors in columns."""
    values, vectors = jnp.linalg.eigh(matrix)  # pyright: ignore[reportUnknownVariableType]
    return values, vectors  # pyright: ignore[reportUnknownVariableType]


def ridge_of(gram: Float[Array, "D D"]) -> float:
    """What to add to the diagonal of a correlation matrix: the rounding error of the Gramian it was made from."""
    return max(2 * gram.shape[0] * machine_epsilon(gram.dtype), 1e-13)


def in_float64(function: Callable[..., Answer]) -> Callable[..., Answer]:
    """Run a function of D x D matrices in float64, and return its answers in the precision of its first argument.

    The switch to float64 holds for the call alone, so that the user's ``jax_enable_x64`` is never changed. Integers
    stay integers.
    """

    @functools.wraps(function)
    def wrapped(gram: Float[Array, "D D"], *rest: Shaped[Array, "..."] | float) -> Answer:
        with jax.enable_x64(True):
            wide = [_with_floats_as(jnp.float64, jnp.asarray(a)) for a in (gram, *rest)]
            return jax.tree.map(functools.partial(_with_floats_as, gram.dtype), function(*wide))

    return wrapped


def _with_floats_as(dtype: DTypeLike, array: Shaped[Array, "..."]) -> Shaped[Array, "..."]:
    return array.astype(dtype) if jnp.issubdtype(array.dtype, jnp.floating) else array


def matvec(matrix: Float[Array, "D D"], vector: Float[Array, " D"]) -> Float[Array, " D"]:
    """Matrix times vector, by multiplication and sum.

    Under ``vmap`` of a ``scan``, JAX builds a float64 dot product again outside the scope that allows float64, and
    refuses it there. It accepts multiplication and sum.
    """
    return (matrix * vector).sum(-1)
