"""HI-VAE: a mixture prior, linear layers, and a private slice of the decoder for every column."""

import dataclasses
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Key

from evenvae import threefry
from evenvae.errors import InputError
from evenvae.likelihoods.base import Scale
from evenvae.likelihoods.detailed import NO_DETAILS, Details
from evenvae.models.batch import Batch, Cells
from evenvae.models.encoder import CellInput
from evenvae.models.layout import Layout
from evenvae.models.mixture import LEAST_PROBABILITY, MixtureLatent, MixturePosterior
from evenvae.models.model import Model
from evenvae.models.networks import constant
from evenvae.threefry import AnyKey

START = 0.05
"""Standard deviation of all weights at the start."""
LEAST_VARIANCE = 1e-3
NORMALISED = ("numbers", "positive numbers")
"""Treatments (`Likelihood.hivae`) whose cells are normalised by the batch."""


@dataclasses.dataclass(frozen=True)
class HIVAEConfig:
    """The complete shape of a HI-VAE; hashable, as it may be part of a compiled program's key.

    Attributes:
        latent_size: coordinates of z.
        components: number of components s.
        slice_size: coordinates of each column's slice y_d.
        least_temperature: the Gumbel-softmax cools as max(1 - 0.01 epoch, ``least_temperature``). The paper goes down
            to 1e-3, where gradients are a thousand times as large; the default here is 0.1.
        steps_per_epoch: steps after which the temperature falls.
    """

    latent_size: int = 10
    components: int = 10
    slice_size: int = 5
    least_temperature: float = 0.1
    steps_per_epoch: float = 100.0

    sight: ClassVar[bool] = False
    details: ClassVar[Details] = NO_DETAILS

    @property
    def representation_size(self) -> int:
        """Size of a row's representation: z, and the probabilities of the components."""
        return self.latent_size + self.components

    @property
    def noise_size(self) -> int:
        """Standard-normal numbers that make one draw: one for each coordinate of z, and one picks the component."""
        return self.latent_size + 1

    @property
    def prior_width(self) -> int:
        """Width of hidden layers of the prior, of which the mixture prior has none."""
        return 0

    def build(self, layout: Layout, bias: Any, key: AnyKey) -> "HIVAE":
        """A new network; ``bias`` is not used, as the heads have none.

        Raises:
            InputError: HI-VAE does not know how to treat the likelihood of a column.
        """
        del bias
        for likelihood in layout.likelihoods:
            if likelihood.hivae is None:
                raise InputError(
                    f"model='hivae' does not know the likelihood {likelihood.name!r}. Make the "
                    "schema with families='paper', give the column another in the schema, or use model='vae'."
                )
        keys = threefry.split(key, 3)
        return HIVAE(HIEncoder.of(self, layout, keys[0]), Both(), PrivateHeads.of(self, layout, keys[1]))


Normalisation = tuple[tuple[Array, Array] | None, ...]
"""For every block that is normalised, mean and variance of the batch's observed cells; None for the others."""


def batch_moments(layout: Layout, cells: Cells, mask: Bool[Array | np.ndarray, "rows D"]) -> Normalisation:
    """Mean and variance of the observed cells of a batch, in model space; 0 and 1 for a column without any."""
    moments = []
    for block, x in zip(layout.blocks, cells, strict=True):
        if block.likelihood.hivae not in NORMALISED:
            moments.append(None)
            continue
        weight = layout.part(mask, block).astype(x.dtype)
        count = weight.sum(0)
        mean = (weight * x).sum(0) / jnp.maximum(count, 1)
        variance = (weight * (x - mean) ** 2).sum(0) / jnp.maximum(count, 1)
        moments.append((mean, jnp.where(count > 0, variance, 1)))
    return tuple(moments)


