"""HI-VAE: a mixture prior, a private slice of the decoder for every column, one linear layer each."""

import dataclasses
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Key

from evenvae.likelihoods import Scale
from evenvae.models.encoder import CellInput, Cells
from evenvae.models.heads import decode
from evenvae.models.layout import Layout
from evenvae.models.mixture import LEAST_PROBABILITY, MixtureLatent, MixturePosterior

START = 0.05
"""Standard deviation of all weights at the start."""
LEAST_VARIANCE = 1e-3
NUMERIC = ("normal", "lognormal")


@dataclasses.dataclass(frozen=True)
class HIVAEConfig:
    """Sizes, and how the Gumbel-softmax cools: max(1 - 0.01 epoch, ``least_temperature``).

    The paper goes down to 1e-3, where gradients grow a thousandfold; 0.1 is the default here.
    """

    latent_size: int = 10
    components: int = 10
    slice_size: int = 5
    least_temperature: float = 0.1
    steps_per_epoch: float = 100.0

    @property
    def coordinates(self) -> int:
        """z and the components' probabilities."""
        return self.latent_size + self.components

    @property
    def points(self) -> int:
        """One for every coordinate of z, and one that picks the component."""
        return self.latent_size + 1

    def build(self, layout: Layout, bias: np.ndarray, key: Key[Array, ""]) -> "HIVAE":
        """A new network; heads have no bias."""
        del bias
        keys = jax.random.split(key, 3)
        return HIVAE(HIEncoder.of(self, layout, keys[0]), Both(), PrivateHeads.of(self, layout, keys[1]))


Normalisation = tuple[tuple[Array, Array] | None, ...]
"""For every block of numbers, mean and variance of the batch's observed cells; None for the others."""


def batch_moments(layout: Layout, cells: Cells, mask: Bool[Array, "rows D"]) -> Normalisation:
    """Moments of the observed cells of a batch, in model space; 0 and 1 for a column without any."""
    moments = []
    for block, x in zip(layout.blocks, cells, strict=True):
        if block.likelihood.name not in NUMERIC:
            moments.append(None)
            continue
        weight = layout.part(mask, block).astype(x.dtype)
        count = weight.sum(0)
        mean = (weight * x).sum(0) / jnp.maximum(count, 1)
        variance = (weight * (x - mean) ** 2).sum(0) / jnp.maximum(count, 1)
        moments.append((mean, jnp.where(count > 0, variance, 1)))
    return tuple(moments)


class HIEncoder(eqx.Module):
    """q(s|x) and q(z|x, s), one linear layer each on the normalised row.

    Numbers are normalised by the batch's observed cells while training, and by the training table's afterwards
    (model space is standardised by those, so nothing is left to do): the original uses the batch's moments at
    test time too, so that a row's answer depends on its neighbours. State: steps taken, for the temperature.
    """

    to_s: CellInput
    to_z: CellInput
    shift: Float[Array, "components 2*latent"]
    config: HIVAEConfig = eqx.field(static=True)

    @classmethod
    def of(cls, config: HIVAEConfig, layout: Layout, key: Key[Array, ""]) -> "HIEncoder":
        """Weights from N(0, 0.05^2), biases 0."""
        keys = jax.random.split(key, 3)
        plain = {"mode": "standardized_onehot", "dropout_rate": 0.0, "normalise": False, "see_mask": False}
        layer = lambda width, k: redrawn(CellInput(layout, width, k, gain=1.0, bias=0.0, **plain), k)
        shift = START * jax.random.normal(keys[2], (config.components, 2 * config.latent_size))
        return cls(layer(config.components, keys[0]), layer(2 * config.latent_size, keys[1]), shift, config)

    def init(self) -> Int[Array, ""]:
        """No step taken."""
        return jnp.zeros((), jnp.int32)

    def __call__(
        self,
        cells: Cells,
        mask: Bool[Array, "rows D"],
        scales: tuple[Scale, ...],
        state: Int[Array, ""],
        key: Key[Array, ""] | None = None,
        inference: bool = False,
    ) -> tuple[MixturePosterior, Int[Array, ""]]:
        """The posterior of every row, and the state after this batch."""
        del key
        moments = None
        if not inference:
            moments = batch_moments(self.to_s.layout, cells, mask)
            cells = tuple(
                x if m is None else (x - m[0]) / jnp.sqrt(jnp.maximum(m[1], 1e-6) + 1e-6)
                for x, m in zip(cells, moments, strict=True)
            )
        logits, _ = self.to_s(cells, mask, scales, None, None, True)
        base, _ = self.to_z(cells, mask, scales, None, None, True)
        log_pi = jnp.log(jnp.clip(jax.nn.softmax(logits, axis=-1), LEAST_PROBABILITY, 1))
        epoch = state.astype(log_pi.dtype) / self.config.steps_per_epoch
        temperature = jnp.maximum(1 - 0.01 * jnp.floor(epoch), self.config.least_temperature)
        after = state if inference else state + 1
        return MixturePosterior(log_pi, base, self.shift, temperature, moments), after


def redrawn(module: Any, key: Key[Array, ""]) -> Any:
    """The module with every array of two or more dimensions drawn from N(0, 0.05^2), the others 0."""
    leaves, structure = jax.tree.flatten(module)
    keys = jax.random.split(key, len(leaves))
    drawn = [
        START * jax.random.normal(k, leaf.shape, leaf.dtype) if leaf.ndim > 1 else jnp.zeros_like(leaf)
        for k, leaf in zip(keys, leaves, strict=True)
    ]
    return jax.tree.unflatten(structure, drawn)


