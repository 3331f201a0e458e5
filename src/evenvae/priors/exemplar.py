"""Training rows' own posteriors as the prior."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key

from evenvae.models.conditioning import place
from evenvae.priors.components import ANCHOR, drift, mixture_log_prob, mixture_sample
from evenvae.priors.standard import standard_log_prob

COMPONENTS = 512
LEFT_OUT = -1e9


class ExemplarPrior(eqx.Module):
    """p(z) = a N(z; 0, I) + (1 - a) mean_m N(z; mu_m, s_m^2 + h^2), mu_m and s_m of training rows' posteriors.

    What keeps it from learning rows by heart (Norouzi, Fleet and Norouzi, 2020): before every step the M rows are
    drawn anew, a row never counts as its own exemplar, the width h that blurs them is learned from that
    leave-one-out density, and so is the share a. The exemplars get no gradient: where p(z) is the mean of
    q(z|x), the gradient of E[log p(z)] with respect to its parameters vanishes.

    A saved model holds the exemplars: latent places of M training rows.
    """

    means: Float[Array, "M latent"]
    stds: Float[Array, "M latent"]
    log_weights: Float[Array, " M"]
    width: Float[Array, ""]
    share: Float[Array, ""]

    @classmethod
    def of(cls, latent_size: int, width: int, components: int | None, key: Key[Array, ""]) -> "ExemplarPrior":
        """Standard normal components until the first step has been made."""
        del width, key
        shape = (int(components or COMPONENTS), latent_size)
        return cls(jnp.zeros(shape), jnp.ones(shape), jnp.zeros(shape[0]), jnp.zeros(()), jnp.zeros(()))

    def init(self) -> tuple:
        """No memory."""
        return ()

    def _mixture(self) -> tuple[Array, Array, Array]:
        means, stds, log_weights = jax.lax.stop_gradient((self.means, self.stds, self.log_weights))
        # at least 0.05, 0.7 to begin with
        blurred = jnp.sqrt(stds**2 + (jax.nn.softplus(self.width) + 0.05) ** 2)
        return means, blurred, jax.nn.log_softmax(log_weights)

    def log_prob(self, z: Any) -> Float[Array, "..."]:
        """Log-density of a latent."""
        z = place(z)
        broad = jax.nn.log_sigmoid(self.share) + standard_log_prob(z)
        return jnp.logaddexp(broad, jax.nn.log_sigmoid(-self.share) + mixture_log_prob(z, *self._mixture()))

    def sample(self, key: Key[Array, ""], rows: int) -> Float[Array, "rows latent"]:
        """Draws."""
        keys = jax.random.split(key, 3)
        near = mixture_sample(keys[0], rows, *self._mixture())
        broad = jax.random.normal(keys[1], near.shape)
        return jnp.where(jax.random.bernoulli(keys[2], jax.nn.sigmoid(self.share), (rows, 1)), broad, near)

    def penalty(self, posterior: Any) -> Float[Array, ""]:
        """What is added to the loss of a batch; see `drift`."""
        return ANCHOR * drift(posterior)

    def refine(
        self,
        memory: tuple,
        posterior_of: Callable[[Array], Any],
        pool: Int[Array, " rows"],
        upcoming: Int[Array, " batch"],
        key: Key[Array, ""],
    ) -> tuple["ExemplarPrior", tuple]:
        """New exemplars from the ``pool`` of training rows, those of the ``upcoming`` batch left out."""
        chosen = jax.random.choice(key, pool, (len(self.log_weights),))
        q = jax.lax.stop_gradient(posterior_of(chosen))
        own = jnp.isin(chosen, upcoming)
        # where hardly another row is left, the components would be none: then all stay
        own = own & (own.mean() < 0.9)
        log_weights = jnp.where(own, LEFT_OUT, 0.0)
        return eqx.tree_at(lambda p: (p.means, p.stds, p.log_weights), self, (q.mean, q.std, log_weights)), memory

    def settle(self, memory: tuple, posterior_of: Any, held_out: Any, key: Any) -> tuple["ExemplarPrior", tuple]:
        """Before a look from outside: every exemplar counts."""
        del posterior_of, held_out, key
        return eqx.tree_at(lambda p: p.log_weights, self, jnp.zeros_like(self.log_weights)), memory

    def watched(self, memory: tuple) -> dict[str, Array]:
        """Nothing."""
        del memory
        return {}
