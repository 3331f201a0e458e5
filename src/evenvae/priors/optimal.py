"""The optimal prior: what the rows' posteriors add up to, by a density ratio trained beside the model."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Bool, Float, Int, Key

from evenvae.models.conditioning import place
from evenvae.models.networks import Dense, Stack, dropout
from evenvae.priors.components import ANCHOR, drift
from evenvae.priors.standard import standard_log_prob

STEPS = 5
"""Steps of the ratio for every step of the model."""
LEARNING_RATE = 1e-3
DROPOUT = 0.1
HIDDEN = 2
TOLERANCE = 0.1
"""Nats by which the held-out loss may exceed the training loss before the ratio pauses."""
SATURATED = 0.95
"""Accuracy from which prior and posteriors hardly overlap, so that the ratio is no longer to be trusted."""
FOLLOWS = 0.05
"""Share of a step's draws in the running moments of q(z)."""
PROPOSALS = 128
WIDER = 1.5
"""Spread of the wider half of N, so that T has seen what lies around q(z)."""
NORMALISER_DRAWS = 8192
HELD_OUT_ROWS = 2048


class RatioMemory(NamedTuple):
    """Adam's state; the training loss (moving average), the loss and accuracy on held-out rows, whether T pauses.

    ``covariance`` is the running one of q(z); ``effective_samples`` those of the draws behind the log normaliser.
    """

    optimiser: Any
    covariance: Float[Array, "latent latent"]
    trained: Float[Array, ""]
    held_out: Float[Array, ""]
    accuracy: Float[Array, ""]
    paused: Bool[Array, ""]
    effective_samples: Float[Array, ""]


