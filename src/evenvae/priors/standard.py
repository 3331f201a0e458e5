"""The standard normal prior."""

import dataclasses
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from evenvae.constants import LOG_2PI
from evenvae.priors.base import Prior, PriorOptions
from evenvae.threefry import AnyKey


def standard_log_prob(z: Float[Array, "*rows latent"]) -> Float[Array, "*rows"]:
    """log N(z; 0, I)."""
    return -0.5 * (z**2 + LOG_2PI).sum(-1)


def standard_kl(mean: Float[Array, "*rows latent"], std: Float[Array, "*rows latent"]) -> Float[Array, "*rows"]:
    """KL(N(mean, std^2) || N(0, I)) = sum (mean^2 + std^2 - 1) / 2 - log std."""
    return 0.5 * (mean**2 + std**2 - 1).sum(-1) - jnp.log(std).sum(-1)


class StandardNormal(Prior):
    r"""The standard normal density.

    Formula:
        $$ p(z) = N(z;\, 0, I), \qquad
        \mathrm{KL} = \sum_j \tfrac12 (\mu_j^2 + \sigma_j^2 - 1) - \log \sigma_j $$

        for a posterior with means $\mu$ and standard deviations $\sigma$.

    Cost:
        Nothing: the KL is known in closed form.
    """

    latent_size: int = eqx.field(static=True)

    has_closed_kl: ClassVar[bool] = True

    def log_prob(self, latent: Float[Array, "*rows latent"]) -> Float[Array, "*rows"]:
        """Log-density, summed over the coordinates of z."""
        return standard_log_prob(latent)

    def sample(self, key: Key[Array, ""], rows: int) -> Float[Array, "rows latent"]:
        """Draws of z."""
        return jax.random.normal(key, (rows, self.latent_size))

    def kl(self, posterior: Any, latent: Any = None) -> Float[Array, " rows"]:
        """KL of a diagonal normal posterior; it needs no draw."""
        del latent
        return standard_kl(posterior.mean, posterior.std)


@dataclasses.dataclass(frozen=True)
class Standard(PriorOptions):
    """Options of the prior N(0, I): there are none.

    Use it when:
        Nothing speaks for another one. With a light KL, a density that is fitted to the latents after training takes
        its place (`FittedMixture`).
    """

    def build(self, latent_size: int, width: int, key: AnyKey) -> StandardNormal:
        """The prior for so many coordinates of z."""
        del width, key
        return StandardNormal(latent_size)
