"""Likelihoods of images: every pixel by itself given the latent, values in [0, 1], event shape (H, W, C)."""

import dataclasses
import math
from collections.abc import Callable
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Key

from evenvae.likelihoods.base import Likelihood, Scale

LEAST_STD = 1 / 255
"""A pixel is not known better than to one of its 256 steps."""
_EDGE = 0.01


def logit(p: np.ndarray) -> np.ndarray:
    """log p / (1 - p), with p held in [0.01, 0.99]."""
    p = np.clip(p, _EDGE, 1 - _EDGE)
    return np.log(p) - np.log1p(-p)


@dataclasses.dataclass(frozen=True)
class Pixels(Likelihood):
    """What the families share: pixels are their own model and value space, the mean is a sigmoid of the head.

    Predictions and samples of an image are expected pixels: a coin toss or noise for each of them would show
    nothing of what the model has learned.
    """

    filler: ClassVar[float] = 0.5

    @property
    def parameters(self) -> int:
        """The mean's logit."""
        return 1

    def fit(self, values: Float[np.ndarray, "rows H W C"]) -> Scale:
        """Mean and standard deviation over all pixels, for what the encoder sees."""
        spread = float(values.std(dtype=np.float64)) if values.size else 1.0
        return Scale(float(values.mean(dtype=np.float64)) if values.size else 0.5, spread or 1.0, 0.0)

    def mean(self, raw: Float[Array, "... parameters"], scale: Scale) -> Array:
        """Expected pixels."""
        del scale
        return jax.nn.sigmoid(raw[..., 0])

    def mode(self, raw: Float[Array, "... parameters"], scale: Scale) -> Array:
        """The mean."""
        return self.mean(raw, scale)

    def sample(self, key: Key[Array, ""], raw: Float[Array, "... parameters"], scale: Scale) -> Array:
        """The mean."""
        del key
        return self.mean(raw, scale)

    def marginal(self, x: np.ndarray) -> Float[np.ndarray, " width"]:
        """Every pixel at its mean over the images."""
        return logit(x.mean(axis=0, dtype=np.float64)).ravel()

    def encoder_value(self, x: Array, scale: Scale) -> Array:
        """Zero mean and unit variance over all pixels."""
        alike = lambda constant: jnp.asarray(constant)[..., None, None, None]
        return (x - alike(scale.center)) / alike(scale.scale)


@dataclasses.dataclass(frozen=True)
class BernoulliPixels(Pixels):
    """Cross-entropy. Exact for black and white; for grey in between, the expectation over coin tosses."""

    name: ClassVar[str] = "bernoulli-pixels"

    def log_prob(self, raw: Float[Array, "... 1"], x: Array) -> Float[Array, "..."]:
        """x r - softplus(r)."""
        logits = raw[..., 0]
        return self.sum_event(x * logits - jax.nn.softplus(logits))

    def least_nats(self, x: np.ndarray) -> Float[np.ndarray, " rows"]:
        """Entropy of the pixels themselves."""
        x = np.clip(np.asarray(x, float), 1e-12, 1 - 1e-12)
        return -(x * np.log(x) + (1 - x) * np.log1p(-x)).reshape(len(x), -1).sum(1)


@dataclasses.dataclass(frozen=True)
class SquaredPixels(Pixels):
    """Normal pixels with the fixed variance 1/2: -log p is the squared error plus (n/2) log pi for n pixels.

    Another variance s^2 is this one with ``beta = 2 s^2``.
    """

    name: ClassVar[str] = "squared-pixels"

    @property
    def constant(self) -> float:
        """What -log p is above the squared error, in nats an image."""
        return 0.5 * math.log(math.pi) * math.prod(self.event_shape)

    def log_prob(self, raw: Float[Array, "... 1"], x: Array) -> Float[Array, "..."]:
        """-(x - mean)^2 - log(pi) / 2, summed."""
        return -self.sum_event((x - jax.nn.sigmoid(raw[..., 0])) ** 2) - self.constant


@dataclasses.dataclass(frozen=True)
class NormalPixels(Pixels):
    """Normal pixels with a learned variance, one for an image: pixels that never change would have none of theirs.

    The log standard deviation is the mean of the pixels' second outputs, held softly above log(1 / 255).
    """

    name: ClassVar[str] = "normal-pixels"

    @property
    def parameters(self) -> int:
        """Logit of the mean, and a share in the image's log standard deviation."""
        return 2

    def log_std(self, raw: Float[Array, "... H W C 2"]) -> Float[Array, "... 1 1 1"]:
        """Of an image, with the event's dimensions kept as 1."""
        free = raw[..., 1].mean(axis=(-3, -2, -1), keepdims=True)
        return math.log(LEAST_STD) + jax.nn.softplus(free - math.log(LEAST_STD))

    def log_prob(self, raw: Float[Array, "... 2"], x: Array) -> Float[Array, "..."]:
        """Log-density of the image."""
        log_std = self.log_std(raw)
        residual = (x - jax.nn.sigmoid(raw[..., 0])) * jnp.exp(-log_std)
        return self.sum_event(-0.5 * residual**2 - log_std - 0.5 * math.log(2 * math.pi))

    def marginal(self, x: np.ndarray) -> Float[np.ndarray, " width"]:
        """Every pixel at its mean, the spread around those means for all."""
        center = x.mean(axis=0, dtype=np.float64)
        spread = max(float(np.sqrt(((x - center) ** 2).mean(dtype=np.float64))), 2 * LEAST_STD)
        free = math.log(math.expm1(math.log(spread / LEAST_STD))) + math.log(LEAST_STD)
        return np.stack([logit(center), np.full_like(center, free)], axis=-1).ravel()


PIXELS: dict[str, Callable[..., Likelihood]] = {
    "bernoulli": BernoulliPixels,
    "normal": NormalPixels,
    "squared": SquaredPixels,
}
"""By the name that a schema gives them."""
