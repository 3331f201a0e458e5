"""Solvers that several methods share, for symmetric positive definite matrices scaled to a diagonal of 1."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, DTypeLike, Float, Int

from evenvae.balancing.algebra import machine_epsilon, matvec

PATIENCE = 3
"""Rounds of block pivoting without progress after which the interior-point method is used."""
INTERIOR_ROUNDS = 60
"""Largest number of rounds of the interior-point method."""
COLUMN_ROUNDS, COLUMN_STEPS = 30, 4
"""Largest number of rounds of `complementary_columns`, and its steps of conjugate gradients in a round."""

Pivoting = tuple[Bool[Array, " D"], Float[Array, " D"], Bool[Array, " D"], Int[Array, ""], Int[Array, ""]]
"""State of block pivoting: where x may be above 0, x, the indices that break a condition, the smallest number of these
so far, and the rounds without progress that are left.
"""
Interior = tuple[Float[Array, " D"], Float[Array, " D"], Int[Array, ""]]
"""State of the interior-point method: x, its slack M x - lower, and the rounds done."""

Columns = tuple[Float[Array, "D K"], Float[Array, "D K"], Float[Array, ""], Int[Array, ""]]
"""State of `complementary_columns`: x, its slack, the largest error of a condition, and the rounds done."""
Answer = tuple[Float[Array, " D"], Bool[Array, ""]]
"""Weights, and whether they are the answer."""


def regularised(correlation: Float[Array, "D D"], ridge: Float[Array, ""] | float) -> Float[Array, "D D"]:
    """The matrix with ``ridge`` added to its diagonal."""
    return correlation + ridge * jnp.eye(correlation.shape[0], dtype=correlation.dtype)


def solve(matrix: Float[Array, "D D"], right: Float[Array, " D"]) -> Float[Array, " D"]:
    """The x with M x = right, by Cholesky decomposition and one round of refinement."""
    factor = jax.scipy.linalg.cho_factor(matrix)
    x = jax.scipy.linalg.cho_solve(factor, right)
    return x + jax.scipy.linalg.cho_solve(factor, right - matvec(matrix, x))


def complementary(
    matrix: Float[Array, "D D"],
    lower: Float[Array, " D"],
    start: Bool[Array, " D"],
    allowed: Bool[Array, " D"],
) -> tuple[Float[Array, " D"], Bool[Array, " D"]]:
    """The x with x >= 0, M x >= lower and x . (M x - lower) = 0; and where x > 0. x is 0 outside ``allowed``.

    The method is block principal pivoting: all indices that break a condition change sides at once, between x = 0 and
    M x = lower. It usually takes 2 to 5 solutions of linear systems, O(D^3), and is exact when it ends. If there are
    many more rows than dimensions that they span, it may return to sides that it had before: after `PATIENCE` rounds
    without progress the interior-point method finds the sides instead.

    Args:
        matrix: M, (D, D).
        lower: lower bounds of M x, (D,).
        start: first guess of where x > 0, (D,).
        allowed: where x may be above 0, (D,).

    References:
        L. F. Portugal, J. J. Judice and L. N. Vicente, "A comparison of block pivoting and interior-point algorithms
        for linear least squares problems with nonnegative variables", Mathematics of Computation 63, 1994.
    """
    identity = jnp.eye(matrix.shape[0], dtype=matrix.dtype)
    scale = jnp.abs(jnp.where(allowed, lower, 0)).max(initial=0.0)
    tolerance = 1e-11 * jnp.where(scale > 0, scale, 1)

    def solve_on(basis: Bool[Array, " D"]) -> tuple[Float[Array, " D"], Bool[Array, " D"]]:
        inside = basis[:, None] & basis[None, :]
        masked = jnp.where(inside, matrix, identity)
        x = jnp.where(basis, solve(masked, jnp.where(basis, lower, 0)), 0)
        slack = matvec(matrix, x) - lower
        wrong = allowed & jnp.where(basis, x < -tolerance, slack < -tolerance)
        return x, wrong

    def unsolved(pivoting: Pivoting) -> Bool[Array, ""]:
        _, _, wrong, _, chances = pivoting
        return wrong.any() & (chances >= 0)

    def pivot(pivoting: Pivoting) -> Pivoting:
        basis, _, wrong, fewest, chances = pivoting
        count = wrong.sum()
        basis = basis ^ wrong
        x, wrong = solve_on(basis)
        return basis, x, wrong, jnp.minimum(count, fewest), jnp.where(count < fewest, PATIENCE, chances - 1)

    basis = start & allowed
    x, wrong = solve_on(basis)
    first = (basis, x, wrong, jnp.array(matrix.shape[0] + 1), jnp.array(PATIENCE))
    basis, x, wrong, _, _ = jax.lax.while_loop(unsolved, pivot, first)
    stuck = wrong.any()
    near, near_basis = interior_point(matrix, lower, allowed, needed=stuck)
    polished, wrong = solve_on(near_basis)
    near = jnp.where(wrong.any(), near, polished)
    x, basis = jnp.where(stuck, near, x), jnp.where(stuck, near_basis, basis)
    return jnp.maximum(x, 0), basis & (x > 0)


def interior_point(
    matrix: Float[Array, "D D"],
    lower: Float[Array, " D"],
    allowed: Bool[Array, " D"],
    needed: Bool[Array, ""] | bool = True,
) -> tuple[Float[Array, " D"], Bool[Array, " D"]]:
    """The answer of `complementary` to about 1e-10, by a predictor-corrector interior-point method.

    It takes 15 to 25 solutions of linear systems for any rows, and none unless ``needed``. The caller passes
    ``needed`` instead of using `jax.lax.cond`, because under ``vmap`` both sides of a condition are computed.

    References:
        S. Mehrotra, "On the implementation of a primal-dual interior point method", SIAM Journal on Optimization 2,
        1992.
    """
    both = allowed[:, None] & allowed[None, :]
    matrix = jnp.where(both, matrix, jnp.eye(matrix.shape[0], dtype=matrix.dtype))
    scale = jnp.abs(jnp.where(allowed, lower, 0)).max(initial=0.0)
    scale = jnp.where(scale > 0, scale, 1)
    right = jnp.where(allowed, lower / scale, -1)

    def reach(value: Float[Array, " D"], change: Float[Array, " D"]) -> Float[Array, ""]:
        """The longest step along ``change`` that keeps the value above 0."""
        return jnp.min(jnp.where(change < 0, -value / jnp.where(change < 0, change, 1), jnp.inf))

    def unsolved(interior: Interior) -> Bool[Array, ""]:
        x, slack, rounds = interior
        residual = jnp.abs(matvec(matrix, x) - right - slack).max()
        return needed & (rounds < INTERIOR_ROUNDS) & ((jnp.max(x * slack) > 1e-14) | (residual > 1e-12))

    def improve(interior: Interior) -> Interior:
        x, slack, rounds = interior
        residual = matvec(matrix, x) - right - slack
        factor = jax.scipy.linalg.cho_factor(matrix + jnp.diag(slack / x))

        def towards(products: Float[Array, " D"]) -> tuple[Float[Array, " D"], Float[Array, " D"]]:
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


def complementary_columns(
    matrix: Float[Array, "D D"], lower: Float[Array, "D K"], allowed: Bool[Array, " D"]
) -> tuple[Float[Array, "D K"], Bool[Array, ""]]:
    """K problems of `complementary` with the same matrix, and whether all are solved to `precision_of`.

    In each round the sides are chosen anew from x and its slack, and the equations of the chosen side are solved a
    little further by conjugate gradients, for all problems by one product of matrices a step. A well conditioned matrix
    takes 4 to 10 rounds, O(D^2 K) each, instead of decompositions for every problem; any other is left unsolved.
    """
    tolerance = precision_of(matrix.dtype) * jnp.maximum(jnp.abs(lower).max(initial=0.0), 1e-30)

    def unsolved(state: Columns) -> Bool[Array, ""]:
        return (state[2] > tolerance) & (state[3] < COLUMN_ROUNDS)

    def improve(state: Columns) -> Columns:
        x, slack, _, rounds = state
        inside = (x > slack) & allowed[:, None]
        x = jnp.where(inside, x, 0)
        residual = jnp.where(inside, lower - matrix @ x, 0)
        direction, size = residual, (residual * residual).sum(0)
        for _ in range(COLUMN_STEPS):
            image = jnp.where(inside, matrix @ direction, 0)
            curvature = (direction * image).sum(0)
            step = jnp.where(curvature > 0, size / jnp.where(curvature > 0, curvature, 1), 0)
            x, residual = x + step * direction, residual - step * image
            before, size = size, (residual * residual).sum(0)
            direction = residual + jnp.where(before > 0, size / jnp.where(before > 0, before, 1), 0) * direction
        slack = matrix @ x - lower
        error = jnp.abs(jnp.where(allowed[:, None], jnp.minimum(x, slack), 0)).max()
        return x, slack, error, rounds + 1

    x = jnp.zeros_like(lower)
    start = (x, -lower, jnp.full((), jnp.inf, matrix.dtype), jnp.array(0))
    x, _, error, _ = jax.lax.while_loop(unsolved, improve, start)
    return jnp.maximum(x, 0), error <= tolerance


def precision_of(dtype: DTypeLike) -> float:
    """The relative error at which an iteration in this precision is done: 4e-6 in float32, 1e-11 in float64."""
    return max(32 * machine_epsilon(dtype), 1e-11)


def answered(
    weights: Float[Array, " D"], solved: Bool[Array, ""], direct: Callable[[], Float[Array, " D"]]
) -> Float[Array, " D"]:
    """The ``weights`` of a quick way that says whether it ``solved`` the problem, else those of the ``direct`` way.

    It is a loop of at most one round and not a branch, because under ``vmap`` both sides of a branch are always
    computed.
    """
    solved = solved & jnp.isfinite(weights).all()

    def unsolved(answer: Answer) -> Bool[Array, ""]:
        return ~answer[1]

    def solve_directly(_: Answer) -> Answer:
        return direct(), jnp.array(True)

    return jax.lax.while_loop(unsolved, solve_directly, (weights, solved))[0]


def first_minimum(values: Float[Array, " D"]) -> Bool[Array, " D"]:
    """True at the first of the smallest values, and False elsewhere.

    JAX refuses ``argmin`` of float64 values when ``jit`` compiles it outside the scope that allows float64.
    """
    index = jnp.arange(values.shape[0])
    return index == jnp.min(jnp.where(values == values.min(), index, values.shape[0]))


def finite_or_plain(weights: Float[Array, " D"], active: Bool[Array, " D"]) -> Float[Array, " D"]:
    """The weights of the active rows if all are finite, else the plain sum, in case a solver fails."""
    weights = jnp.where(active, weights, 0)
    return jnp.where(jnp.isfinite(weights).all(), weights, active.astype(weights.dtype))
