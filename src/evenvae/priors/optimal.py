"""The optimal prior: the mean of the rows' posteriors, by a density ratio that is trained beside the model."""

import dataclasses
import math
from typing import Any, ClassVar, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Bool, Float, Int, Key

from evenvae import threefry
from evenvae.models.networks import Dense, Stack, constant, dropout
from evenvae.priors.base import PosteriorOf, Prior, PriorOptions
from evenvae.priors.components import ANCHOR, drift
from evenvae.priors.standard import standard_log_prob
from evenvae.threefry import AnyKey

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
"""Weight of a step's draws in the running mean and covariance of q(z)."""
PROPOSALS = 128
WIDER = 1.5
"""Spread of the wider half of N, so that T has seen the surroundings of q(z)."""
NORMALISER_DRAWS = 8192
HELD_OUT_ROWS = 2048


class RatioState(NamedTuple):
    """State of the auxiliary update.

    Attributes:
        optimiser: state of Adam.
        covariance: running covariance of q(z).
        trained: training loss of T, a moving average.
        held_out: its loss on held-out rows.
        accuracy: its accuracy on held-out rows.
        paused: whether T pauses.
        effective_samples: effective number of draws behind the log normaliser.
    """

    optimiser: Any
    covariance: Float[Array, "latent latent"]
    trained: Float[Array, ""]
    held_out: Float[Array, ""]
    accuracy: Float[Array, ""]
    paused: Bool[Array, ""]
    effective_samples: Float[Array, ""]


