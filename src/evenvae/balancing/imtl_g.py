"""IMTL-G: a direction with equal projections on the gradients of all tasks (Liu et al., 2021)."""

import dataclasses

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Key, Shaped

from evenvae.balancing.algebra import correlations, in_float64, matvec, ridge_of
from evenvae.balancing.base import Balancer, State
from evenvae.balancing.spectrum import spectrum

RIDGE = 1e-9
"""Added to the diagonal of the correlation matrix."""
TOLERANCE = 1e-5
"""Largest error of a projection on a unit row; above it the pseudo-inverse is used."""
DOUBT = 0.1
"""Share of a projection that rounding errors may make; above it the pseudo-inverse is used."""


@dataclasses.dataclass(frozen=True)
class IMTLG(Balancer):
    r"""Weights that sum to 1 and whose direction has equal projections on all unit rows.

    Formula:
        $$ \frac{g_1 \cdot v}{n_1} = \dots = \frac{g_D \cdot v}{n_D}, \qquad v = G^\top w, \quad \mathbf 1^\top w = 1,
        \qquad\text{so}\quad w = c\, Q^{-1} n $$

        They are found by solving $R a = \mathbf 1$, where R is the correlation matrix of the rows; $w_d$ is
        proportional to $a_d / n_d$.

    Weights may be negative. If the common projection itself were negative, the sign of all weights is changed, so that
    no task gets worse. The direction does not change when a row is rescaled.

    Cost:
        One solution of a linear system, O(D^3).
    """

    @property
    def name(self) -> str:
        """``imtl-g``."""
        return "imtl-g"

    @property
    def blind_to_scale(self) -> bool:
        """True: the projections are on unit rows."""
        return True

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
        del key, losses, noise
        return _weights(gram, ridge_of(gram)), state


Found = tuple[Float[Array, " D"], Bool[Array, ""]]
"""Weights before scaling, and whether they solve the equations."""


@in_float64
def _weights(gram: Float[Array, "D D"], error: Float[Array, ""] | float) -> Float[Array, " D"]:
    correlation, norms, active = correlations(gram)
    ones = active.astype(gram.dtype)
    regular = correlation + RIDGE * jnp.eye(gram.shape[0], dtype=gram.dtype)
    factor = jax.scipy.linalg.cho_factor(regular)
    a = jax.scipy.linalg.cho_solve(factor, ones)
    # one round of refinement removes the bias of the ridge where Rho is regular
    a = a + jax.scipy.linalg.cho_solve(factor, ones - matvec(correlation, a))
    a = jnp.where(active, a, 0)
    shortest = jnp.min(jnp.where(active, norms, jnp.inf), initial=jnp.inf)
    raw = jnp.where(active, a * shortest / norms, 0)
    solved = jnp.abs(jnp.where(active, matvec(correlation, a) - ones, 0)).max(initial=0.0) < TOLERANCE
    # where rows depend on others, the rounding errors of the Gramian can be solved for, by huge weights
    solved &= error * jnp.abs(a).max(initial=0.0) < DOUBT

    # For dependent rows, equal projections need not exist; the pseudo-inverse is used then, as by the authors. This is
    # a loop of at most one round and not a branch, because under vmap both sides of a branch are always computed.
    longest = jnp.max(jnp.where(active, norms, 0), initial=0.0)
    unit = norms / jnp.where(longest > 0, longest, 1)

    def unsolved(found: Found) -> Bool[Array, ""]:
        return ~found[1]

    def pseudo(_: Found) -> Found:
        values, vectors, kept = spectrum(correlation, unit, active, error)
        inverse = jnp.where(kept, 1 / jnp.where(kept, values, 1), 0)
        return matvec(vectors, inverse * matvec(vectors.T, jnp.where(active, unit, 0))), jnp.array(True)

    raw, _ = jax.lax.while_loop(unsolved, pseudo, (raw, solved))
    raw = jnp.where(active, raw, 0)
    total, size = raw.sum(), jnp.abs(raw).sum()
    # the common projection has the sign of 1^T Q^-1 n, which is that of the sum before scaling
    scale = jnp.where(jnp.abs(total) > 1e-12 * size, jnp.abs(total), size)
    return raw / jnp.where(scale > 0, scale, 1)


def imtl_g() -> Balancer:
    """IMTL-G: every task makes equal progress along its own gradient, whatever the scale of its loss.

    Use it when:
        Every task must progress alike, and the scales of the losses mean nothing.

    References:
        L. Liu, Y. Li, Z. Kuang, J. Xue, Y. Chen, W. Yang, Q. Liao and W. Zhang, "Towards impartial multi-task
        learning", ICLR 2021, section 3.1.
    """
    return IMTLG()
