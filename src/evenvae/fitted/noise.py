"""The noise behind draws of a row's latent: quasi-random points, which a row may shift by bits of its own.

Points of a Sobol sequence have less error than independent draws. If all rows had the same ones, the errors of their
answers would have the same sign, and the error of a mean over rows would be several times what the rows' own errors let
one expect. So bits that follow from a row's cells shift its points (a digital shift: Owen, 1995): its answer is
the same wherever it stands, and errors of different rows cancel.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, UInt32

from evenvae.likelihoods.draws import normal_quantile
from evenvae.models import Layout
from evenvae.models.batch import Batch
from evenvae.threefry import threefry_2x32

Points = UInt32[Array | np.ndarray, "samples size"]


@functools.lru_cache(maxsize=16)
def sobol(samples: int, size: int) -> UInt32[np.ndarray, "samples size"]:
    """Points of a scrambled Sobol sequence, as whole multiples of 2^-32."""
    # imported here, because few processes need it and all would wait for it
    from scipy.stats import qmc

    power = int(np.ceil(np.log2(max(samples, 2))))
    points = qmc.Sobol(size, scramble=True, rng=np.random.default_rng(20)).random_base2(power)
    return (points[:samples] * 2.0**32).astype(np.uint32)


@functools.lru_cache(maxsize=16)
def latent_noise(samples: int, size: int) -> Float[np.ndarray, "samples size"]:
    """Standard-normal points, one set for all rows."""
    from scipy.special import ndtri

    return ndtri(np.clip(sobol(samples, size) * 2.0**-32, 1e-7, 1 - 1e-7)).astype(np.float32)


def row_bits(layout: Layout, batch: Batch, size: int) -> UInt32[Array, "rows size"]:
    """Bits that depend on a row's observed cells and its tasks, and on nothing else."""
    words = [batch.mask.astype(jnp.uint32), batch.tasks.astype(jnp.uint32)]
    for block, cells in zip(layout.blocks, batch.cells, strict=True):
        observed = layout.part_beside_cells(batch.mask, block)
        seen = jnp.where(observed, jnp.asarray(cells, jnp.float32), 0)
        words.append(jax.lax.bitcast_convert_type(seen, jnp.uint32).reshape(len(seen), -1))
    together = jnp.concatenate([jnp.asarray(word) for word in words], axis=1)
    factors = np.random.default_rng(22).integers(2**32, size=(2, together.shape[1]), dtype=np.uint32) | np.uint32(1)
    key = [(together * factor).sum(axis=1, dtype=jnp.uint32)[:, None] for factor in factors]
    counter = jnp.arange(size, dtype=jnp.uint32)
    return threefry_2x32(key, jnp.uint32(0), counter)[0]


def shifted(points: Points, bits: UInt32[Array, "rows size"]) -> Float[Array, "samples rows size"]:
    """Standard-normal points of every row."""
    uniform = ((jnp.asarray(points)[:, None] ^ bits) >> np.uint32(9)).astype(jnp.float32) * 2.0**-23 + 2.0**-24
    return normal_quantile(uniform)
