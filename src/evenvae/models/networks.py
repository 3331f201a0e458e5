"""Layers over batches of rows: dense layers, batch normalisation with its statistics as state, residual stacks."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Key

from evenvae import threefry
from evenvae.threefry import AnyKey

ACTIVATIONS: Mapping[str, Callable] = {"gelu": jax.nn.gelu, "tanh": jnp.tanh, "relu": jax.nn.relu}
"""What may follow a dense layer, by name."""


def xavier_uniform(key: AnyKey, shape: tuple[int, ...], gain: float = 1.0) -> Float[np.ndarray, "..."]:
    """Draws from U(-b, b) with b = gain sqrt(6 / (fan in + fan out)) (Glorot and Bengio, 2010), on the host."""
    bound = gain * (6.0 / (shape[-2] + shape[-1])) ** 0.5
    return threefry.uniform(key, shape, -bound, bound)


def constant(shape: tuple[int, ...] | int, value: float = 0.0) -> Float[Array, "..."]:
    """An array of one number, made on the host: ``jnp.full`` would compile a program for every shape."""
    return jax.device_put(np.full(shape, value, np.float32))


class Dense(eqx.Module):
    """x W + b over any leading dimensions."""

    kernel: Float[Array, "inputs outputs"]
    bias: Float[Array, " outputs"]

    def __init__(self, inputs: int, outputs: int, key: AnyKey, gain: float = 1.0, bias: float = 0.0):
        self.kernel = jax.device_put(xavier_uniform(key, (inputs, outputs), gain))
        self.bias = constant(outputs, bias)

    def __call__(self, x: Float[Array, "... inputs"]) -> Float[Array, "... outputs"]:
        """Apply to the last dimension."""
        return x @ self.kernel + self.bias


class Statistics(NamedTuple):
    """Running mean and variance of a batch normalisation."""

    mean: Float[Array, " features"]
    variance: Float[Array, " features"]


class BatchNorm(eqx.Module):
    """Batch normalisation (Ioffe and Szegedy, 2015); its statistics are state, passed in and returned."""

    gain: Float[Array, " features"]
    bias: Float[Array, " features"]
    momentum: float = eqx.field(static=True, default=0.1)
    epsilon: float = eqx.field(static=True, default=1e-5)

    @classmethod
    def of(cls, features: int) -> "BatchNorm":
        """Identity at the start."""
        return cls(constant(features, 1.0), constant(features))

    def init(self) -> Statistics:
        """Statistics of a standardised batch."""
        return Statistics(constant(self.bias.shape), constant(self.gain.shape, 1.0))

    def __call__(
        self, x: Float[Array, "rows features"], state: Statistics, inference: bool
    ) -> tuple[Float[Array, "rows features"], Statistics]:
        """Normalise by the batch while training, by the running statistics afterwards."""
        if inference:
            mean, variance = state
        else:
            mean, variance = x.mean(0), x.var(0)
            rows = x.shape[0]
            unbiased = variance * rows / max(rows - 1, 1)
            blend = lambda old, new: (1 - self.momentum) * old + self.momentum * jax.lax.stop_gradient(new)
            state = Statistics(blend(state.mean, mean), blend(state.variance, unbiased))
        return (x - mean) * jax.lax.rsqrt(variance + self.epsilon) * self.gain + self.bias, state


class Stack(eqx.Module):
    """Dense layers, each followed by an activation; with ``residual``, layers of equal widths add to their input."""

    layers: tuple[Dense, ...]
    activation: Callable = eqx.field(static=True)
    residual: bool = eqx.field(static=True)

    def __init__(
        self,
        inputs: int,
        width: int,
        depth: int,
        activation: Callable,
        key: AnyKey,
        *,
        residual: bool,
        gain: float = 1.0,
        bias: float = 0.0,
    ):
        keys = threefry.split(key, max(depth, 1))
        sizes = [inputs] + [width] * depth
        self.layers = tuple(Dense(a, b, k, gain, bias) for a, b, k in zip(sizes[:-1], sizes[1:], keys, strict=False))
        self.activation = activation
        self.residual = residual

    def __call__(self, x: Float[Array, "... inputs"]) -> Float[Array, "... width"]:
        """Run the layers."""
        for layer in self.layers:
            y = self.activation(layer(x))
            x = x + y if self.residual and x.shape == y.shape else y
        return x


def dropout(key: Key[Array, ""], x: Float[Array, "*shape"], rate: float) -> Float[Array, "*shape"]:
    """Zero elements with probability ``rate`` and scale the others up."""
    keep = jax.random.bernoulli(key, 1 - rate, x.shape)
    return jnp.where(keep, x / (1 - rate), 0)
