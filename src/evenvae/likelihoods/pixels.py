"""Likelihoods of images: pixels in [0, 1] are independent given the latent; the event shape is (H, W, C)."""

import dataclasses
import math
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Key, Shaped

from evenvae.constants import LOG_2PI
from evenvae.likelihoods.base import Likelihood, Scale, Values

LEAST_STD = 1 / 255
"""A pixel is known no better than to one of its 256 steps."""
_EDGE = 0.01


def logit(p: Float[np.ndarray, "..."]) -> Float[np.ndarray, "..."]:
    """log p / (1 - p), with p held in [0.01, 0.99]."""
    p = np.clip(p, _EDGE, 1 - _EDGE)
    return np.log(p) - np.log1p(-p)


@dataclasses.dataclass(frozen=True)
class Pixels(Likelihood):
    """What the families of images share: raw, model and value space are the same, the mean is a sigmoid of the head.

    Predictions and samples of an image are expected pixels. Independent noise on every pixel would hide what the
    model has learned.
    """

    values: ClassVar[Values] = "pixels"
    support_words: ClassVar[str] = "below 0 or above 1"
    uniforms: ClassVar[int] = 0
    filler: ClassVar[float] = 0.5

    @classmethod
    def of_column(cls, levels: int, shape: tuple[int, ...], steps: int = 0) -> "Pixels":
        """With the event shape (H, W, C) of the column's images; C is 1 for images without channels."""
        del levels, steps
        height, width, *channels = shape
        return cls((height, width, channels[0] if channels else 1))

    @classmethod
    def in_support(cls, values: Float[np.ndarray, "..."]) -> Bool[np.ndarray, "..."]:
        """Numbers from 0 to 1."""
        return (values >= 0) & (values <= 1)

    @property
    def parameter_count(self) -> int:
        """The logit of the mean."""
        return 1

    def fit(self, values: Float[np.ndarray, "rows *event"]) -> Scale:
        """Mean and standard deviation over all pixels, for the encoder alone."""
        spread = float(values.std(dtype=np.float64)) if values.size else 1.0
        return Scale(float(values.mean(dtype=np.float64)) if values.size else 0.5, spread or 1.0, 0.0)

    def mean(self, parameters: Float[Array, "... parameters"], scale: Scale) -> Float[Array, "..."]:
        """Expected pixels."""
        del scale
        return jax.nn.sigmoid(parameters[..., 0])

    def mode(self, parameters: Float[Array, "... parameters"], scale: Scale) -> Float[Array, "..."]:
        """The mean."""
        return self.mean(parameters, scale)

    def from_uniform(
        self, uniform: Float[Array, "uniforms ..."], parameters: Float[Array, "... parameters"], scale: Scale
    ) -> Float[Array, "..."]:
        """The mean."""
        del uniform
        return self.mean(parameters, scale)

    def marginal(self, x: Shaped[np.ndarray, "rows *event"]) -> Float[np.ndarray, " width"]:
        """Logits of every pixel's mean over the images."""
        return logit(x.mean(axis=0, dtype=np.float64)).ravel()

    def encoder_value(self, x: Float[Array | np.ndarray, "..."], scale: Scale) -> Float[Array | np.ndarray, "..."]:
        """Pixels with mean 0 and variance 1 over all pixels."""
        over_event = lambda constant: jnp.asarray(constant)[..., None, None, None]
        return (x - over_event(scale.center)) / over_event(scale.scale)


