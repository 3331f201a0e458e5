"""A learned mixture in latent space."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from evenvae.models.conditioning import place
from evenvae.priors.components import mixture_log_prob, mixture_sample

COMPONENTS = 64
LEAST_STD = 0.05


class VampPrior(eqx.Module):
    """p(z) = sum_m w_m N(z; mu_m, s_m^2), all learned with the model.

    After Tomczak and Welling (2018), whose components are the posteriors of learned pseudo-rows. Here the
    pseudo-posteriors themselves are learned: a row of mixed columns is no place for a gradient, and the encoder
    need not run for them.
    """

    means: Float[Array, "M latent"]
    spread: Float[Array, "M latent"]
    logits: Float[Array, " M"]

    @classmethod
    def of(cls, latent_size: int, width: int, components: int | None, key: Key[Array, ""]) -> "VampPrior":
        """Components that cover the standard normal between them: means of variance a half, variances a half."""
        del width
        count = int(components or COMPONENTS)
        means = 0.5**0.5 * jax.random.normal(key, (count, latent_size))
        spread = jnp.full((count, latent_size), jnp.log(jnp.expm1(0.5**0.5 - LEAST_STD)))
        return cls(means, spread, jnp.zeros(count))

    @property
    def stds(self) -> Float[Array, "M latent"]:
        """Standard deviations of the components, at least 0.05: none can close in on a single row."""
        return jax.nn.softplus(self.spread) + LEAST_STD

    def log_prob(self, z: Any) -> Float[Array, "..."]:
        """Log-density of a latent."""
        return mixture_log_prob(place(z), self.means, self.stds, jax.nn.log_softmax(self.logits))

    def sample(self, key: Key[Array, ""], rows: int) -> Float[Array, "rows latent"]:
        """Draws."""
        return mixture_sample(key, rows, self.means, self.stds, self.logits)
