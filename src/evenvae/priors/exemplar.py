"""The posteriors of training rows as the prior."""

import dataclasses
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key

from evenvae.models.networks import constant
from evenvae.part import check_count
from evenvae.priors.base import PosteriorOf, Prior, PriorOptions
from evenvae.priors.components import ANCHOR, drift, mixture_log_prob, mixture_sample
from evenvae.priors.standard import standard_log_prob
from evenvae.threefry import AnyKey

LEFT_OUT = -1e9
"""Log-weight of an exemplar that does not count."""
LEAST_WIDTH = 0.05


class ExemplarPrior(Prior):
    r"""The posteriors of training rows, blurred (Norouzi, Fleet and Norouzi, 2020).

    Formula:
        $$ p(z) = a\, N(z;\, 0, I) + (1 - a)\, \frac1M \sum_{m=1}^M N(z;\, \mu_m, s_m^2 + h^2) $$

        with $\mu_m$ and $s_m$ of the posteriors of M training rows.

    These rules keep it from memorising rows: before every step the M rows are drawn anew; a row never counts as its own
    exemplar; the width h that blurs the exemplars is learned from that leave-one-out density, and so is the share a.
    The exemplars get no gradient: where p(z) is the mean of q(z|x), the gradient of E[log p(z)] with respect to its
    parameters is zero.

    A saved model holds the exemplars, which are the places of M training rows in latent space.

    Cost:
        M more rows through the encoder in every step, and a density of M components for every draw of z.
    """

    means: Float[Array, "M latent"]
    stds: Float[Array, "M latent"]
    log_weights: Float[Array, " M"]
    width: Float[Array, ""]
    share: Float[Array, ""]

    has_penalty: ClassVar[bool] = True
    has_auxiliary_update: ClassVar[bool] = True

    def _mixture(self) -> tuple[Float[Array, "M latent"], Float[Array, "M latent"], Float[Array, " M"]]:
        means, stds, log_weights = jax.lax.stop_gradient((self.means, self.stds, self.log_weights))
        # the width is at least 0.05, and 0.7 at the start
        blurred = jnp.sqrt(stds**2 + (jax.nn.softplus(self.width) + LEAST_WIDTH) ** 2)
        return means, blurred, jax.nn.log_softmax(log_weights)

    def log_prob(self, latent: Float[Array, "*rows latent"]) -> Float[Array, "*rows"]:
        """Log-density of the mixture."""
        broad = jax.nn.log_sigmoid(self.share) + standard_log_prob(latent)
        return jnp.logaddexp(broad, jax.nn.log_sigmoid(-self.share) + mixture_log_prob(latent, *self._mixture()))

    def sample(self, key: Key[Array, ""], rows: int) -> Float[Array, "rows latent"]:
        """Draws of z."""
        keys = jax.random.split(key, 3)
        near = mixture_sample(keys[0], rows, *self._mixture())
        broad = jax.random.normal(keys[1], near.shape)
        return jnp.where(jax.random.bernoulli(keys[2], jax.nn.sigmoid(self.share), (rows, 1)), broad, near)

    def penalty(self, posterior: Any) -> Float[Array, ""]:
        """A small weight of `drift`."""
        return ANCHOR * drift(posterior)

    def update(
        self,
        state: Any,
        posterior_of: PosteriorOf,
        pool: Int[Array, " pool"],
        upcoming: Int[Array, " batch"],
        key: Key[Array, ""],
    ) -> tuple["ExemplarPrior", Any]:
        """New exemplars from the ``pool`` of training rows; those of the ``upcoming`` batch do not count."""
        chosen = jax.random.choice(key, pool, (len(self.log_weights),))
        q = jax.lax.stop_gradient(posterior_of(chosen))
        own = jnp.isin(chosen, upcoming)
        # where hardly another row is left there would be no components, so then all of them count
        own = own & (own.mean() < 0.9)
        log_weights = jnp.where(own, LEFT_OUT, 0.0)
        return eqx.tree_at(lambda p: (p.means, p.stds, p.log_weights), self, (q.mean, q.std, log_weights)), state

    def finalise(
        self, state: Any, posterior_of: PosteriorOf, held_out: Int[Array, " rows"], key: Key[Array, ""]
    ) -> tuple["ExemplarPrior", Any]:
        """Every exemplar counts."""
        del posterior_of, held_out, key
        return eqx.tree_at(lambda p: p.log_weights, self, jnp.zeros_like(self.log_weights)), state


@dataclasses.dataclass(frozen=True)
class Exemplar(PriorOptions):
    """Options of the prior of training rows' posteriors.

    Use it when:
        The latents have a shape that a few normals do not have, and the file of the model may hold latents of training
        rows.

    Attributes:
        components: number of exemplars.

    Raises:
        InputError: ``components`` is not a positive whole number.
    """

    components: int = 512

    def __post_init__(self) -> None:
        check_count("components", self.components)

    def build(self, latent_size: int, width: int, key: AnyKey) -> ExemplarPrior:
        """Components that are standard normal until the first step has been made."""
        del width, key
        shape = (self.components, latent_size)
        return ExemplarPrior(constant(shape), constant(shape, 1.0), constant(shape[0]), constant(()), constant(()))
