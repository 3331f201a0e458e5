"""Eigenvalues of a Gramian whose rows may be long and short by many decades."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from evenvae.balancing.algebra import eigen
from evenvae.balancing.solvers import regularised

Found = tuple[Float[Array, "D D"], Int[Array, ""], Bool[Array, ""]]
"""A correlation matrix, its rank, and whether the rank is known."""


def spectrum(
    correlation: Float[Array, "D D"],
    norms: Float[Array, " D"],
    active: Bool[Array, " D"],
    error: Float[Array, ""] | float,
) -> tuple[Float[Array, " D"], Float[Array, "D D"], Bool[Array, " D"]]:
    """Eigenvalues of the active rows' Gramian, its eigenvectors in columns, and which eigenvalues are not 0.

    Eigenvalues are in ascending order. Every element of a Gramian is known up to a share of the norms of
    its two rows. Beside the eigenvalues of the longest rows those of short rows look like rounding errors, but they are
    not: which rows depend on others is decided from the correlation matrix, where all rows are equally long. The
    Gramian is then decomposed with its longest rows first, which keeps the small eigenvalues exact. The cost is one
    eigendecomposition, and two where rows depend on others, O(D^3).

    Args:
        correlation: of the rows, as `algebra.correlations` gives it.
        norms: of the rows.
        active: the rows that count.
        error: the rounding error of the correlations, `algebra.ridge_of`. Rows depend on others if the correlation
            matrix has an eigenvalue below it.
    """

    def unknown(found: Found) -> Bool[Array, ""]:
        return ~found[2]

    def reduced(found: Found) -> Found:
        values, vectors = eigen(found[0])
        kept = values > error
        parts = vectors * jnp.sqrt(jnp.where(kept, values, 0))
        # a product as multiplication and sum, see `algebra.matvec`
        nearest = (parts[:, None, :] * parts[None, :, :]).sum(-1)
        return nearest, kept.sum() - (~active).sum(), jnp.array(True)

    # this succeeds only if all eigenvalues are above the error
    factor = jax.scipy.linalg.cho_factor(regularised(correlation, -error))[0]
    start = (correlation, active.sum(), jnp.isfinite(factor).all())
    # a loop of at most one round and not a branch, because under vmap both sides of a branch are always computed
    correlation, rank, _ = jax.lax.while_loop(unknown, reduced, start)
    lengths = jnp.where(active, norms, 0)
    order = jnp.argsort(-lengths)
    sorted_gram = (lengths[:, None] * correlation * lengths[None, :])[order][:, order]
    values, vectors = eigen(sorted_gram)
    kept = (jnp.arange(values.size) >= values.size - rank) & (values > 0)
    return values, jnp.zeros_like(vectors).at[order].set(vectors), kept
