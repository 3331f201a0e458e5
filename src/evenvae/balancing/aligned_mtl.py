"""Aligned-MTL: make the rows orthogonal and of one length (Senushkin et al., 2023)."""

import dataclasses

import jax.numpy as jnp

from evenvae.balancing.base import Balancer, active_rows, in_float64, matvec

SCALES = ("min", "median", "rmse")


@dataclasses.dataclass(frozen=True)
class AlignedMTL(Balancer):
    """w = sqrt(s) V L^(-1/2) V^T 1 / D for Q = V L V^T, over the eigenvalues that are not 0.

    The rows so transformed are orthogonal with norm sqrt(s): condition number 1. ``scale``: s is the least
    eigenvalue (``min``, the paper), the lower median (``median``) or the mean (``rmse``). Weights may be
    negative. One eigendecomposition, O(D^3).
    """

    scale: str = "min"

    def __post_init__(self):
        if self.scale not in SCALES:
            raise ValueError(f"aligned-mtl[scale={self.scale}]: choose one of {', '.join(SCALES)}")

    @property
    def name(self) -> str:
        """``aligned-mtl``, with the scale in brackets if it is not ``min``."""
        return self._name("aligned-mtl")

    def weights(self, gram, state, *, key=None, losses=None, noise=None):
        """See `Balancer.weights`."""
        del key, losses, noise
        precision = float(jnp.finfo(gram.dtype).eps)
        return _weights(gram, precision, jnp.asarray(SCALES.index(self.scale))), state


@in_float64
def _weights(gram, precision, mode):
    active = active_rows(gram)
    q = jnp.where(active[:, None] & active[None, :], gram, 0)
    size = jnp.sqrt(jnp.max(jnp.diagonal(q), initial=0.0))
    size = jnp.where(size > 0, size, 1)
    values, vectors = jnp.linalg.eigh(q / size / size)
    count = jnp.maximum(active.sum(), 1)
    kept = values > jnp.max(values, initial=0.0) * count * precision
    rank = jnp.maximum(kept.sum(), 1)
    # eigenvalues ascend, so those that are kept stand last
    lowest = values[-rank]
    median = values[values.size - rank + (rank - 1) // 2]
    mean = jnp.where(kept, values, 0).sum() / rank
    s = jnp.stack([lowest, median, mean])[mode]
    inverse_root = jnp.where(kept, 1 / jnp.sqrt(jnp.where(kept, values, 1)), 0)
    preference = jnp.where(active, 1 / count, 0)
    weights = jnp.sqrt(jnp.maximum(s, 0)) * matvec(vectors, inverse_root * matvec(vectors.T, preference))
    return jnp.where(active, weights, 0)


def aligned_mtl(scale: str = "min") -> Balancer:
    """Best-conditioned mixture: no direction that the tasks span is favoured over another."""
    return AlignedMTL(scale)
