"""A learned mixture in latent space."""

import dataclasses
import math

import jax
from jaxtyping import Array, Float, Key

from evenvae import threefry
from evenvae.models.networks import constant
from evenvae.part import check_count
from evenvae.priors.base import Prior, PriorOptions
from evenvae.priors.components import mixture_log_prob, mixture_sample
from evenvae.threefry import AnyKey

LEAST_STD = 0.05


class VampPrior(Prior):
    r"""A mixture of normals whose weights, means and variances are learned with the model.

    Formula:
        $$ p(z) = \sum_{m=1}^M w_m\, N(z;\, \mu_m, s_m^2) $$

    After Tomczak and Welling (2018), whose components are the posteriors of learned pseudo-rows. Here the components
    themselves are learned: a row of mixed columns has no useful gradient, and the encoder need not run for them.

    Cost:
        A density of M components for every draw of z; the KL is estimated by these draws.
    """

    means: Float[Array, "M latent"]
    spread: Float[Array, "M latent"]
    logits: Float[Array, " M"]

    @property
    def stds(self) -> Float[Array, "M latent"]:
        """Standard deviations of the components, at least 0.05, so that none can concentrate on a single row."""
        return jax.nn.softplus(self.spread) + LEAST_STD

    def log_prob(self, latent: Float[Array, "*rows latent"]) -> Float[Array, "*rows"]:
        """Log-density of the mixture."""
        return mixture_log_prob(latent, self.means, self.stds, jax.nn.log_softmax(self.logits))

    def sample(self, key: Key[Array, ""], rows: int) -> Float[Array, "rows latent"]:
        """Draws of z."""
        return mixture_sample(key, rows, self.means, self.stds, self.logits)


@dataclasses.dataclass(frozen=True)
class Vamp(PriorOptions):
    """Options of the learned mixture.

    Use it when:
        The latents of the rows should not be pressed towards a standard normal: with tasks, and for likelihoods of
        small networks.

    Attributes:
        components: number of normals.

    Raises:
        InputError: ``components`` is not a positive whole number.
    """

    components: int = 64

    def __post_init__(self) -> None:
        check_count("components", self.components)

    def build(self, latent_size: int, width: int, key: AnyKey) -> VampPrior:
        """Components that together cover the standard normal: means of variance 1/2, and variances of 1/2."""
        del width
        count = self.components
        means = jax.device_put(0.5**0.5 * threefry.normal(key, (count, latent_size)))
        spread = constant((count, latent_size), math.log(math.expm1(0.5**0.5 - LEAST_STD)))
        return VampPrior(means, spread, constant(count))
