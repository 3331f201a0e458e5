"""The encoder's answer: a normal distribution with independent coordinates."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

LOG_2PI = 1.8378770664093453


class DiagonalNormal(NamedTuple):
    """q(z|x) = N(mean, diag(std^2)); both of shape ``(rows, latent)``.

    What training and questions ask of any posterior: `sample`, `points`, `at`, `log_prob`, `center`, `coordinates`,
    `detached` and `normalisation`.
    """

    mean: Float[Array, "rows latent"]
    std: Float[Array, "rows latent"]

    @property
    def normalisation(self) -> None:
        """Constants of the batch that the heads must undo: none."""
        return None

    @property
    def center(self) -> Float[Array, "rows latent"]:
        """The latent that stands for the row: the mean."""
        return self.mean

    @property
    def coordinates(self) -> Float[Array, "rows latent"]:
        """The row's place in latent space, as an array."""
        return self.mean

    @property
    def points(self) -> int:
        """Standard-normal numbers that make one draw."""
        return self.mean.shape[-1]

    def sample(self, key: Key[Array, ""], samples: int) -> Float[Array, "samples rows latent"]:
        """Reparametrised draws."""
        noise = jax.random.normal(key, (samples, *self.mean.shape), self.mean.dtype)
        return self.at(noise)

    def at(self, points: Float[Array, "samples #rows latent"]) -> Float[Array, "samples rows latent"]:
        """The draws that standard-normal ``points`` stand for."""
        return self.mean + self.std * points

    def log_prob(self, z: Float[Array, "*samples rows latent"]) -> Float[Array, "*samples rows"]:
        """Log-density, summed over the latent coordinates."""
        residual = (z - self.mean) / self.std
        return -0.5 * (residual**2 + LOG_2PI).sum(-1) - jnp.log(self.std).sum(-1)

    def detached(self) -> "DiagonalNormal":
        """The same distribution, whose parameters receive no gradient."""
        return DiagonalNormal(jax.lax.stop_gradient(self.mean), jax.lax.stop_gradient(self.std))
