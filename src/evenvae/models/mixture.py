"""The posterior of HI-VAE: a relaxed component s, and z given s."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from evenvae.models.posterior import DiagonalNormal

LEAST_PROBABILITY = 1e-6
MAX_LOG_VARIANCE = 15.0


class MixtureLatent(NamedTuple):
    """z and the (relaxed or one-hot) component s: the two features that all heads share."""

    z: Float[Array, "... latent"]
    s: Float[Array, "... components"]


class MixturePosterior(NamedTuple):
    """q(s|x) q(z|x, s), the second normal with parameters linear in s.

    ``log_pi`` (rows, components); ``base`` (rows, 2 latent) and ``shift`` (components, 2 latent) give mean and
    log-variance of z as base + s shift. ``normalisation`` is what the batch was normalised by, for the heads.
    """

    log_pi: Float[Array, "rows components"]
    base: Float[Array, "rows 2*latent"]
    shift: Float[Array, "components 2*latent"]
    temperature: Float[Array, ""] | float
    normalisation: Any = None

    @property
    def points(self) -> int:
        """Standard-normal numbers that make one draw: z's, and one that picks the component."""
        return self.shift.shape[-1] // 2 + 1

    def given(self, s: Float[Array, "... rows components"]) -> DiagonalNormal:
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

    def at(self, points: Float[Array, "samples #rows latent+1"]) -> MixtureLatent:
        """Exact draws that standard-normal ``points`` stand for; the last coordinate picks the component."""
        uniform = jax.scipy.stats.norm.cdf(points[..., -1:])
        below = jnp.cumsum(jnp.exp(self.log_pi), axis=-1)[:, :-1] < uniform
        s = jax.nn.one_hot(below.sum(-1), self.log_pi.shape[-1], dtype=self.log_pi.dtype)
        q = self.given(s)
        return MixtureLatent(q.mean + q.std * points[..., :-1], s)

    def log_prob(self, latent: MixtureLatent) -> Float[Array, "samples rows"]:
        """log q(s|x) + log q(z|x, s) of one-hot components."""
        return (latent.s * self.log_pi).sum(-1) + self.given(latent.s).log_prob(latent.z)

    @property
    def _component(self) -> Float[Array, "rows components"]:
        return jax.nn.one_hot(self.log_pi.argmax(-1), self.log_pi.shape[-1], dtype=self.log_pi.dtype)

    @property
    def center(self) -> MixtureLatent:
        """The likeliest component, and the mean of z given it."""
        s = self._component
        return MixtureLatent(self.given(s).mean, s)

    @property
    def coordinates(self) -> Float[Array, "rows latent+components"]:
        """Mean of z given the likeliest component, beside the components' probabilities."""
        return jnp.concatenate([self.center.z, jnp.exp(self.log_pi)], axis=-1)

    def component_kl(self) -> Float[Array, " rows"]:
        """KL(q(s|x) || uniform) = sum pi log pi + log components."""
        return (jnp.exp(self.log_pi) * self.log_pi).sum(-1) + jnp.log(self.log_pi.shape[-1])