class HIEncoder(eqx.Module):
    """q(s|x) and q(z|x, s) by one linear layer each on the normalised row; an `EncoderProtocol`.

    While training, numbers are normalised by the mean and variance of the batch's observed cells. Afterwards they are
    normalised by those of the training table, and as model space is standardised by these, nothing is left to do. The
    original uses the batch at test time too, so that a row's answer depends on the rows beside it. The state is the
    number of steps taken, for the temperature.
    """

    to_s: CellInput
    to_z: CellInput
    shift: Float[Array, "components moments"]
    config: HIVAEConfig = eqx.field(static=True)

    @classmethod
    def of(cls, config: HIVAEConfig, layout: Layout, key: AnyKey) -> "HIEncoder":
        """Weights drawn from N(0, 0.05^2), biases 0."""
        keys = threefry.split(key, 3)
        plain = {"mode": "standardized_onehot", "dropout_rate": 0.0, "normalise": False, "see_mask": False}
        layer = lambda width, k: redrawn(CellInput(layout, width, k, gain=1.0, bias=0.0, **plain), k)
        shift = jax.device_put(START * threefry.normal(keys[2], (config.components, 2 * config.latent_size)))
        return cls(layer(config.components, keys[0]), layer(2 * config.latent_size, keys[1]), shift, config)

    def init(self) -> Int[Array, ""]:
        """No step has been taken."""
        return jax.device_put(np.int32(0))

    def __call__(
        self,
        batch: Batch,
        scales: tuple[Scale, ...],
        state: Int[Array, ""],
        key: Key[Array, ""] | None = None,
        inference: bool = False,
    ) -> tuple[MixturePosterior, Int[Array, ""]]:
        """The posterior of every row, and the state after this batch."""
        del key
        moments = None
        if not inference:
            moments = batch_moments(self.to_s.layout, batch.cells, batch.mask)
            cells = tuple(
                x if m is None else (x - m[0]) / jnp.sqrt(jnp.maximum(m[1], 1e-6) + 1e-6)
                for x, m in zip(batch.cells, moments, strict=True)
            )
            batch = batch._replace(cells=cells)
        logits, _ = self.to_s(batch, scales, None, None, True)
        base, _ = self.to_z(batch, scales, None, None, True)
        log_pi = jnp.log(jnp.clip(jax.nn.softmax(logits, axis=-1), LEAST_PROBABILITY, 1))
        epoch = state.astype(log_pi.dtype) / self.config.steps_per_epoch
        temperature = jnp.maximum(1 - 0.01 * jnp.floor(epoch), self.config.least_temperature)
        after = state if inference else state + 1
        return MixturePosterior(log_pi, base, self.shift, temperature, moments), after


def redrawn(module: Any, key: AnyKey) -> Any:
    """The module with every array of two or more dimensions drawn from N(0, 0.05^2), and all others 0."""
    leaves, structure = jax.tree.flatten(module)
    keys = threefry.split(key, len(leaves))
    drawn = [
        jax.device_put(START * threefry.normal(k, leaf.shape)) if leaf.ndim > 1 else constant(leaf.shape)
        for k, leaf in zip(keys, leaves, strict=True)
    ]
    return jax.tree.unflatten(structure, drawn)


class Both(eqx.Module):
    """The trunk of HI-VAE, which does nothing: the features that all heads share are z and s themselves."""

    def __call__(self, latent: MixtureLatent) -> MixtureLatent:
        """The latent as it is."""
        return latent


