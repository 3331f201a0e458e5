"""Solvers that several balancers share; all for symmetric positive definite matrices in correlation units."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from evenvae.balancing.base import matvec

PATIENCE = 3
"""Rounds of block pivoting without progress before single pivots take over."""


def regularised(correlation: Float[Array, "D D"], ridge: Float[Array, ""] | float) -> Float[Array, "D D"]:
    """The matrix with ``ridge`` added to its diagonal."""
    return correlation + ridge * jnp.eye(correlation.shape[0], dtype=correlation.dtype)


def solve(matrix: Float[Array, "D D"], right: Float[Array, " D"]) -> Float[Array, " D"]:
    """Cholesky solution with one round of refinement."""
    factor = jax.scipy.linalg.cho_factor(matrix)
    x = jax.scipy.linalg.cho_solve(factor, right)
    return x + jax.scipy.linalg.cho_solve(factor, right - matvec(matrix, x))


def complementary(
    matrix: Float[Array, "D D"],
    lower: Float[Array, " D"],
    start: Bool[Array, " D"],
    allowed: Bool[Array, " D"],
) -> tuple[Float[Array, " D"], Bool[Array, " D"]]:
    """The x with x >= 0, M x >= lower and x . (M x - lower) = 0, and where x > 0; x = 0 outside ``allowed``.

    Block principal pivoting (Portugal, Judice and Vicente, 1994): all indices that break a condition change
    sides at once; after `PATIENCE` rounds without fewer of them, the last one alone. Usually 2 to 5 solves of
    O(D^3), at most 3 D + 20; exact once it ends.
    """
    size = matrix.shape[0]
    identity = jnp.eye(size, dtype=matrix.dtype)
    scale = jnp.abs(jnp.where(allowed, lower, 0)).max(initial=0.0)
    tolerance = 1e-11 * jnp.where(scale > 0, scale, 1)
    index = jnp.arange(size)

    def solve_on(basis):
        inside = basis[:, None] & basis[None, :]
        masked = jnp.where(inside, matrix, identity)
        x = jnp.where(basis, solve(masked, jnp.where(basis, lower, 0)), 0)
        slack = matvec(matrix, x) - lower
        wrong = allowed & jnp.where(basis, x < -tolerance, slack < -tolerance)
        return x, wrong

    def unsolved(carry):
        _, _, wrong, _, _, rounds = carry
        return wrong.any() & (rounds < 3 * size + 20)

    def pivot(carry):
        basis, _, wrong, fewest, chances, rounds = carry
        count = wrong.sum()
        better = count < fewest
        chances = jnp.where(better, PATIENCE, chances - 1)
        last = index == jnp.max(jnp.where(wrong, index, -1))
        basis = basis ^ jnp.where(better | (chances >= 0), wrong, last)
        x, wrong = solve_on(basis)
        return basis, x, wrong, jnp.minimum(count, fewest), chances, rounds + 1

    basis = start & allowed
    x, wrong = solve_on(basis)
    carry = (basis, x, wrong, jnp.array(size + 1), jnp.array(PATIENCE), jnp.array(0))
    basis, x, *_ = jax.lax.while_loop(unsolved, pivot, carry)
    return jnp.maximum(x, 0), basis & (x > 0)


def least(values: Float[Array, " D"]) -> Bool[Array, " D"]:
    """Where the first smallest value stands. ``argmin`` in float64 is refused once jit lowers it out of scope."""
    index = jnp.arange(values.shape[0])
    return index == jnp.min(jnp.where(values == values.min(), index, values.shape[0]))


def positive_or_plain(weights: Float[Array, " D"], active: Bool[Array, " D"]) -> Float[Array, " D"]:
    """``weights`` where all are finite, else the plain sum: no solver may take a step down with it."""
    weights = jnp.where(active, weights, 0)
    return jnp.where(jnp.isfinite(weights).all(), weights, active.astype(weights.dtype))
