"""Aligned-MTL: weights that make the gradients orthogonal and equally long (Senushkin et al., 2023)."""

import dataclasses

import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key, Shaped

from evenvae.balancing.algebra import correlations, in_float64, matvec, ridge_of
from evenvae.balancing.base import Balancer, State, name_with_options
from evenvae.balancing.spectrum import spectrum

SCALES = ("min", "median", "rmse")


@dataclasses.dataclass(frozen=True)
class AlignedMTL(Balancer):
    r"""Weights that make the gradients orthogonal and equally long.

    Formula:
        $$ w = \tfrac1D \sqrt{s}\; V L^{-1/2} V^\top \mathbf 1 \qquad\text{for the Gramian}\quad Q = V L V^\top $$

        over its eigenvalues that are not 0. The transformed rows are orthogonal with norm $\sqrt{s}$, so that their
        condition number is 1.

    ``scale`` chooses s: the smallest eigenvalue (``min``, as in the paper), the lower median (``median``) or the mean
    (``rmse``). Weights may be negative.

    Cost:
        One eigendecomposition, and two where rows depend on others, O(D^3).
    """

    scale: str = "min"

    def __post_init__(self) -> None:
        if self.scale not in SCALES:
            raise ValueError(f"aligned-mtl[scale={self.scale}]: choose one of {', '.join(SCALES)}")

    @property
    def name(self) -> str:
        """``aligned-mtl``, with the scale in brackets unless it is ``min``."""
        return name_with_options("aligned-mtl", self)

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
        return _weights(gram, ridge_of(gram), jnp.asarray(SCALES.index(self.scale))), state


@in_float64
def _weights(gram: Float[Array, "D D"], ridge: Float[Array, ""] | float, mode: Int[Array, ""]) -> Float[Array, " D"]:
    correlation, norms, active = correlations(gram)
    # rows in units of the longest one, which does not change the weights
    longest = jnp.max(jnp.where(active, norms, 0), initial=0.0)
    values, vectors, kept = spectrum(correlation, norms / jnp.where(longest > 0, longest, 1), active, ridge)
    rank = jnp.maximum(kept.sum(), 1)
    # eigenvalues ascend, so those that are kept come last
    lowest = values[-rank]
    median = values[values.size - rank + (rank - 1) // 2]
    mean = jnp.where(kept, values, 0).sum() / rank
    s = jnp.stack([lowest, median, mean])[mode]
    inverse_root = jnp.where(kept, 1 / jnp.sqrt(jnp.where(kept, values, 1)), 0)
    preference = jnp.where(active, 1 / jnp.maximum(active.sum(), 1), 0)
    weights = jnp.sqrt(jnp.maximum(s, 0)) * matvec(vectors, inverse_root * matvec(vectors.T, preference))
    return jnp.where(active, weights, 0)


def aligned_mtl(scale: str = "min") -> Balancer:
    """Aligned-MTL: no direction that the gradients span is favoured over another.

    Use it when:
        The set of tasks is badly conditioned: many gradients that nearly agree drown a few others.

    Args:
        scale: the common length of the aligned gradients: ``min``, ``median`` or ``rmse``.

    References:
        D. Senushkin, N. Patakin, A. Kuznetsov and A. Konushin, "Independent component alignment for multi-task
        learning", CVPR 2023.
    """
    return AlignedMTL(scale)
