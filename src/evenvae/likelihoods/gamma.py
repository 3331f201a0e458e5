"""Logarithms of factorials and of the gamma function, in elementwise steps that compilers vectorise."""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from evenvae.constants import LOG_2PI

SMALL = 15
"""Number from which Stirling's series is exact enough by itself."""


def log_factorial(x: Float[Array | np.ndarray, "..."]) -> Float[Array, "..."]:
    """log x! for x of at least 0, by Stirling's series at x + 16, or at x + 1 from x = 15 on.

    ``lax.lgamma`` would take nine times as long on a CPU, where it is not vectorised.
    """
    small = x < SMALL
    lifted = jnp.minimum(x, SMALL) + jnp.arange(1.0, SMALL + 1, dtype=x.dtype).reshape(-1, *[1] * x.ndim)
    z = jnp.where(small, x + SMALL, x) + 1
    w = 1 / z**2
    series = (z - 0.5) * jnp.log(z) - z + 0.5 * LOG_2PI
    series += (1 / 12 - w * (1 / 360 - w * (1 / 1260 - w / 1680))) / z
    return series - jnp.where(small, jnp.log(jnp.prod(lifted, axis=0)), 0)


def log_gamma(x: Float[Array | np.ndarray, "..."]) -> Float[Array, "..."]:
    """log Gamma(x) for x above 0."""
    return log_factorial(x) - jnp.log(x)
