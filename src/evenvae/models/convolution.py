"""Images in and out by convolutions: an input layer for the encoder, a trunk and heads for a model of images alone."""

import math
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Key

from evenvae import threefry
from evenvae.likelihoods.base import Scale
from evenvae.models.batch import Batch
from evenvae.models.encoder import CellInput
from evenvae.models.layout import Layout
from evenvae.models.networks import Dense, Statistics, xavier_uniform
from evenvae.threefry import AnyKey

CHANNELS = (16, 32)
"""Channels of the maps at half and at a quarter of the resolution."""


class Convolution(eqx.Module):
    """A 3 x 3 convolution with zero padding, as nine shifted copies times one matrix.

    When several runs train under ``vmap`` this stays a matrix product, where a convolution with a kernel for each run
    becomes a grouped one, which is slow on a CPU.
    """

    dense: Dense
    stride: int = eqx.field(static=True)

    def __init__(self, inputs: int, outputs: int, key: AnyKey, stride: int = 1):
        self.dense = Dense(9 * inputs, outputs, key, gain=2**0.5)
        self.stride = stride

    def __call__(self, x: Float[Array, "images H W inputs"]) -> Float[Array, "images h w outputs"]:
        """Convolved images; height and width are divided by the stride and rounded up."""
        height, width = x.shape[1:3]
        padded = jnp.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
        shifts = [(i, j) for i in range(3) for j in range(3)]
        copies = [padded[:, i : i + height : self.stride, j : j + width : self.stride] for i, j in shifts]
        return self.dense(jnp.concatenate(copies, axis=-1))


class ImageInput(eqx.Module):
    """Two halvings by convolution, then a dense layer to the encoder's width."""

    layers: tuple[Convolution, ...]
    dense: Dense

    @classmethod
    def of(cls, shape: tuple[int, ...], width: int, key: AnyKey) -> "ImageInput":
        """For images of ``shape`` (H, W, C)."""
        keys = threefry.split(key, len(CHANNELS) + 1)
        sizes = (shape[2], *CHANNELS)
        layers = tuple(Convolution(a, b, k, 2) for a, b, k in zip(sizes, CHANNELS, keys, strict=False))
        height, wide = quarter(shape)
        return cls(layers, Dense(height * wide * CHANNELS[-1], width, keys[-1]))

    def __call__(self, x: Float[Array, "rows H W C"]) -> Float[Array, "rows width"]:
        """What each image adds to the first layer's pre-activations."""
        for layer in self.layers:
            x = jax.nn.gelu(layer(x))
        return self.dense(x.reshape(x.shape[0], -1))


class ConvolutionalInput(eqx.Module):
    """The encoder's first layer, with convolutions for images and a `CellInput` for all other columns."""

    rest: CellInput
    images: tuple[tuple[ImageInput, ...], ...]
    seen: Float[Array, "D width"]
    layout: Layout = eqx.field(static=True)

    @classmethod
    def of(cls, layout: Layout, width: int, key: AnyKey, **options: Any) -> "ConvolutionalInput":
        """An `ImageInput` for every image column; ``options`` are those of `CellInput` except ``see_mask``."""
        keys = threefry.split(key, 3)
        rest = Layout(tuple(block for block in layout.blocks if not block.likelihood.event_shape))
        columns = [block for block in layout.blocks if block.likelihood.event_shape]
        images = tuple(
            tuple(
                ImageInput.of(block.likelihood.event_shape, width, threefry.fold_in(keys[0], d)) for d in block.columns
            )
            for block in columns
        )
        cells = CellInput(rest, width, keys[1], see_mask=False, **options)
        seen = jax.device_put(0.1 * xavier_uniform(keys[2], (layout.features, width)))
        return cls(cells, images, seen, layout)

    def init(self) -> Statistics | None:
        """State of the batch normalisation, if there is one."""
        return self.rest.init()

    def __call__(
        self,
        batch: Batch,
        scales: tuple[Scale, ...],
        state: Statistics | None,
        key: Key[Array, ""] | None,
        inference: bool,
    ) -> tuple[Float[Array, "rows width"], Statistics | None]:
        """Pre-activations of the first layer, and the state; a missing image contributes nothing."""
        blocks = list(zip(self.layout.blocks, batch.cells, scales, strict=True))
        others = [(x, scale) for block, x, scale in blocks if not block.likelihood.event_shape]
        rest = batch._replace(cells=tuple(x for x, _ in others))
        out, state = self.rest(rest, tuple(scale for _, scale in others), state, key, inference)
        out = out + batch.mask.astype(out.dtype) @ self.seen
        of_images = [block for block in blocks if block[0].likelihood.event_shape]
        for inputs, (block, x, scale) in zip(self.images, of_images, strict=True):
            values = block.likelihood.encoder_value(x.astype(out.dtype), scale)
            for position, (image, column) in enumerate(zip(inputs, block.columns, strict=True)):
                observed = batch.mask[:, column, None]
                out = out + jnp.where(observed, image(values[:, position]), 0)
        return out, state


