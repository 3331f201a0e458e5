"""The optimal prior: the mean of the rows' posteriors, by a density ratio that is trained beside the model."""

import dataclasses
import math
from numbers import Real
from typing import Any, ClassVar, Literal, NamedTuple, get_args

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Bool, Float, Int, Key

from evenvae import threefry
from evenvae.models.network_options import Activation
from evenvae.models.networks import ACTIVATIONS, Dense, Stack, constant, dropout
from evenvae.part import check_choice, check_count, check_flag, check_number, check_positive, check_share
from evenvae.priors.base import PosteriorOf, Prior, PriorOptions
from evenvae.priors.components import ANCHOR, drift
from evenvae.priors.standard import standard_kl, standard_log_prob
from evenvae.threefry import AnyKey

Reference = Literal["posteriors", "standard"]
TOLERANCE = 0.1
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
    tails, and log Z would depend on single draws there. With ``Optimal(reference="standard")`` N is N(0, I) itself, u
    is z, and the KL is that to N(0, I) in closed form minus the mean of T.

    Cost:
        Five steps of T in every step of the model. The likelihood depends on an estimate: distrust it where its
        effective number of draws is small.
    """

    hidden: Stack
    output: Dense
    log_normaliser: Float[Array, ""]
    center: Float[Array, " latent"]
    factor: Float[Array, "latent latent"]
    options: Any = eqx.field(static=True)

    has_closed_kl: ClassVar[Any] = property(lambda self: self._standard)
    has_penalty: ClassVar[Any] = property(lambda self: self.options.anchor > 0)
    has_auxiliary_update: ClassVar[bool] = True

    @property
    def _standard(self) -> bool:
        return self.options.reference == "standard"

    @property
    def _optimiser(self) -> optax.GradientTransformation:
        return optax.adam(self.options.learning_rate)

    def init(self) -> RatioState:
        """Nothing has been learned or seen."""
        even = jnp.asarray(2 * jnp.log(2.0), jnp.float32)
        optimiser = self._optimiser.init((self.hidden, self.output))
        zero = jnp.zeros(())
        covariance = jnp.eye(len(self.center))
        return RatioState(optimiser, covariance, even, even, zero + 0.5, jnp.zeros((), bool), zero + NORMALISER_DRAWS)

    def log_ratio(self, u: Float[Array, "*rows latent"]) -> Float[Array, "*rows"]:
        """T at a whitened latent."""
        return _ratio((self.hidden, self.output), u)

    def whiten(self, z: Float[Array, "*rows latent"]) -> Float[Array, "*rows latent"]:
        """u, which has mean 0 and covariance I where z ~ q(z); z itself where N is N(0, I)."""
        if self._standard:
            return z
        return (z - self.center) @ jnp.linalg.inv(self.factor).T

    def log_prob(self, latent: Float[Array, "*rows latent"]) -> Float[Array, "*rows"]:
        """Log-density of z; its gradient reaches z, never the parameters of the ratio."""
        frozen = jax.lax.stop_gradient(self)
        u = frozen.whiten(latent)
        ratio = frozen.log_ratio(u) - frozen.log_normaliser
        if self._standard:
            return standard_log_prob(u) + ratio
        stretch = jnp.log(jnp.diagonal(frozen.factor)).sum()
        return _base(u) - stretch + ratio

    def kl(self, posterior: Any, latent: Any = None) -> Float[Array, " rows"]:
        """KL to N(0, I) in closed form minus the mean of T over the draws, plus log Z; only where N is N(0, I)."""
        if not self._standard:
            return super().kl(posterior, latent)
        frozen = jax.lax.stop_gradient(self)
        mean = frozen.log_ratio(latent).mean(0)
        return standard_kl(posterior.mean, posterior.std) - mean + frozen.log_normaliser

    def penalty(self, posterior: Any) -> Float[Array, ""]:
        """A small weight of `drift`."""
        return self.options.anchor * drift(posterior)

    def _base_draws(self, key: Key[Array, ""], count: tuple[int, ...]) -> Float[Array, "... latent"]:
        keys = jax.random.split(key)
        if self._standard:
            return jax.random.normal(keys[1], (*count, len(self.center)))
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
        size, steps = len(upcoming), self.options.steps
        rows = jax.random.choice(keys[0], pool, (steps * size,))
        posterior = posterior_of(rows)
        z = posterior.latent_of(posterior.sample(keys[1], 1))[0]
        following, covariance = self._following(z, state.covariance)
        drawn = following.whiten(z).reshape(steps, size, -1)
        plain = self._base_draws(keys[2], drawn.shape[:-1])
        transformation, rate = self._optimiser, self.options.dropout

        def one(carry, batch):
            params, optimiser = carry
            *pair, key = batch
            loss, gradient = jax.value_and_grad(_loss)(params, *pair, key, rate)
            updates, optimiser = transformation.update(gradient, optimiser, params)
            return (optax.apply_updates(params, updates), optimiser), loss

        before = (self.hidden, self.output), state.optimiser
        after, losses = jax.lax.scan(one, before, (drawn, plain, jax.random.split(keys[3], steps)))
        held = lambda old, new: jax.tree.map(lambda a, b: jnp.where(state.paused, a, b), old, new)
        (hidden, output), optimiser = held(before, after)
        trained = 0.95 * state.trained + 0.05 * losses.mean()
        updated = eqx.tree_at(lambda p: (p.hidden, p.output), following, (hidden, output))
        return updated, state._replace(optimiser=optimiser, covariance=covariance, trained=trained)

    def _following(
        self, z: Float[Array, "rows latent"], covariance: Float[Array, "latent latent"]
    ) -> tuple["OptimalPrior", Float[Array, "latent latent"]]:
        """N with the running moments of q(z), these draws included; and the covariance. N(0, I) follows nothing."""
        if self._standard:
            return self, covariance
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
        subtracted = log_normaliser if self.options.normalise else jnp.zeros(())
        finalised = eqx.tree_at(lambda p: p.log_normaliser, self, subtracted)
        params = self.hidden, self.output
        loss = _loss(params, drawn, plain)
        # against the narrow half alone: the wide one could be told apart by its width
        narrow = lambda u: 0.0 if self._standard else _base(u) - standard_log_prob(u)
        apart = lambda u: _ratio(params, u) + narrow(u)
        right = 0.5 * ((apart(drawn) > 0).mean() + (apart(jax.random.normal(keys[3], drawn.shape)) < 0).mean())
        tolerance = self.options.tolerance
        paused = jnp.zeros((), bool) if tolerance is None else loss > state.trained + tolerance
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
    """Options of the optimal prior: how T is trained, and against what.

    Use it when:
        You reproduce Takahashi et al. (2022), or no mixture follows the latents.

    Attributes:
        reference: the N whose draws T tells from those of the posteriors: ``"posteriors"`` has their running mean and
            covariance, ``"standard"`` is N(0, I), as published.
        steps: of T in every step of the model, each with a batch of its own.
        learning_rate: of T, by Adam.
        dropout: share of the last hidden layer's units that is dropped in a step of T.
        depth: hidden layers of T.
        width: units of each; None takes the width of the model's network.
        activation: of these layers: ``"gelu"``, ``"tanh"`` or ``"relu"``.
        residual: True adds the input of a layer to its output, where both have the same width.
        tolerance: nats by which the loss of T on held-out rows may exceed that in training before T pauses; None never
            pauses.
        anchor: weight of a penalty that keeps the mean and the variances of q(z) near those of N(0, I).
        normalise: True estimates log Z and subtracts it from log-densities. False leaves it out, as published, so that
            likelihoods are too large by log Z (which may be negative); `EvenVAE.evaluate` gives it either way.

    Raises:
        InputError: a field is out of range.
    """

    reference: Reference = "posteriors"
    steps: int = 5
    learning_rate: float = 1e-3
    dropout: float = 0.1
    depth: int = 2
    width: int | None = None
    activation: Activation = "gelu"
    residual: bool = True
    tolerance: float | None = TOLERANCE
    anchor: float = ANCHOR
    normalise: bool = True

    def __post_init__(self) -> None:
        check_choice("prior.reference", self.reference, get_args(Reference))
        for name in ("steps", "depth", "width"):
            check_count(f"prior.{name}", getattr(self, name))
        check_positive("prior.learning_rate", self.learning_rate)
        check_share("prior.dropout", self.dropout)
        check_choice("prior.activation", self.activation, get_args(Activation))
        for name in ("tolerance", "anchor"):
            check_number(f"prior.{name}", getattr(self, name), Real, 0, math.inf, "a number, 0 or more")
        for name in ("residual", "normalise"):
            check_flag(f"prior.{name}", getattr(self, name))

    def build(self, latent_size: int, width: int, key: AnyKey) -> OptimalPrior:
        """T = 0, with hidden layers of ``width`` unless the options have their own, and the moments of N(0, I)."""
        keys = threefry.split(key)
        width = self.width or width
        activation = ACTIVATIONS[self.activation]
        hidden = Stack(latent_size, width, self.depth, activation, keys[0], residual=self.residual)
        output = jax.tree.map(lambda leaf: constant(leaf.shape), Dense(width, 1, keys[1]))
        identity = jax.device_put(np.eye(latent_size, dtype=np.float32))
        return OptimalPrior(hidden, output, constant(()), constant(latent_size), identity, self)


def _base(u: Float[Array, "*rows latent"]) -> Float[Array, "*rows"]:
    """log N at a whitened latent: an equal mixture of a standard normal and a wider one."""
    wide = standard_log_prob(u / WIDER) - u.shape[-1] * math.log(WIDER)
    return jnp.logaddexp(standard_log_prob(u), wide) - math.log(2)


def _ratio(
    params: tuple[Stack, Dense], u: Float[Array, "*rows latent"], key: Key[Array, ""] | None = None, rate: float = 0.0
) -> Float[Array, "*rows"]:
    hidden, output = params
    y = hidden(u)
    return output(y if key is None else dropout(key, y, rate))[..., 0]


def _loss(
    params: tuple[Stack, Dense],
    drawn: Float[Array, "rows latent"],
    plain: Float[Array, "rows latent"],
    key: Key[Array, ""] | None = None,
    rate: float = 0.0,
) -> Float[Array, ""]:
    """Cross-entropy in nats, the sum of the means of both classes; 2 log 2 where nothing can be told apart.

    With a ``key`` the share ``rate`` of the last hidden layer is dropped.
    """
    keys = (None, None) if key is None else jax.random.split(key)
    real, made = _ratio(params, drawn, keys[0], rate), _ratio(params, plain, keys[1], rate)
    return jax.nn.softplus(-real).mean() + jax.nn.softplus(made).mean()


@dataclasses.dataclass(frozen=True)
class Implicit(Optimal):
    """The optimal prior as Takahashi, Iwata, Yamanaka, Yamada and Yagi (AAAI 2019) train it, with N(0, I) as N.

    Ten steps of T in every step of the model stand for ten epochs of T after every epoch of the model: T takes as many
    steps on as many rows, and follows the encoder without a delay.

    Use it when:
        You compare with that paper; ``preset="implicit"`` sets its network and training.

    Attributes:
        reference, steps, learning_rate, dropout, depth, width, activation, residual, tolerance, anchor, normalise: as
            those of `Optimal`, with the values of the paper's code.
    """

    reference: Reference = "standard"
    steps: int = 10
    dropout: float = 0.5
    depth: int = 3
    width: int | None = 500
    activation: Activation = "tanh"
    residual: bool = False
    tolerance: float | None = None
    anchor: float = 0.0