class OptimalPrior(Prior):
    r"""The mean of the rows' posteriors, by a density ratio that is trained beside the model (Takahashi et al., 2022).

    Formula:
        $$ \log p(z) = \log N(z) + T(z) - \log Z, \qquad T \approx \log \frac{q(z)}{N(z)} $$

        where T is learned by telling draws of q and N apart.

    Of all priors, q(z), the mean of q(z|x, s) over the training rows, gives the largest bound, as KL(q(z) || p(z))
    vanishes from the rate. T is a network with its own optimiser: the model's loss reaches the latent through it but
    never its parameters. exp(T) N is normalised only where T is exact, so log Z is estimated and subtracted;
    `normaliser` also gives the effective number of draws of that estimate.

    N follows q(z): it has the running mean (``center``) and covariance (``factor``, its Cholesky factor) of q(z). The
    ratio to any N gives the same q(z). With the paper's N(0, I), however, nothing holds q(z) near N once its prior is
    free. The two soon hardly overlap, and a saturated T is no ratio (on the bank table its accuracy reached 1.00). T
    sees u, which is z whitened by these moments. Half of N is wider by a half: without it T would be free in the
    tails, and log Z would depend on single draws there.

    Cost:
        Five steps of T in every step of the model. The likelihood depends on an estimate: distrust it where its
        effective number of draws is small.
    """

    hidden: Stack
    output: Dense
    log_normaliser: Float[Array, ""]
    center: Float[Array, " latent"]
    factor: Float[Array, "latent latent"]

    has_penalty: ClassVar[bool] = True
    has_auxiliary_update: ClassVar[bool] = True

    def init(self) -> RatioState:
        """Nothing has been learned or seen."""
        even = jnp.asarray(2 * jnp.log(2.0), jnp.float32)
        optimiser = optax.adam(LEARNING_RATE).init((self.hidden, self.output))
        zero = jnp.zeros(())
        covariance = jnp.eye(len(self.center))
        return RatioState(optimiser, covariance, even, even, zero + 0.5, jnp.zeros((), bool), zero + NORMALISER_DRAWS)

    def log_ratio(self, u: Float[Array, "*rows latent"]) -> Float[Array, "*rows"]:
        """T at a whitened latent."""
        return _ratio((self.hidden, self.output), u)

    def whiten(self, z: Float[Array, "*rows latent"]) -> Float[Array, "*rows latent"]:
        """u, which has mean 0 and covariance I where z ~ q(z)."""
        return (z - self.center) @ jnp.linalg.inv(self.factor).T

    def log_prob(self, latent: Float[Array, "*rows latent"]) -> Float[Array, "*rows"]:
        """Log-density of z; its gradient reaches z, never the parameters of the ratio."""
        frozen = jax.lax.stop_gradient(self)
        u = frozen.whiten(latent)
        stretch = jnp.log(jnp.diagonal(frozen.factor)).sum()
        return _base(u) - stretch + frozen.log_ratio(u) - frozen.log_normaliser

    def penalty(self, posterior: Any) -> Float[Array, ""]:
        """A small weight of `drift`."""
        return ANCHOR * drift(posterior)

    def _base_draws(self, key: Key[Array, ""], count: tuple[int, ...]) -> Float[Array, "... latent"]:
        keys = jax.random.split(key)
        wide = jnp.where(jax.random.bernoulli(keys[0], 0.5, (*count, 1)), WIDER, 1.0)
        return wide * jax.random.normal(keys[1], (*count, len(self.center)))

    def normaliser(
        self, key: Key[Array, ""], draws: int = NORMALISER_DRAWS
    ) -> tuple[Float[Array, ""], Float[Array, ""]]:
        """log Z by draws of N, and the effective number of them."""
        log_weight = self.log_ratio(self._base_draws(key, (draws,)))
        weight = jax.nn.softmax(log_weight)
        return jax.nn.logsumexp(log_weight) - jnp.log(draws), 1 / (weight**2).sum()

    def sample(self, key: Key[Array, ""], rows: int) -> Float[Array, "rows latent"]:
        """Draws of z by sampling-importance-resampling: for every row one of many proposals, by its weight."""
        keys = jax.random.split(key)
        u = self._base_draws(keys[0], (rows, PROPOSALS))
        chosen = jax.random.categorical(keys[1], self.log_ratio(u), axis=-1)
        return self.center + jnp.take_along_axis(u, chosen[:, None, None], axis=1)[:, 0] @ self.factor.T

    def update(
        self,
        state: RatioState,
        posterior_of: PosteriorOf,
        pool: Int[Array, " pool"],
        upcoming: Int[Array, " batch"],
        key: Key[Array, ""],
    ) -> tuple["OptimalPrior", RatioState]:
        """Some steps of T on new draws of the posteriors of rows from the ``pool``; the encoder gets no gradient."""
        keys = jax.random.split(key, 4)
        size = len(upcoming)
        rows = jax.random.choice(keys[0], pool, (STEPS * size,))
        posterior = posterior_of(rows)
        z = posterior.latent_of(posterior.sample(keys[1], 1))[0]
        following, covariance = self._following(z, state.covariance)
        drawn = following.whiten(z).reshape(STEPS, size, -1)
        plain = self._base_draws(keys[2], drawn.shape[:-1])
        transformation = optax.adam(LEARNING_RATE)

        def one(carry, batch):
            params, optimiser = carry
            *pair, key = batch
            loss, gradient = jax.value_and_grad(_loss)(params, *pair, key)
            updates, optimiser = transformation.update(gradient, optimiser, params)
            return (optax.apply_updates(params, updates), optimiser), loss

        before = (self.hidden, self.output), state.optimiser
        after, losses = jax.lax.scan(one, before, (drawn, plain, jax.random.split(keys[3], STEPS)))
        held = lambda old, new: jax.tree.map(lambda a, b: jnp.where(state.paused, a, b), old, new)
        (hidden, output), optimiser = held(before, after)
        trained = 0.95 * state.trained + 0.05 * losses.mean()
        updated = eqx.tree_at(lambda p: (p.hidden, p.output), following, (hidden, output))
        return updated, state._replace(optimiser=optimiser, covariance=covariance, trained=trained)

    def _following(
        self, z: Float[Array, "rows latent"], covariance: Float[Array, "latent latent"]
    ) -> tuple["OptimalPrior", Float[Array, "latent latent"]]:
        """N with the running moments of q(z), these draws included; and the covariance."""
        center = (1 - FOLLOWS) * self.center + FOLLOWS * z.mean(0)
        off = z - center
        covariance = (1 - FOLLOWS) * covariance + FOLLOWS * off.T @ off / len(z)
        factor = jnp.linalg.cholesky(covariance + 1e-4 * jnp.eye(len(center)))
        return eqx.tree_at(lambda p: (p.center, p.factor), self, (center, factor)), covariance

    def finalise(
        self, state: RatioState, posterior_of: PosteriorOf, held_out: Int[Array, " rows"], key: Key[Array, ""]
    ) -> tuple["OptimalPrior", RatioState]:
        """The normaliser, and how well T does on held-out rows.

        Where the held-out loss is well above the training loss, T has memorised training rows, and it pauses until
        the encoder has changed.
        """
        keys = jax.random.split(key, 4)
        posterior = posterior_of(held_out[:HELD_OUT_ROWS])
        drawn = self.whiten(posterior.latent_of(posterior.sample(keys[0], 1))[0])
        plain = self._base_draws(keys[1], drawn.shape[:-1])
        log_normaliser, effective = self.normaliser(keys[2])
        finalised = eqx.tree_at(lambda p: p.log_normaliser, self, log_normaliser)
        params = self.hidden, self.output
        loss = _loss(params, drawn, plain)
        # against the narrow half alone: the wide one could be told apart by its width
        apart = lambda u: _ratio(params, u) + _base(u) - standard_log_prob(u)
        right = 0.5 * ((apart(drawn) > 0).mean() + (apart(jax.random.normal(keys[3], drawn.shape)) < 0).mean())
        paused = loss > state.trained + TOLERANCE
        return finalised, state._replace(held_out=loss, accuracy=right, paused=paused, effective_samples=effective)

    def diagnostics(self, state: RatioState) -> dict[str, Array]:
        """Losses and accuracy of T, log Z and the effective number of its draws."""
        return {
            "ratio_loss": state.trained,
            "ratio_held_out_loss": state.held_out,
            "ratio_accuracy": state.accuracy,
            "log_normaliser": self.log_normaliser,
            "normaliser_effective_samples": state.effective_samples,
        }

    def normaliser_figures(self, key: Key[Array, ""]) -> dict[str, Array]:
        """log Z, and the effective number of draws behind it."""
        log_normaliser, effective = self.normaliser(key)
        return {"log_normaliser": log_normaliser, "normaliser_effective_samples": effective}


