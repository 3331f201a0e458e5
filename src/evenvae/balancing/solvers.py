"""Solvers that several balancers share; all for symmetric positive definite matrices in correlation units."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from evenvae.balancing.base import matvec

PATIENCE = 3
"""Rounds of block pivoting without progress before the interior point takes over."""
INTERIOR_ROUNDS = 60


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
    sides at once. Usually 2 to 5 solves of O(D^3), and exact once it ends. Where rows are many more than the
    directions they span it may go round in circles: after `PATIENCE` rounds without progress an interior point
    finds the sides instead.
    """
    identity = jnp.eye(matrix.shape[0], dtype=matrix.dtype)
    scale = jnp.abs(jnp.where(allowed, lower, 0)).max(initial=0.0)
    tolerance = 1e-11 * jnp.where(scale > 0, scale, 1)

    def solve_on(basis):
        inside = basis[:, None] & basis[None, :]
        masked = jnp.where(inside, matrix, identity)
        x = jnp.where(basis, solve(masked, jnp.where(basis, lower, 0)), 0)
        slack = matvec(matrix, x) - lower
        wrong = allowed & jnp.where(basis, x < -tolerance, slack < -tolerance)
        return x, wrong

    def unsolved(carry):
        _, _, wrong, _, chances = carry
        return wrong.any() & (chances >= 0)

    def pivot(carry):
        basis, _, wrong, fewest, chances = carry
        count = wrong.sum()
        basis = basis ^ wrong
        x, wrong = solve_on(basis)
        return basis, x, wrong, jnp.minimum(count, fewest), jnp.where(count < fewest, PATIENCE, chances - 1)

    basis = start & allowed
    x, wrong = solve_on(basis)
    carry = (basis, x, wrong, jnp.array(matrix.shape[0] + 1), jnp.array(PATIENCE))
    basis, x, wrong, _, _ = jax.lax.while_loop(unsolved, pivot, carry)
    circled = wrong.any()
    near, near_basis = interior(matrix, lower, allowed, needed=circled)
    polished, wrong = solve_on(near_basis)
    near = jnp.where(wrong.any(), near, polished)
    x, basis = jnp.where(circled, near, x), jnp.where(circled, near_basis, basis)
    return jnp.maximum(x, 0), basis & (x > 0)


def interior(
    matrix: Float[Array, "D D"],
    lower: Float[Array, " D"],
    allowed: Bool[Array, " D"],
    needed: Bool[Array, ""] | bool = True,
) -> tuple[Float[Array, " D"], Bool[Array, " D"]]:
    """`complementary` to about 1e-10 by predictor and corrector (Mehrotra, 1992), 15 to 25 solves of any rows.

    Not a round is spent unless ``needed``: under ``vmap`` a `jax.lax.cond` would spend them all.
    """
    both = allowed[:, None] & allowed[None, :]
    matrix = jnp.where(both, matrix, jnp.eye(matrix.shape[0], dtype=matrix.dtype))
    scale = jnp.abs(jnp.where(allowed, lower, 0)).max(initial=0.0)
    scale = jnp.where(scale > 0, scale, 1)
    right = jnp.where(allowed, lower / scale, -1)
    reach = lambda value, change: jnp.min(jnp.where(change < 0, -value / jnp.where(change < 0, change, 1), jnp.inf))

    def unsolved(carry):
        x, slack, rounds = carry
        residual = jnp.abs(matvec(matrix, x) - right - slack).max()
        return needed & (rounds < INTERIOR_ROUNDS) & ((jnp.max(x * slack) > 1e-14) | (residual > 1e-12))

    def improve(carry):
        x, slack, rounds = carry
        residual = matvec(matrix, x) - right - slack
        factor = jax.scipy.linalg.cho_factor(matrix + jnp.diag(slack / x))

        def towards(products):
            change = jax.scipy.linalg.cho_solve(factor, products / x - residual)
            return change, (products - slack * change) / x

        mean = (x * slack).mean()
        by, slack_by = towards(-x * slack)
        step = jnp.minimum(1, jnp.minimum(reach(x, by), reach(slack, slack_by)))
        left = ((x + step * by) * (slack + step * slack_by)).mean() / mean
        by, slack_by = towards(left**3 * mean - x * slack - by * slack_by)
        step = jnp.minimum(1, 0.995 * jnp.minimum(reach(x, by), reach(slack, slack_by)))
        return x + step * by, slack + step * slack_by, rounds + 1

    ones = jnp.ones_like(right)
    x, slack, _ = jax.lax.while_loop(unsolved, improve, (ones, ones, jnp.array(0)))
    basis = allowed & (x > slack)
    return jnp.where(basis, x * scale, 0), basis


def least(values: Float[Array, " D"]) -> Bool[Array, " D"]:
    """Where the first smallest value stands. ``argmin`` in float64 is refused once jit lowers it out of scope."""
    index = jnp.arange(values.shape[0])
    return index == jnp.min(jnp.where(values == values.min(), index, values.shape[0]))


def positive_or_plain(weights: Float[Array, " D"], active: Bool[Array, " D"]) -> Float[Array, " D"]:
    """``weights`` where all are finite, else the plain sum: no solver may take a step down with it."""
    weights = jnp.where(active, weights, 0)
    return jnp.where(jnp.isfinite(weights).all(), weights, active.astype(weights.dtype))