@dataclasses.dataclass(frozen=True)
class BernoulliPixels(Pixels):
    r"""Cross-entropy: exact for black and white pixels, the expectation over Bernoulli draws for grey ones.

    Formula:
        $$ \log p(x) = \sum_i x_i r_i - \log(1 + e^{r_i}) $$

    Use it when:
        Pixels are black or white.

    Cost:
        One output of the heads a pixel.
    """

    name: ClassVar[str] = "bernoulli-pixels"
    binary: ClassVar[bool] = True

    def binarised(self, key: Key[Array, ""], x: Float[Array, "..."]) -> Float[Array, "..."]:
        """White with the grey value as probability, else black."""
        return jax.random.bernoulli(key, x).astype(x.dtype)

    def log_prob(self, parameters: Float[Array, "... 1"], x: Shaped[Array | np.ndarray, "..."]) -> Float[Array, "..."]:
        """x r - softplus(r), with the logit r."""
        logits = parameters[..., 0]
        return self.sum_event(x * logits - jax.nn.softplus(logits))

    def least_nats(self, x: Shaped[np.ndarray, "rows *event"]) -> Float[np.ndarray, " rows"]:
        """Entropy of the pixels themselves."""
        x = np.clip(np.asarray(x, float), 1e-12, 1 - 1e-12)
        return -(x * np.log(x) + (1 - x) * np.log1p(-x)).reshape(len(x), -1).sum(1)


@dataclasses.dataclass(frozen=True)
class SquaredPixels(Pixels):
    r"""Normal pixels with the fixed variance 1/2.

    Formula:
        $$ -\log p(x) = \sum_i (x_i - \sigma(r_i))^2 + \tfrac n2 \log \pi $$

        for n pixels. Another variance $s^2$ is the same as this one with ``beta = 2 s^2``.

    Use it when:
        The error is to be a squared error, as for ``GECO(kappa=...)``.

    Cost:
        One output of the heads a pixel.
    """

    name: ClassVar[str] = "squared-pixels"

    @property
    def squared_error_constant(self) -> float:
        """What -log p exceeds the squared error by, in nats an image."""
        return 0.5 * math.log(math.pi) * math.prod(self.event_shape)

    def log_prob(self, parameters: Float[Array, "... 1"], x: Shaped[Array | np.ndarray, "..."]) -> Float[Array, "..."]:
        """-(x - mean)^2 - log(pi) / 2, summed over the pixels."""
        return -self.sum_event((x - jax.nn.sigmoid(parameters[..., 0])) ** 2) - self.squared_error_constant


@dataclasses.dataclass(frozen=True)
class NormalPixels(Pixels):
    r"""Normal pixels with a learned variance, one for an image: a pixel that never changes would have no spread.

    Formula:
        $$ \log p(x) = \sum_i \log N(x_i;\, \sigma(r_i),\, s^2) $$

        The log standard deviation is the mean of the pixels' second parameters, held softly above log(1 / 255).

    Use it when:
        Photographs and grey images.

    Cost:
        Two outputs of the heads a pixel.
    """

    name: ClassVar[str] = "normal-pixels"

    @property
    def parameter_count(self) -> int:
        """The logit of the mean, and a share in the image's log standard deviation."""
        return 2

    def log_std(self, parameters: Float[Array, "... H W C 2"]) -> Float[Array, "... 1 1 1"]:
        """Log standard deviation of an image; the dimensions of the event are kept, with size 1."""
        free = parameters[..., 1].mean(axis=(-3, -2, -1), keepdims=True)
        return math.log(LEAST_STD) + jax.nn.softplus(free - math.log(LEAST_STD))

    def log_prob(
        self, parameters: Float[Array, "... H W C 2"], x: Shaped[Array | np.ndarray, "..."]
    ) -> Float[Array, "..."]:
        """Log-density of the image."""
        log_std = self.log_std(parameters)
        residual = (x - jax.nn.sigmoid(parameters[..., 0])) * jnp.exp(-log_std)
        return self.sum_event(-0.5 * residual**2 - log_std - 0.5 * LOG_2PI)

    def marginal(self, x: Shaped[np.ndarray, "rows *event"]) -> Float[np.ndarray, " width"]:
        """Every pixel at its mean over the images; the spread around these means for all of them."""
        center = x.mean(axis=0, dtype=np.float64)
        spread = max(float(np.sqrt(((x - center) ** 2).mean(dtype=np.float64))), 2 * LEAST_STD)
        free = math.log(math.expm1(math.log(spread / LEAST_STD))) + math.log(LEAST_STD)
        return np.stack([logit(center), np.full_like(center, free)], axis=-1).ravel()
