"""The posterior of HI-VAE: a relaxed component s, and z given s."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from evenvae.models.posterior import DiagonalNormal

LEAST_PROBABILITY = 1e-6
MAX_LOG_VARIANCE = 15.0


class MixtureLatent(NamedTuple):
    """z and the component s, relaxed or one-hot: the two features that all heads share."""

    z: Float[Array, "... latent"]
    s: Float[Array, "... components"]


class MixturePosterior(NamedTuple):
    """q(s|x) q(z|x, s), a `PosteriorProtocol`; the second factor is normal, with parameters linear in s.

    Attributes:
        log_pi: log-probabilities of the components.
        base: moments of z, which are its mean and its log-variance side by side, before the component is added.
        shift: what each component adds: the moments are base + s shift.
        temperature: of the Gumbel-softmax by which s is drawn.
        normalisation: constants by which the batch was normalised; the heads undo it.
    """

    log_pi: Float[Array, "rows components"]
    base: Float[Array, "rows moments"]
    shift: Float[Array, "components moments"]
    temperature: Float[Array, ""] | float
    normalisation: Any = None

    @property
    def noise_size(self) -> int:
        """One number for each coordinate of z, and one that picks the component."""
        return self.shift.shape[-1] // 2 + 1

    @property
    def location(self) -> MixtureLatent:
        """The likeliest component, and the mean of z given it."""
        s = jax.nn.one_hot(self.log_pi.argmax(-1), self.log_pi.shape[-1], dtype=self.log_pi.dtype)
        return MixtureLatent(self.given(s).mean, s)

    @property
    def representation(self) -> Float[Array, "rows size"]:
        """Mean of z given the likeliest component, beside the probabilities of the components."""
        return jnp.concatenate([self.location.z, jnp.exp(self.log_pi)], axis=-1)

    def given(self, s: Float[Array, "*samples rows components"]) -> DiagonalNormal:
        """q(z|x, s)."""
        mean, log_variance = jnp.split(self.base + s @ self.shift, 2, axis=-1)
        log_variance = jnp.clip(log_variance, -MAX_LOG_VARIANCE, MAX_LOG_VARIANCE)
        return DiagonalNormal(mean, jnp.exp(0.5 * log_variance))

    def sample(self, key: Key[Array, ""], samples: int) -> MixtureLatent:
        """Reparametrised draws: s by Gumbel-softmax at the temperature, then z."""
        keys = jax.random.split(key)
        gumbel = jax.random.gumbel(keys[0], (samples, *self.log_pi.shape), self.log_pi.dtype)
        s = jax.nn.softmax((self.log_pi + gumbel) / self.temperature, axis=-1)
        q = self.given(s)
        return MixtureLatent(q.mean + q.std * jax.random.normal(keys[1], q.mean.shape, q.mean.dtype), s)

    def at(self, noise: Float[Array, "samples #rows noise_size"]) -> MixtureLatent:
        """Exact draws, with a one-hot s; the last coordinate of the noise picks the component."""
        uniform = jax.scipy.stats.norm.cdf(noise[..., -1:])
        below = jnp.cumsum(jnp.exp(self.log_pi), axis=-1)[:, :-1] < uniform
        s = jax.nn.one_hot(below.sum(-1), self.log_pi.shape[-1], dtype=self.log_pi.dtype)
        q = self.given(s)
        return MixtureLatent(q.mean + q.std * noise[..., :-1], s)

    def log_prob(self, latent: MixtureLatent) -> Float[Array, "*samples rows"]:
        """log q(s|x) + log q(z|x, s), for a one-hot s."""
        return (latent.s * self.log_pi).sum(-1) + self.given(latent.s).log_prob(latent.z)

    def detached(self) -> "MixturePosterior":
        """The same distribution, whose parameters receive no gradient."""
        log_pi, base, shift = jax.lax.stop_gradient((self.log_pi, self.base, self.shift))
        return self._replace(log_pi=log_pi, base=base, shift=shift)

    def latent_of(self, draw: MixtureLatent) -> MixtureLatent:
        """The draw itself: the prior of HI-VAE is one of z and s."""
        return draw

    def component_kl(self) -> Float[Array, " rows"]:
        """KL(q(s|x) || uniform) = sum pi log pi + log components."""
        return (jnp.exp(self.log_pi) * self.log_pi).sum(-1) + jnp.log(self.log_pi.shape[-1])
