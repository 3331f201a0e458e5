"""The variational autoencoder: encoder, trunk, heads."""

import dataclasses

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Array, Float, Key

from evenvae.models.conditioning import TaskEncoder, TaskTrunk
from evenvae.models.convolution import ConvolutionalInput, PixelHeads, PixelTrunk
from evenvae.models.encoder import CellInput, Encoder
from evenvae.models.heads import Heads, decode
from evenvae.models.layout import Layout
from evenvae.models.networks import Dense, Stack


@dataclasses.dataclass(frozen=True)
class VAEConfig:
    """Shape of the network; ``network="paper"`` is that of Javaloy, Meghdadi and Valera (2021), A.4.1.

    ``"conv"`` sees images by convolutions, and makes them so where an image is the only column.
    ``tasks`` holds the number of levels of every task column, if there are any.
    """

    latent_size: int
    hidden_size: int = 256
    depth: int = 2
    network: str = "residual"
    encoder_input: str = "standardized_onehot"
    dropout: float = 0.0
    see_mask: bool = False
    init: str = "marginals"
    tasks: tuple[int, ...] = ()

    @property
    def coordinates(self) -> int:
        """Size of what `transform` gives."""
        return self.latent_size

    @property
    def points(self) -> int:
        """Standard-normal numbers that make one draw of the posterior."""
        return self.latent_size

    def build(self, layout: Layout, bias: np.ndarray, key: Key[Array, ""]) -> "VAE":
        """A new network; see `make_vae`."""
        return make_vae(self, layout, bias, key)


class VAE(eqx.Module):
    """p(x|z) = prod_d p_d(x_d; heads(trunk(z))) and q(z|x) by the encoder.

    The trunk's output y is the last shared feature, where the columns' gradients are balanced.
    """

    encoder: Encoder | TaskEncoder
    trunk: Stack | PixelTrunk | TaskTrunk
    heads: Heads | PixelHeads

    def decode(self, z: Float[Array, "... latent"]) -> Float[Array, "... P"]:
        """Raw parameters of every column."""
        return decode(self, z)

    def latent_of(self, coordinates: Float[Array, "... latent"]) -> Float[Array, "... latent"]:
        """The latent at a place of latent space: itself."""
        return coordinates


def make_vae(config: VAEConfig, layout: Layout, bias: np.ndarray, key: Key[Array, ""]) -> VAE:
    """A new network. ``bias`` (P,) holds the heads at the columns' marginals."""
    keys = jax.random.split(key, 5)
    paper = config.network == "paper"
    width, latent = config.hidden_size, config.latent_size
    tanh_gain, relu_gain, start = (5 / 3, 2**0.5, 0.01) if paper else (1.0, 1.0, 0.0)
    first = {"mode": config.encoder_input, "dropout_rate": config.dropout, "gain": tanh_gain, "bias": start}
    if config.network == "conv":
        cell_input = ConvolutionalInput.of(layout, width, keys[0], normalise=False, **first)
    else:
        cell_input = CellInput(layout, width, keys[0], normalise=paper, see_mask=config.see_mask, **first)
    encoder_activation, trunk_activation = (jax.numpy.tanh, jax.nn.relu) if paper else (jax.nn.gelu,) * 2
    hidden = Stack(
        width,
        width,
        2 if paper else config.depth,
        encoder_activation,
        keys[1],
        residual=not paper,
        gain=tanh_gain,
        bias=start,
    )
    encoder = Encoder(cell_input, hidden, Dense(width, 2 * latent, keys[2], 1.0, start))
    if config.network == "conv" and layout.features == 1:
        image = PixelTrunk.of(layout.likelihoods[0].event_shape, latent, width, keys[3])
        return VAE(encoder, image, PixelHeads.at_marginals(layout, keys[4], bias))
    trunk = Stack(
        latent + sum(config.tasks),
        width,
        3 if paper else config.depth + 1,
        trunk_activation,
        keys[3],
        residual=not paper,
        gain=relu_gain,
        bias=start,
    )
    if config.init == "paper":
        heads = Heads.of_paper(layout, width, keys[4])
    else:
        heads = Heads.at_marginals(layout, width, keys[4], bias)
    if config.tasks:
        encoder = TaskEncoder.of(encoder, config.tasks, jax.random.fold_in(key, 2))
        trunk = TaskTrunk(trunk, config.tasks)
    return VAE(encoder, trunk, heads)
