"""IMTL-G: equal projections on every task's gradient direction (Liu et al., 2021)."""

import dataclasses

import jax
import jax.numpy as jnp

from evenvae.balancing.base import Balancer, in_float64, matvec, prepared

RIDGE = 1e-9
TOLERANCE = 1e-5


@dataclasses.dataclass(frozen=True)
class IMTLG(Balancer):
    """Weights summing to 1 whose direction projects equally on all unit rows: w = c Q^-1 n.

    Solved as Rho a = 1, w_d proportional to a_d / n_d, with Rho the correlation matrix. Weights may be
    negative; where the common projection itself would be, so that the direction ascends on every task, the sign
    is turned. The direction does not change when a row is rescaled. O(D^3).
    """

    @property
    def name(self) -> str:
        """``imtl-g``."""
        return "imtl-g"

    def weights(self, gram, state, *, key=None, losses=None, noise=None):
        """See `Balancer.weights`."""
        del key, losses, noise
        return _weights(gram), state


@in_float64
def _weights(gram):
    correlation, norms, active = prepared(gram)
    ones = active.astype(gram.dtype)
    regular = correlation + RIDGE * jnp.eye(gram.shape[0], dtype=gram.dtype)
    factor = jax.scipy.linalg.cho_factor(regular)
    a = jax.scipy.linalg.cho_solve(factor, ones)
    # refinement takes the ridge's bias back where Rho is regular
    a = a + jax.scipy.linalg.cho_solve(factor, ones - matvec(correlation, a))
    a = jnp.where(active, a, 0)
    shortest = jnp.min(jnp.where(active, norms, jnp.inf), initial=jnp.inf)
    raw = jnp.where(active, a * shortest / norms, 0)
    solved = jnp.abs(jnp.where(active, matvec(correlation, a) - ones, 0)).max(initial=0.0) < TOLERANCE

    # Equal projections need not exist for dependent rows: the pseudo-inverse then, as in the authors' form. A
    # loop of at most one round instead of a branch, because under vmap a branch would always pay for it.
    longest = jnp.max(jnp.where(active, norms, 0), initial=0.0)
    unit = norms / jnp.where(longest > 0, longest, 1)
    q = jnp.where(active[:, None] & active[None, :], unit[:, None] * correlation * unit[None, :], 0)
    pseudo = lambda _: (_pseudo_solve(q, jnp.where(active, unit, 0)), jnp.array(True))
    raw, _ = jax.lax.while_loop(lambda carry: ~carry[1], pseudo, (raw, solved))
    raw = jnp.where(active, raw, 0)
    total, size = raw.sum(), jnp.abs(raw).sum()
    # the common projection has the sign of 1^T Q^-1 n, which is that of the sum before scaling
    scale = jnp.where(jnp.abs(total) > 1e-12 * size, jnp.abs(total), size)
    return raw / jnp.where(scale > 0, scale, 1)


def _pseudo_solve(q, n):
    """Pseudo-inverse of a symmetric matrix times a vector."""
    eigenvalues, vectors = jnp.linalg.eigh(q)
    cut = jnp.abs(eigenvalues).max() * q.shape[0] * jnp.finfo(q.dtype).eps
    inverse = jnp.where(jnp.abs(eigenvalues) > cut, 1 / jnp.where(eigenvalues != 0, eigenvalues, 1), 0)
    return matvec(vectors, inverse * matvec(vectors.T, n))


def imtl_g() -> Balancer:
    """Every task progresses equally along its own gradient. Blind to the scale of losses."""
    return IMTLG()
