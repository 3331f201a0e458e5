"""The prior of HI-VAE: equally likely components, a normal for each."""

import dataclasses
from typing import ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from evenvae import threefry
from evenvae.models.mixture import MixtureLatent, MixturePosterior
from evenvae.models.networks import constant
from evenvae.models.posterior import DiagonalNormal
from evenvae.part import check_count
from evenvae.priors.base import Prior, PriorOptions
from evenvae.threefry import AnyKey

START = 0.05
"""Standard deviation of the weights at the start."""


class MixturePrior(Prior):
    r"""The prior of HI-VAE: equally likely components, a normal for each (Nazabal et al., 2020).

    Formula:
        $$ p(s) = \tfrac1S, \qquad p(z|s) = N(z;\, \mu_0(s), I) $$

        with $\mu_0$ linear in the one-hot s.

    Use it when:
        ``model="hivae"``, which sets it.

    Cost:
        The KL of s is in closed form, that of z as well, at the component that was drawn.
    """

    kernel: Float[Array, "components latent"]
    bias: Float[Array, " latent"]

    has_closed_kl: ClassVar[bool] = True

    def given(self, s: Float[Array, "*rows components"]) -> DiagonalNormal:
        """p(z|s)."""
        mean = s @ self.kernel + self.bias
        return DiagonalNormal(mean, jnp.ones_like(mean))

    def log_prob(self, latent: MixtureLatent) -> Float[Array, "..."]:
        """log p(s) + log p(z|s)."""
        return self.given(latent.s).log_prob(latent.z) - jnp.log(self.kernel.shape[0])

    def sample(self, key: Key[Array, ""], rows: int) -> MixtureLatent:
        """Draws of a component, then of z."""
        keys = jax.random.split(key)
        components, latent_size = self.kernel.shape
        s = jax.nn.one_hot(jax.random.randint(keys[0], (rows,), 0, components), components)
        return MixtureLatent(self.given(s).mean + jax.random.normal(keys[1], (rows, latent_size)), s)

    def kl(self, posterior: MixturePosterior, latent: MixtureLatent) -> Float[Array, " rows"]:
        """KL of z at the sampled s, averaged over samples, plus the KL of s in closed form.

        The code released with Javaloy et al. (2021) replaces the latter by one sample of log q(s) - log p(s) at the
        largest entry of s. The expected gradient of that is 0, so that the components are not learned.
        """
        q = posterior.given(latent.s)
        by_coordinate = q.std**2 + (self.given(latent.s).mean - q.mean) ** 2 - 2 * jnp.log(q.std) - 1
        return 0.5 * by_coordinate.sum(-1).mean(0) + posterior.component_kl()


@dataclasses.dataclass(frozen=True)
class Mixture(PriorOptions):
    """Options of the mixture prior; a HI-VAE sets them, they are no choice of the user.

    Attributes:
        components: number of components s.

    Raises:
        InputError: ``components`` is not a positive whole number.
    """

    components: int

    def __post_init__(self) -> None:
        check_count("components", self.components)

    def build(self, latent_size: int, width: int, key: AnyKey) -> MixturePrior:
        """Means drawn from N(0, 0.05^2)."""
        del width
        means = jax.device_put(START * threefry.normal(key, (self.components, latent_size)))
        return MixturePrior(means, constant(latent_size))