@dataclasses.dataclass(frozen=True)
class Optimal(PriorOptions):
    """Options of the optimal prior: there are none.

    Use it when:
        You reproduce Takahashi et al. (2022), or no mixture follows the latents.
    """

    def build(self, latent_size: int, width: int, key: AnyKey) -> OptimalPrior:
        """T = 0, with hidden layers of ``width``, and the moments of the standard normal."""
        keys = threefry.split(key)
        hidden = Stack(latent_size, width, HIDDEN, jax.nn.gelu, keys[0], residual=True)
        output = jax.tree.map(lambda leaf: constant(leaf.shape), Dense(width, 1, keys[1]))
        identity = jax.device_put(np.eye(latent_size, dtype=np.float32))
        return OptimalPrior(hidden, output, constant(()), constant(latent_size), identity)


def _base(u: Float[Array, "*rows latent"]) -> Float[Array, "*rows"]:
    """log N at a whitened latent: an equal mixture of a standard normal and a wider one."""
    wide = standard_log_prob(u / WIDER) - u.shape[-1] * math.log(WIDER)
    return jnp.logaddexp(standard_log_prob(u), wide) - math.log(2)


def _ratio(
    params: tuple[Stack, Dense], u: Float[Array, "*rows latent"], key: Key[Array, ""] | None = None
) -> Float[Array, "*rows"]:
    hidden, output = params
    y = hidden(u)
    return output(y if key is None else dropout(key, y, DROPOUT))[..., 0]


def _loss(
    params: tuple[Stack, Dense],
    drawn: Float[Array, "rows latent"],
    plain: Float[Array, "rows latent"],
    key: Key[Array, ""] | None = None,
) -> Float[Array, ""]:
    """Cross-entropy in nats, the sum of the means of both classes; 2 log 2 where nothing can be told apart."""
    keys = (None, None) if key is None else jax.random.split(key)
    real, made = _ratio(params, drawn, keys[0]), _ratio(params, plain, keys[1])
    return jax.nn.softplus(-real).mean() + jax.nn.softplus(made).mean()