class OptimalPrior(eqx.Module):
    """log p(z) = log N(z) + T(z) - log Z, where T = log q(z) / N(z) by telling draws of the two apart.

    Takahashi et al. (2022): of all priors q(z), the mean of q(z|x, s) over the training rows, gives the largest
    bound, as KL(q(z) || p(z)) drops out of the rate. T is a network with its own optimiser: the model's loss
    reaches the latent through it but never its parameters. exp(T) N is normalised only where T is exact, so log Z
    is estimated and subtracted; `normaliser` tells by how many effective draws.

    N follows q(z): it has its running mean (``center``) and covariance (``factor``, its Cholesky factor). The ratio to
    any N gives the same q(z), but nothing holds q(z) near the paper's N(0, I) once its prior is free: the two soon
    hardly overlap, and a saturated T is no ratio (on the bank table its accuracy reached 1.00). T sees u, z whitened
    by these moments. Half of N is wider by a half: else T would be free in the tails, and log Z would hang on single
    draws there.
    """

    hidden: Stack
    output: Dense
    log_normaliser: Float[Array, ""]
    center: Float[Array, " latent"]
    factor: Float[Array, "latent latent"]

    @classmethod
    def of(cls, latent_size: int, width: int, components: int | None, key: Key[Array, ""]) -> "OptimalPrior":
        """T = 0, and the moments of the standard normal."""
        del components
        keys = jax.random.split(key)
        hidden = Stack(latent_size, width, HIDDEN, jax.nn.gelu, keys[0], residual=True)
        output = jax.tree.map(jnp.zeros_like, Dense(width, 1, keys[1]))
        return cls(hidden, output, jnp.zeros(()), jnp.zeros(latent_size), jnp.eye(latent_size))

    def init(self) -> RatioMemory:
        """Nothing learned, nothing seen."""
        even = jnp.asarray(2 * jnp.log(2.0), jnp.float32)
        optimiser = optax.adam(LEARNING_RATE).init((self.hidden, self.output))
        zero = jnp.zeros(())
        covariance = jnp.eye(len(self.center))
        return RatioMemory(optimiser, covariance, even, even, zero + 0.5, jnp.zeros((), bool), zero + NORMALISER_DRAWS)

    def log_ratio(self, u: Float[Array, "... latent"]) -> Float[Array, "..."]:
        """T at a whitened latent."""
        return _ratio((self.hidden, self.output), u)

    def whiten(self, z: Float[Array, "... latent"]) -> Float[Array, "... latent"]:
        """u, of mean 0 and covariance I where z ~ q(z)."""
        return (z - self.center) @ jnp.linalg.inv(self.factor).T

    def log_prob(self, z: Any) -> Float[Array, "..."]:
        """Log-density of a latent; its gradient reaches z, never the ratio's parameters."""
        frozen = jax.lax.stop_gradient(self)
        u = frozen.whiten(place(z))
        stretch = jnp.log(jnp.diagonal(frozen.factor)).sum()
        return _base(u) - stretch + frozen.log_ratio(u) - frozen.log_normaliser

    def penalty(self, posterior: Any) -> Float[Array, ""]:
        """What is added to the loss of a batch; see `drift`."""
        return ANCHOR * drift(posterior)

    def _base_draws(self, key: Key[Array, ""], count: tuple[int, ...]) -> Float[Array, "*count latent"]:
        keys = jax.random.split(key)
        wide = jnp.where(jax.random.bernoulli(keys[0], 0.5, (*count, 1)), WIDER, 1.0)
        return wide * jax.random.normal(keys[1], (*count, len(self.center)))

    def normaliser(self, key: Key[Array, ""], draws: int = NORMALISER_DRAWS) -> tuple[Array, Array]:
        """log Z by draws of N, and the effective number of them."""
        log_weight = self.log_ratio(self._base_draws(key, (draws,)))
        weight = jax.nn.softmax(log_weight)
        return jax.nn.logsumexp(log_weight) - jnp.log(draws), 1 / (weight**2).sum()

    def sample(self, key: Key[Array, ""], rows: int) -> Float[Array, "rows latent"]:
        """Draws by sampling-importance-resampling: of many proposals for every row, one by its weight."""
        keys = jax.random.split(key)
        u = self._base_draws(keys[0], (rows, PROPOSALS))
        chosen = jax.random.categorical(keys[1], self.log_ratio(u), axis=-1)
        return self.center + jnp.take_along_axis(u, chosen[:, None, None], axis=1)[:, 0] @ self.factor.T

    def refine(
        self,
        memory: RatioMemory,
        posterior_of: Callable[[Array], Any],
        pool: Int[Array, " rows"],
        upcoming: Int[Array, " batch"],
        key: Key[Array, ""],
    ) -> tuple["OptimalPrior", RatioMemory]:
        """Some steps of T on fresh draws of the posteriors of rows from the ``pool``, the encoder held still."""
        keys = jax.random.split(key, 4)
        size = len(upcoming)
        rows = jax.random.choice(keys[0], pool, (STEPS * size,))
        z = place(posterior_of(rows).sample(keys[1], 1))[0]
        following, covariance = self._following(z, memory.covariance)
        drawn = following.whiten(z).reshape(STEPS, size, -1)
        plain = self._base_draws(keys[2], drawn.shape[:-1])
        transformation = optax.adam(LEARNING_RATE)

        def one(carry, batch):
            params, optimiser = carry
            *pair, key = batch
            loss, gradient = jax.value_and_grad(_loss)(params, *pair, key)
            updates, optimiser = transformation.update(gradient, optimiser, params)
            return (optax.apply_updates(params, updates), optimiser), loss

        before = (self.hidden, self.output), memory.optimiser
        after, losses = jax.lax.scan(one, before, (drawn, plain, jax.random.split(keys[3], STEPS)))
        held = lambda old, new: jax.tree.map(lambda a, b: jnp.where(memory.paused, a, b), old, new)
        (hidden, output), optimiser = held(before, after)
        trained = 0.95 * memory.trained + 0.05 * losses.mean()
        refined = eqx.tree_at(lambda p: (p.hidden, p.output), following, (hidden, output))
        return refined, memory._replace(optimiser=optimiser, covariance=covariance, trained=trained)

    def _following(self, z: Float[Array, "rows latent"], covariance: Array) -> tuple["OptimalPrior", Array]:
        """N with the running moments of q(z), these draws included."""
        center = (1 - FOLLOWS) * self.center + FOLLOWS * z.mean(0)
        off = z - center
        covariance = (1 - FOLLOWS) * covariance + FOLLOWS * off.T @ off / len(z)
        factor = jnp.linalg.cholesky(covariance + 1e-4 * jnp.eye(len(center)))
        return eqx.tree_at(lambda p: (p.center, p.factor), self, (center, factor)), covariance

    def settle(
        self,
        memory: RatioMemory,
        posterior_of: Callable[[Array], Any],
        held_out: Int[Array, " rows"],
        key: Key[Array, ""],
    ) -> tuple["OptimalPrior", RatioMemory]:
        """Before a look from outside: T on held-out rows, and the normaliser.

        Where the held-out loss has left the training loss behind, T knows training rows by heart, and pauses
        until the encoder has moved on.
        """
        keys = jax.random.split(key, 4)
        drawn = self.whiten(place(posterior_of(held_out[:HELD_OUT_ROWS]).sample(keys[0], 1))[0])
        plain = self._base_draws(keys[1], drawn.shape[:-1])
        log_normaliser, effective = self.normaliser(keys[2])
        settled = eqx.tree_at(lambda p: p.log_normaliser, self, log_normaliser)
        params = self.hidden, self.output
        loss = _loss(params, drawn, plain)
        # against the narrow half alone: the wide one is told apart by its width
        apart = lambda u: _ratio(params, u) + _base(u) - standard_log_prob(u)
        right = 0.5 * ((apart(drawn) > 0).mean() + (apart(jax.random.normal(keys[3], drawn.shape)) < 0).mean())
        paused = loss > memory.trained + TOLERANCE
        return settled, memory._replace(held_out=loss, accuracy=right, paused=paused, effective_samples=effective)

    def watched(self, memory: RatioMemory) -> dict[str, Array]:
        """What the history keeps of T: losses, accuracy, log Z and its effective draws."""
        return {
            "ratio_loss": memory.trained,
            "ratio_held_out_loss": memory.held_out,
            "ratio_accuracy": memory.accuracy,
            "log_normaliser": self.log_normaliser,
            "normaliser_effective_samples": memory.effective_samples,
        }


def _base(u: Float[Array, "... latent"]) -> Float[Array, "..."]:
    """log N at a whitened latent: a standard normal and a wider one, half and half."""
    wide = standard_log_prob(u / WIDER) - u.shape[-1] * math.log(WIDER)
    return jnp.logaddexp(standard_log_prob(u), wide) - math.log(2)


def _ratio(params: tuple[Stack, Dense], z: Array, key: Key[Array, ""] | None = None) -> Array:
    hidden, output = params
    y = hidden(z)
    return output(y if key is None else dropout(key, y, DROPOUT))[..., 0]


def _loss(params: tuple[Stack, Dense], drawn: Array, plain: Array, key: Key[Array, ""] | None = None) -> Array:
    """Cross-entropy in nats, the sum of both classes' means; 2 log 2 where nothing is told apart."""
    keys = (None, None) if key is None else jax.random.split(key)
    real, made = _ratio(params, drawn, keys[0]), _ratio(params, plain, keys[1])
    return jax.nn.softplus(-real).mean() + jax.nn.softplus(made).mean()
