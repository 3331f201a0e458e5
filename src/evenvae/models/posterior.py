"""The encoder's answer: a normal distribution with independent coordinates."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

LOG_2PI = 1.8378770664093453


class DiagonalNormal(NamedTuple):
    """q(z|x) = N(mean, diag(std^2)); both of shape ``(rows, latent)``."""

    mean: Float[Array, "rows latent"]
    std: Float[Array, "rows latent"]

    def sample(self, key: Key[Array, ""], samples: int) -> Float[Array, "samples rows latent"]:
        """Reparametrised draws."""
        noise = jax.random.normal(key, (samples, *self.mean.shape), self.mean.dtype)
        return self.mean + self.std * noise

    def log_prob(self, z: Float[Array, "*samples rows latent"]) -> Float[Array, "*samples rows"]:
        """Log-density, summed over the latent coordinates."""
        residual = (z - self.mean) / self.std
        return -0.5 * (residual**2 + LOG_2PI).sum(-1) - jnp.log(self.std).sum(-1)

    def detached(self) -> "DiagonalNormal":
        """The same distribution, whose parameters receive no gradient."""
        return DiagonalNormal(jax.lax.stop_gradient(self.mean), jax.lax.stop_gradient(self.std))