class Both(eqx.Module):
    """The trunk of a model whose heads share z and s themselves."""

    def __call__(self, latent: MixtureLatent) -> MixtureLatent:
        """The latent as it is."""
        return latent


class PrivateHeads(eqx.Module):
    """y_d, column d's own linear slice of z, gives its first parameter together with s; the others see s alone.

    As y_d is private, z and s are the last features that all columns share, and the columns' gradients are
    balanced there (Javaloy et al., 2021, B.4). Everything is linear, so y is never formed: its product with the
    column's kernel is one matrix from z to the outputs.
    """

    to_slices: Float[Array, "latent D slice"]
    slice_bias: Float[Array, "D slice"]
    from_slice: Float[Array, "P slice"]
    from_s: Float[Array, "components P"]
    layout: Layout = eqx.field(static=True)

    @classmethod
    def of(cls, config: HIVAEConfig, layout: Layout, key: Key[Array, ""]) -> "PrivateHeads":
        """Weights from N(0, 0.05^2)."""
        shapes = (
            (config.latent_size, layout.features, config.slice_size),
            (layout.width, config.slice_size),
            (config.components, layout.width),
        )
        to_slices, from_slice, from_s = (
            START * jax.random.normal(k, shape) for k, shape in zip(jax.random.split(key, 3), shapes, strict=True)
        )
        return cls(to_slices, jnp.zeros(shapes[0][1:]), from_slice, from_s, layout)

    @property
    def feature(self) -> np.ndarray:
        """(P,) the column that each of the kernels' outputs belongs to."""
        return self.layout.feature_of_output

    def kernels(self) -> tuple[tuple[Float[Array, "latent P"], Float[Array, "components P"]], Float[Array, " P"]]:
        """Kernels of z and s, and the bias that the slices' bias amounts to."""
        sees_slice, used = roles(self.layout)
        feature = self.layout.feature_of_output
        own = jnp.where(sees_slice[:, None], self.from_slice, 0)
        of_z = (self.to_slices[:, feature] * own).sum(-1)
        bias = (self.slice_bias[feature] * own).sum(-1)
        return (of_z, jnp.where(used, self.from_s, 0)), bias

    def natural(self, outputs: Float[Array, "... P"], normalisation: Normalisation | None = None):
        """Linear outputs to raw parameters, with the batch's normalisation undone.

        Numbers: mean and softplus variance in normalised units, clipped to at least 1e-3 (and at most 1 for
        positive columns). Counts: a softplus rate.
        """
        moments = normalisation or (None,) * len(self.layout.blocks)
        parts = []
        for block, part, moment in zip(self.layout.blocks, self.layout.split(outputs), moments, strict=True):
            name = block.likelihood.name
            if name in NUMERIC:
                part = _numeric(part, moment, most=1.0 if name == "lognormal" else jnp.inf)
            elif name == "poisson":
                part = jnp.log(jnp.maximum(jax.nn.softplus(part), 1e-6))
            parts.append(part.reshape(*outputs.shape[:-1], block.width))
        return jnp.concatenate(parts, axis=-1)


def _numeric(part: Float[Array, "... columns 2"], moment: tuple[Array, Array] | None, most: float) -> Array:
    mean, variance = part[..., 0], jnp.clip(jax.nn.softplus(part[..., 1]), LEAST_VARIANCE, most)
    if moment is not None:
        spread = jnp.maximum(moment[1], LEAST_VARIANCE)
        mean, variance = jnp.sqrt(spread) * mean + moment[0], spread * variance
    precision = 0.5 / variance
    # the normal's second raw parameter goes through softplus: here its inverse
    return jnp.stack([mean / variance, precision + jnp.log(-jnp.expm1(-precision))], axis=-1)


def roles(layout: Layout) -> tuple[Bool[np.ndarray, " P"], Bool[np.ndarray, " P"]]:
    """Which outputs see their column's slice, and which are used at all (the first logit is fixed at 0)."""
    sees, used = [], []
    for block in layout.blocks:
        count = block.likelihood.parameters
        own, on = np.zeros(count, bool), np.ones(count, bool)
        match block.likelihood.name:
            case "categorical" | "histogram":
                own[1:], on[0] = True, False
            case "ordinal":
                own[-1] = True
            case _:
                own[0] = True
        sees.append(np.tile(own, block.width // count))
        used.append(np.tile(on, block.width // count))
    return np.concatenate(sees), np.concatenate(used)


class HIVAE(eqx.Module):
    """p(s) p(z|s) prod_d p_d(x_d | y_d(z), s) (Nazabal, Olmos, Ghahramani and Valera, 2020).

    Differences from the original, each for a reason: stored moments at test time (see `HIEncoder`); the
    component's KL in closed form (see `MixturePrior.kl`); clips act in units of the training table's spread;
    counts enter the encoder as standardised log(1 + count); probabilities of ordinal levels by a form that stays
    finite in the tails; the temperature stops at 0.1 unless told otherwise.
    """

    encoder: HIEncoder
    trunk: Both
    heads: PrivateHeads

    def decode(self, latent: MixtureLatent) -> Float[Array, "... P"]:
        """Raw parameters of every column."""
        return decode(self, latent)

    def latent_of(self, coordinates: Float[Array, "... latent+components"]) -> MixtureLatent:
        """z, and the likeliest component as one-hot."""
        size = self.encoder.config.latent_size
        z, probabilities = coordinates[..., :size], coordinates[..., size:]
        return MixtureLatent(z, jax.nn.one_hot(probabilities.argmax(-1), probabilities.shape[-1]))