def quarter(shape: tuple[int, ...]) -> tuple[int, int]:
    """Height and width of an image after two halvings, each rounded up."""
    return math.ceil(math.ceil(shape[0] / 2) / 2), math.ceil(math.ceil(shape[1] / 2) / 2)


def doubled(x: Float[Array, "images H W C"]) -> Float[Array, "images 2*H 2*W C"]:
    """Twice the resolution: every pixel becomes four."""
    return jnp.repeat(jnp.repeat(x, 2, axis=1), 2, axis=2)


class PixelTrunk(eqx.Module):
    """From the latent to a map of features at full resolution: dense layers, then two doublings with convolutions."""

    hidden: Dense
    dense: Dense
    layers: tuple[Convolution, ...]
    shape: tuple[int, int, int] = eqx.field(static=True)

    @classmethod
    def of(cls, shape: tuple[int, int, int], latent: int, width: int, key: AnyKey) -> "PixelTrunk":
        """For images of ``shape`` (H, W, C)."""
        keys = threefry.split(key, 4)
        height, wide = quarter(shape)
        coarse, fine = CHANNELS[1], CHANNELS[0]
        layers = (Convolution(coarse, fine, keys[2]), Convolution(fine, fine, keys[3]))
        return cls(Dense(latent, width, keys[0]), Dense(width, height * wide * coarse, keys[1]), layers, shape)

    def __call__(self, z: Float[Array, "... latent"]) -> Float[Array, "... H W channels"]:
        """The last shared feature: a map with `CHANNELS[0]` channels."""
        x = jax.nn.gelu(self.dense(jax.nn.gelu(self.hidden(z))))
        x = x.reshape(-1, *quarter(self.shape), CHANNELS[1])
        for layer in self.layers:
            x = jax.nn.gelu(layer(doubled(x)))
        height, width, _ = self.shape
        return x[:, :height, :width].reshape(*z.shape[:-1], height, width, CHANNELS[0])


class PixelHeads(eqx.Module):
    """Heads of a table whose only column is an image: one kernel for all pixels, a bias for each.

    The last shared feature is a map. Each pixel has a head, as each column has one elsewhere, and all pixels share
    its kernel. With one column there is nothing to balance, but the gradient passes the same seam as in other models.
    """

    kernel: Float[Array, "channels outputs"]
    bias: Float[Array, "H W outputs"]
    layout: Layout = eqx.field(static=True)

    @classmethod
    def at_marginals(cls, layout: Layout, key: AnyKey, bias: Float[np.ndarray | Array, " P"]) -> "PixelHeads":
        """Biases that give every pixel's mean, and small weights."""
        height, width, _ = layout.likelihoods[0].event_shape
        outputs = layout.width // (height * width)
        kernel = 0.1 * xavier_uniform(key, (CHANNELS[0], outputs))
        own = np.asarray(bias, np.float32).reshape(height, width, outputs)
        return cls(jax.device_put(kernel), jax.device_put(own), layout)

    @property
    def feature(self) -> Int[np.ndarray, " outputs"]:
        """The column that each output of the kernel belongs to: the only one."""
        return np.zeros(self.kernel.shape[-1], np.int32)

    def kernels(
        self,
    ) -> tuple[tuple[Float[Array | np.ndarray, "channels outputs"], ...], Float[Array | np.ndarray, "H W outputs"]]:
        """The kernel of the map, and the bias."""
        return (self.kernel,), self.bias

    def parameters(self, outputs: Float[Array, "... H W outputs"], normalisation: Any = None) -> Float[Array, "... P"]:
        """The outputs of all pixels, side by side."""
        del normalisation
        return outputs.reshape(*outputs.shape[:-3], -1)
