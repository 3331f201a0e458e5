"""The standard normal prior."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

LOG_2PI = 1.8378770664093453


class StandardNormal(eqx.Module):
    """p(z) = N(0, I)."""

    latent_size: int = eqx.field(static=True)

    def log_prob(self, z: Float[Array, "... latent"]) -> Float[Array, "..."]:
        """Log-density, summed over the latent coordinates."""
        return -0.5 * (z**2 + LOG_2PI).sum(-1)

    def sample(self, key: Key[Array, ""], rows: int) -> Float[Array, "rows latent"]:
        """Draws."""
        return jax.random.normal(key, (rows, self.latent_size))

    def kl(self, posterior: Any, latent: Any = None) -> Float[Array, " rows"]:
        """KL(q || p) = sum (mu^2 + s^2 - 1) / 2 - log s; no draw of z is needed."""
        del latent
        mean, std = posterior
        return 0.5 * (mean**2 + std**2 - 1).sum(-1) - jnp.log(std).sum(-1)
