"""The encoder's answer: a normal distribution with independent coordinates."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from evenvae.constants import LOG_2PI


class DiagonalNormal(NamedTuple):
    """q(z|x) = N(mean, diag(std^2)), a `PosteriorProtocol`; both arrays have shape ``(rows, latent)``."""

    mean: Float[Array, "rows latent"]
    std: Float[Array, "rows latent"]

    @property
    def noise_size(self) -> int:
        """One number for each coordinate of z."""
        return self.mean.shape[-1]

    @property
    def location(self) -> Float[Array, "rows latent"]:
        """The mean."""
        return self.mean

    @property
    def representation(self) -> Float[Array, "rows latent"]:
        """The mean."""
        return self.mean

    @property
    def normalisation(self) -> None:
        """None: the heads have nothing to undo."""
        return None

    def sample(self, key: Key[Array, ""], samples: int) -> Float[Array, "samples rows latent"]:
        """Reparametrised draws."""
        noise = jax.random.normal(key, (samples, *self.mean.shape), self.mean.dtype)
        return self.at(noise)

    def at(self, noise: Float[Array, "samples #rows latent"]) -> Float[Array, "samples rows latent"]:
        """mean + std * noise."""
        return self.mean + self.std * noise

    def log_prob(self, latent: Float[Array, "... latent"]) -> Float[Array, "..."]:
        """Log-density, summed over the coordinates of z."""
        residual = (latent - self.mean) / self.std
        return -0.5 * (residual**2 + LOG_2PI).sum(-1) - jnp.log(self.std).sum(-1)

    def detached(self) -> "DiagonalNormal":
        """The same distribution, whose parameters receive no gradient."""
        return DiagonalNormal(jax.lax.stop_gradient(self.mean), jax.lax.stop_gradient(self.std))

    def latent_of(self, draw: Float[Array, "... latent"]) -> Float[Array, "... latent"]:
        """The draw itself."""
        return draw
