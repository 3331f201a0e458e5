"""The standard normal prior."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from evenvae.models.conditioning import place

LOG_2PI = 1.8378770664093453


class StandardNormal(eqx.Module):
    """p(z) = N(0, I)."""

    latent_size: int = eqx.field(static=True)

    @classmethod
    def of(cls, latent_size: int, width: int, components: int | None, key: Key[Array, ""]) -> "StandardNormal":
        """Nothing to choose."""
        del width, components, key
        return cls(latent_size)

    def log_prob(self, z: Any) -> Float[Array, "..."]:
        """Log-density of a latent, summed over its coordinates."""
        return standard_log_prob(place(z))

    def sample(self, key: Key[Array, ""], rows: int) -> Float[Array, "rows latent"]:
        """Draws."""
        return jax.random.normal(key, (rows, self.latent_size))

    def kl(self, posterior: Any, latent: Any = None) -> Float[Array, " rows"]:
        """KL(q || p) = sum (mu^2 + s^2 - 1) / 2 - log s; no draw of z is needed."""
        del latent
        return standard_kl(posterior.mean, posterior.std)


def standard_log_prob(z: Float[Array, "... latent"]) -> Float[Array, "..."]:
    """log N(z; 0, I)."""
    return -0.5 * (z**2 + LOG_2PI).sum(-1)


def standard_kl(mean: Float[Array, "... latent"], std: Float[Array, "... latent"]) -> Float[Array, "..."]:
    """KL(N(mean, std^2) || N(0, I))."""
    return 0.5 * (mean**2 + std**2 - 1).sum(-1) - jnp.log(std).sum(-1)
