"""The prior of HI-VAE: equally likely components, a normal for each."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from evenvae.models.mixture import MixtureLatent, MixturePosterior
from evenvae.models.posterior import DiagonalNormal

START = 0.05


class MixturePrior(eqx.Module):
    """p(s) uniform, p(z|s) = N(mu_0(s), I), mu_0 linear (Nazabal et al., 2020)."""

    kernel: Float[Array, "components latent"]
    bias: Float[Array, " latent"]

    @classmethod
    def of(cls, components: int, latent_size: int, key: Key[Array, ""]) -> "MixturePrior":
        """Means drawn from N(0, 0.05^2)."""
        return cls(START * jax.random.normal(key, (components, latent_size)), jnp.zeros(latent_size))

    def given(self, s: Float[Array, "... components"]) -> DiagonalNormal:
        """p(z|s)."""
        mean = s @ self.kernel + self.bias
        return DiagonalNormal(mean, jnp.ones_like(mean))

    def log_prob(self, latent: MixtureLatent) -> Float[Array, "..."]:
        """log p(s) + log p(z|s)."""
        return self.given(latent.s).log_prob(latent.z) - jnp.log(self.kernel.shape[0])

    def sample(self, key: Key[Array, ""], rows: int) -> MixtureLatent:
        """Draws of a component and z."""
        keys = jax.random.split(key)
        components, latent_size = self.kernel.shape
        s = jax.nn.one_hot(jax.random.randint(keys[0], (rows,), 0, components), components)
        return MixtureLatent(self.given(s).mean + jax.random.normal(keys[1], (rows, latent_size)), s)

    def kl(self, posterior: MixturePosterior, latent: MixtureLatent) -> Float[Array, " rows"]:
        """KL of z at the sampled s, averaged over samples, plus KL of s in closed form.

        The code released with Javaloy et al. (2021) replaces the latter by one sample of log q(s) - log p(s) at the
        largest entry of s, whose expected gradient is 0, so that the components are not learned.
        """
        q = posterior.given(latent.s)
        by_coordinate = q.std**2 + (self.given(latent.s).mean - q.mean) ** 2 - 2 * jnp.log(q.std) - 1
        return 0.5 * by_coordinate.sum(-1).mean(0) + posterior.component_kl()