class PrivateHeads(eqx.Module):
    """Column d has a slice y_d, linear in z. Its first parameter sees y_d and s, its other parameters see s alone.

    As y_d belongs to one column, z and s are the last features that all columns share, and the columns' gradients are
    balanced there (Javaloy et al., 2021, B.4). Everything is linear, so y is never computed: its product with the
    column's kernel is one matrix from z to the outputs.
    """

    to_slices: Float[Array, "latent D slice"]
    slice_bias: Float[Array, "D slice"]
    from_slice: Float[Array, "P slice"]
    from_s: Float[Array, "components P"]
    layout: Layout = eqx.field(static=True)

    @classmethod
    def of(cls, config: HIVAEConfig, layout: Layout, key: AnyKey) -> "PrivateHeads":
        """Weights drawn from N(0, 0.05^2), biases 0."""
        shapes = (
            (config.latent_size, layout.features, config.slice_size),
            (layout.width, config.slice_size),
            (config.components, layout.width),
        )
        to_slices, from_slice, from_s = (
            jax.device_put(START * threefry.normal(k, shape))
            for k, shape in zip(threefry.split(key, 3), shapes, strict=True)
        )
        return cls(to_slices, constant(shapes[0][1:]), from_slice, from_s, layout)

    @property
    def feature(self) -> Int[np.ndarray, " P"]:
        """The column that each output of the kernels belongs to."""
        return self.layout.feature_of_output

    def kernels(
        self,
    ) -> tuple[
        tuple[Float[Array | np.ndarray, "latent P"], Float[Array | np.ndarray, "components P"]],
        Float[Array | np.ndarray, " P"],
    ]:
        """Kernels of z and of s, and the bias that follows from the bias of the slices."""
        sees_slice, used = roles(self.layout)
        feature = self.layout.feature_of_output
        own = jnp.where(sees_slice[:, None], self.from_slice, 0)
        of_z = (self.to_slices[:, feature] * own).sum(-1)
        bias = (self.slice_bias[feature] * own).sum(-1)
        return (of_z, jnp.where(used, self.from_s, 0)), bias

    def parameters(
        self, outputs: Float[Array, "... P"], normalisation: Normalisation | None = None
    ) -> Float[Array, "... P"]:
        """Linear outputs to the parameters of the likelihoods, with the batch's normalisation undone.

        For numbers the outputs are a mean and, through softplus, a variance in normalised units, at least 1e-3 and for
        positive numbers at most 1. For counts the output is, through softplus, the rate.
        """
        moments = normalisation or (None,) * len(self.layout.blocks)
        parts = []
        for block, part, moment in zip(self.layout.blocks, self.layout.split(outputs), moments, strict=True):
            treatment = block.likelihood.hivae
            if treatment in NORMALISED:
                part = _normal_parameters(part, moment, most=1.0 if treatment == "positive numbers" else jnp.inf)
            elif treatment == "counts":
                part = jnp.log(jnp.maximum(jax.nn.softplus(part), 1e-6))
            parts.append(part.reshape(*outputs.shape[:-1], block.width))
        return jnp.concatenate(parts, axis=-1)


def _normal_parameters(
    part: Float[Array, "... columns 2"], moment: tuple[Array, Array] | None, most: float
) -> Float[Array, "... columns 2"]:
    mean, variance = part[..., 0], jnp.clip(jax.nn.softplus(part[..., 1]), LEAST_VARIANCE, most)
    if moment is not None:
        spread = jnp.maximum(moment[1], LEAST_VARIANCE)
        mean, variance = jnp.sqrt(spread) * mean + moment[0], spread * variance
    precision = 0.5 / variance
    # the normal likelihood puts its second parameter through softplus: this is the inverse
    return jnp.stack([mean / variance, precision + jnp.log(-jnp.expm1(-precision))], axis=-1)


def roles(layout: Layout) -> tuple[Bool[np.ndarray, " P"], Bool[np.ndarray, " P"]]:
    """Which outputs see their column's slice, and which are used at all: the first logit of levels is fixed at 0."""
    sees, used = [], []
    for block in layout.blocks:
        count = block.likelihood.parameter_count
        own, on = np.zeros(count, bool), np.ones(count, bool)
        match block.likelihood.hivae:
            case "levels":
                own[1:], on[0] = True, False
            case "ordered levels":
                own[-1] = True
            case _:
                own[0] = True
        sees.append(np.tile(own, block.width // count))
        used.append(np.tile(on, block.width // count))
    return np.concatenate(sees), np.concatenate(used)


class HIVAE(Model):
    """p(s) p(z|s) prod_d p_d(x_d | y_d(z), s) (Nazabal, Olmos, Ghahramani and Valera, 2020).

    It differs from the original for these reasons: a row's answer must not depend on its neighbours, so the moments of
    the training table are used at test time (see `HIEncoder`); the component must be learned, so its KL is in closed
    form (see `MixturePrior.kl`); clips must not depend on units, so they act in units of the training table's spread.
    Counts enter the encoder as standardised log(1 + count), the probabilities of ordinal levels have a form that stays
    finite in the tails, and the temperature stops at 0.1 unless another one is given.
    """

    encoder: HIEncoder
    trunk: Both
    heads: PrivateHeads

    def latent_at(self, representation: Float[Array | np.ndarray, "... size"], tasks: Any) -> MixtureLatent:
        """z, and the likeliest component as one-hot; HI-VAE knows no tasks."""
        del tasks
        size = self.encoder.config.latent_size
        z, probabilities = representation[..., :size], representation[..., size:]
        return MixtureLatent(z, jax.nn.one_hot(probabilities.argmax(-1), probabilities.shape[-1]))
