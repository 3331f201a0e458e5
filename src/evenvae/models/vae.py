"""The variational autoencoder: encoder, trunk, heads."""

import dataclasses

import jax
import numpy as np
from jaxtyping import Array, Float, Int

from evenvae import threefry
from evenvae.likelihoods.detailed import NO_DETAILS, Details
from evenvae.models.conditioning import ConditionalLatent, TaskEncoder, TaskTrunk
from evenvae.models.convolution import ConvolutionalInput, PixelHeads, PixelTrunk
from evenvae.models.encoder import CellInput, Encoder
from evenvae.models.heads import Heads
from evenvae.models.layout import Layout
from evenvae.models.model import Model
from evenvae.models.networks import ACTIVATIONS, Dense, Stack
from evenvae.models.sight import SightedEncoder, SightedTrunk, without_sight
from evenvae.threefry import AnyKey


@dataclasses.dataclass(frozen=True)
class VAEConfig:
    """The complete shape of a network; hashable, as it may be part of a compiled program's key.

    Attributes:
        latent_size: coordinates of z.
        width: of every hidden layer.
        depth: number of hidden layers of the encoder; the trunk has one more.
        kind: ``"residual"``; ``"mlp"``, the same without sums around the layers; ``"paper"``, the network of Javaloy,
            Meghdadi and Valera (2021), A.4.1; or ``"conv"``, which sees images by convolutions, and decodes by them
            where an image is the only column.
        encoder_input: ``"standardized_onehot"``, or ``"raw"``: see `evenvae.models.encoder.CellInput`.
        dropout: rate of dropout on the encoder's input.
        see_mask: whether the encoder also sees which cells are observed.
        initialisation: of the heads: ``"marginals"`` or ``"paper"``.
        tasks: number of levels of every task column.
        sight: whether the decoder sees the cells that it is shown.
        details: of the columns of numbers.
        activation: of the layers of ``"residual"``, ``"mlp"`` and ``"conv"``, by name.
    """

    latent_size: int
    width: int = 256
    depth: int = 2
    kind: str = "residual"
    encoder_input: str = "standardized_onehot"
    dropout: float = 0.0
    see_mask: bool = False
    initialisation: str = "marginals"
    tasks: tuple[int, ...] = ()
    sight: bool = False
    details: Details = NO_DETAILS
    activation: str = "gelu"

    @property
    def representation_size(self) -> int:
        """Size of a row's representation: the coordinates of z."""
        return self.latent_size

    @property
    def noise_size(self) -> int:
        """Number of standard-normal numbers that make one draw of the posterior."""
        return self.latent_size

    @property
    def prior_width(self) -> int:
        """Width of hidden layers of a prior that has any: that of the network."""
        return self.width

    def build(self, layout: Layout, bias: Float[np.ndarray, " P"], key: AnyKey) -> "VAE":
        """A new network; see `make_vae`."""
        return make_vae(self, layout, bias, key)


class VAE(Model):
    """p(x|z) = prod_d p_d(x_d; heads(trunk(z))) and q(z|x) by the encoder.

    The trunk's output y is the last shared feature, where the columns' gradients are balanced.
    """

    encoder: Encoder | TaskEncoder | SightedEncoder
    trunk: Stack | PixelTrunk | TaskTrunk | SightedTrunk
    heads: Heads | PixelHeads


class ConditionalVAE(VAE):
    """p(x|z, s) and q(z|x, s) of rows whose tasks s are known: see `evenvae.models.conditioning`."""

    encoder: TaskEncoder
    trunk: TaskTrunk
    heads: Heads

    def latent_at(
        self, representation: Float[Array | np.ndarray, "... latent"], tasks: Int[Array | np.ndarray, "... T"]
    ) -> ConditionalLatent:
        """z under tasks with these codes."""
        return self.trunk.given(representation, tasks)

    def decodable(
        self, prior_draw: Float[Array, "... latent"], tasks: Int[Array | np.ndarray, "... T"]
    ) -> ConditionalLatent:
        """A draw of z under tasks with these codes."""
        return self.trunk.given(prior_draw, tasks)


class SightedVAE(VAE):
    """p(x|z, shown cells): see `evenvae.models.sight`. A latent that is not a batch's is decoded without sight."""

    encoder: SightedEncoder
    trunk: SightedTrunk
    heads: Heads

    def latent_at(
        self, representation: Float[Array | np.ndarray, "... latent"], tasks: Int[Array | np.ndarray, "... T"]
    ) -> ConditionalLatent:
        """z, where no cell is shown."""
        del tasks
        return without_sight(self.encoder, representation)

    def decodable(
        self, prior_draw: Float[Array, "... latent"], tasks: Int[Array | np.ndarray, "... T"]
    ) -> ConditionalLatent:
        """A draw of z, where no cell is shown."""
        del tasks
        return without_sight(self.encoder, prior_draw)


def make_vae(config: VAEConfig, layout: Layout, bias: Float[np.ndarray, " P"], key: AnyKey) -> VAE:
    """A new network; a `ConditionalVAE` where the configuration has tasks, a `SightedVAE` where it has sight.

    Args:
        config: shape of the network.
        layout: the table's columns.
        bias: parameters of the columns' marginals, at which the heads begin.
        key: of the random weights.
    """
    keys = threefry.split(key, 5)
    paper, residual = config.kind == "paper", config.kind not in ("paper", "mlp")
    width, latent = config.width, config.latent_size
    tanh_gain, relu_gain, start = (5 / 3, 2**0.5, 0.01) if paper else (1.0, 1.0, 0.0)
    first = {"mode": config.encoder_input, "dropout_rate": config.dropout, "gain": tanh_gain, "bias": start}
    if config.kind == "conv":
        cell_input = ConvolutionalInput.of(layout, width, keys[0], normalise=False, **first)
    else:
        cell_input = CellInput(layout, width, keys[0], normalise=paper, see_mask=config.see_mask, **first)
    encoder_activation, trunk_activation = (
        (jax.numpy.tanh, jax.nn.relu) if paper else (ACTIVATIONS[config.activation],) * 2
    )
    hidden = Stack(
        width,
        width,
        2 if paper else config.depth,
        encoder_activation,
        keys[1],
        residual=residual,
        gain=tanh_gain,
        bias=start,
    )
    encoder = Encoder(cell_input, hidden, Dense(width, 2 * latent, keys[2], 1.0, start))
    if config.kind == "conv" and layout.features == 1:
        image = PixelTrunk.of(layout.likelihoods[0].event_shape, latent, width, keys[3])
        return VAE(encoder, image, PixelHeads.at_marginals(layout, keys[4], bias))
    trunk = Stack(
        latent + sum(config.tasks) + (width + 1 if config.sight else 0),
        width,
        3 if paper else config.depth + 1,
        trunk_activation,
        keys[3],
        residual=residual,
        gain=relu_gain,
        bias=start,
    )
    if config.initialisation == "paper":
        heads = Heads.of_paper(layout, width, keys[4])
    else:
        heads = Heads.at_marginals(layout, width, keys[4], bias)
    if config.sight:
        assert isinstance(cell_input, CellInput)
        shown = CellInput(layout, width, threefry.fold_in(key, 3), normalise=False, see_mask=True, **first)
        return SightedVAE(SightedEncoder(encoder, shown), SightedTrunk(trunk), heads)
    if not config.tasks:
        return VAE(encoder, trunk, heads)
    task_encoder = TaskEncoder.of(encoder, config.tasks, threefry.fold_in(key, 2))
    return ConditionalVAE(task_encoder, TaskTrunk(trunk, config.tasks), heads)
