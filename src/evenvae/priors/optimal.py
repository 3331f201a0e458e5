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
from evenvae.priors.components import ANCHOR, drift, mixture_log_prob, mixture_sample
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
PROPOSALS = 128
NORMALISER_DRAWS = 8192
HELD_OUT_ROWS = 2048


class RatioMemory(NamedTuple):
    """Adam's state; the training loss (moving average), the loss and accuracy on held-out rows, whether T pauses.

    ``effective_samples``: of the draws behind the log normaliser.
    """

    optimiser: Any
    trained: Float[Array, ""]
    held_out: Float[Array, ""]
    accuracy: Float[Array, ""]
    paused: Bool[Array, ""]
    effective_samples: Float[Array, ""]


class OptimalPrior(eqx.Module):
    """log p(z) = log N(z; 0, I) + T(z) - log Z, where T = log q(z) / N(z; 0, I) by telling draws of the two apart.

    Takahashi et al. (2022): of all priors q(z), the mean of q(z|x, s) over the training rows, gives the largest
    bound, and leaves no task-dependence beyond I(S; Z). T is a network with its own optimiser: the model's loss
    reaches the latent through it but never its parameters. exp(T) N is normalised only where T is exact, so log Z
    is estimated and subtracted; `normaliser` tells by how many effective draws.

    ``center`` and ``scale`` are the moments of q(z), where proposals are drawn beside N(0, I).
    """

    hidden: Stack
    output: Dense
    log_normaliser: Float[Array, ""]
    center: Float[Array, " latent"]
    scale: Float[Array, " latent"]

    @classmethod
    def of(cls, latent_size: int, width: int, components: int | None, key: Key[Array, ""]) -> "OptimalPrior":
        """T = 0: the standard normal."""
        del components
        keys = jax.random.split(key)
        hidden = Stack(latent_size, width, HIDDEN, jax.nn.gelu, keys[0], residual=True)
        output = jax.tree.map(jnp.zeros_like, Dense(width, 1, keys[1]))
        return cls(hidden, output, jnp.zeros(()), jnp.zeros(latent_size), jnp.ones(latent_size))

    def init(self) -> RatioMemory:
        """Nothing learned, nothing seen."""
        even = jnp.asarray(2 * jnp.log(2.0), jnp.float32)
        optimiser = optax.adam(LEARNING_RATE).init((self.hidden, self.output))
        zero = jnp.zeros(())
        return RatioMemory(optimiser, even, even, zero + 0.5, jnp.zeros((), bool), zero + NORMALISER_DRAWS)

    def log_ratio(self, z: Float[Array, "... latent"]) -> Float[Array, "..."]:
        """T(z)."""
        return _ratio((self.hidden, self.output), z)

    def log_prob(self, z: Any) -> Float[Array, "..."]:
        """Log-density of a latent; its gradient reaches z, never the ratio's parameters."""
        frozen, z = jax.lax.stop_gradient(self), place(z)
        return standard_log_prob(z) + frozen.log_ratio(z) - frozen.log_normaliser

    def penalty(self, posterior: Any) -> Float[Array, ""]:
        """What is added to the loss of a batch; see `drift`."""
        return ANCHOR * drift(posterior)

    def _proposals(self, key: Key[Array, ""], count: tuple[int, ...]) -> tuple[Array, Array]:
        """Draws of N(0, I) and the normal with q(z)'s moments, half and half, with their log importance weights."""
        means = jnp.stack([jnp.zeros_like(self.center), self.center])
        mixture = means, jnp.stack([jnp.ones_like(self.scale), self.scale]), jnp.log(jnp.full(2, 0.5))
        z = mixture_sample(key, math.prod(count), *mixture)
        log_weight = standard_log_prob(z) + self.log_ratio(z) - mixture_log_prob(z, *mixture)
        return z.reshape(*count, -1), log_weight.reshape(count)

    def normaliser(self, key: Key[Array, ""], draws: int = NORMALISER_DRAWS) -> tuple[Array, Array]:
        """log Z by importance sampling, and the effective number of its draws."""
        _, log_weight = self._proposals(key, (draws,))
        weight = jax.nn.softmax(log_weight)
        return jax.nn.logsumexp(log_weight) - jnp.log(draws), 1 / (weight**2).sum()

    def sample(self, key: Key[Array, ""], rows: int) -> Float[Array, "rows latent"]:
        """Draws by sampling-importance-resampling: of many proposals for every row, one by its weight."""
        keys = jax.random.split(key)
        z, log_weight = self._proposals(keys[0], (rows, PROPOSALS))
        chosen = jax.random.categorical(keys[1], log_weight, axis=-1)
        return jnp.take_along_axis(z, chosen[:, None, None], axis=1)[:, 0]

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
        drawn = place(posterior_of(rows).sample(keys[1], 1))[0].reshape(STEPS, size, -1)
        plain = jax.random.normal(keys[2], drawn.shape)
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
        refined = eqx.tree_at(lambda p: (p.hidden, p.output), self, (hidden, output))
        return refined, memory._replace(optimiser=optimiser, trained=trained)

    def settle(
        self,
        memory: RatioMemory,
        posterior_of: Callable[[Array], Any],
        held_out: Int[Array, " rows"],
        key: Key[Array, ""],
    ) -> tuple["OptimalPrior", RatioMemory]:
        """Before a look from outside: T on held-out rows, moments of q(z), and the normaliser.

        Where the held-out loss has left the training loss behind, T knows training rows by heart, and pauses
        until the encoder has moved on.
        """
        keys = jax.random.split(key, 3)
        q = posterior_of(held_out[:HELD_OUT_ROWS])
        drawn = place(q.sample(keys[0], 1))[0]
        plain = jax.random.normal(keys[1], drawn.shape)
        settled = eqx.tree_at(lambda p: (p.center, p.scale), self, (drawn.mean(0), 1.1 * drawn.std(0) + 1e-3))
        log_normaliser, effective = settled.normaliser(keys[2])
        settled = eqx.tree_at(lambda p: p.log_normaliser, settled, log_normaliser)
        params = self.hidden, self.output
        loss = _loss(params, drawn, plain)
        right = 0.5 * ((_ratio(params, drawn) > 0).mean() + (_ratio(params, plain) < 0).mean())
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


def _ratio(params: tuple[Stack, Dense], z: Array, key: Key[Array, ""] | None = None) -> Array:
    hidden, output = params
    y = hidden(z)
    return output(y if key is None else dropout(key, y, DROPOUT))[..., 0]


def _loss(params: tuple[Stack, Dense], drawn: Array, plain: Array, key: Key[Array, ""] | None = None) -> Array:
    """Cross-entropy in nats, the sum of both classes' means; 2 log 2 where nothing is told apart."""
    keys = (None, None) if key is None else jax.random.split(key)
    real, made = _ratio(params, drawn, keys[0]), _ratio(params, plain, keys[1])
    return jax.nn.softplus(-real).mean() + jax.nn.softplus(made).mean()
