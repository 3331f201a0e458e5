"""Pieces that a user of the library might add: a family, a kind of column, an encoder, a density of latents."""

import dataclasses
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
from jax.scipy.special import gammaln

from evenvae.likelihoods import Likelihood, Scale
from evenvae.likelihoods.draws import level
from evenvae.likelihoods.normal import standard
from evenvae.models import DiagonalNormal
from evenvae.priors import Prior
from evenvae.tables.columns.quantity import Quantity


@dataclasses.dataclass(frozen=True)
class ZeroInflatedNegativeBinomial(Likelihood):
    """0 with probability sigma(r1), else a negative binomial with mean exp(r2) and dispersion softplus(r3)."""

    name: ClassVar[str] = "zero-inflated"
    support_words: ClassVar[str] = "negative or not whole"

    @classmethod
    def in_support(cls, values):
        return (values >= 0) & (values == np.round(values))

    @property
    def parameter_count(self):
        return 3

    def fit(self, values):
        return Scale(*standard(np.log1p(values)), 0.0)

    @staticmethod
    def split(parameters):
        return parameters[..., 0], jnp.exp(jnp.minimum(parameters[..., 1], 15)), jax.nn.softplus(parameters[..., 2])

    def log_prob(self, parameters, x):
        zero, mean, size = self.split(parameters)
        counts = gammaln(x + size) - gammaln(size) - gammaln(x + 1)
        counts += size * (jnp.log(size) - jnp.log(size + mean)) + x * (jnp.log(mean) - jnp.log(size + mean))
        counts += jax.nn.log_sigmoid(-zero)
        return self.sum_event(jnp.where(x == 0, jnp.logaddexp(jax.nn.log_sigmoid(zero), counts), counts))

    def mean(self, parameters, scale):
        zero, mean, _ = self.split(parameters)
        return jax.nn.sigmoid(-zero) * mean

    def mode(self, parameters, scale):
        zero, mean, size = self.split(parameters)
        return jnp.where((zero > 0) | (size <= 1), 0, jnp.floor(mean * (size - 1) / jnp.maximum(size, 1)))

    def from_uniform(self, uniform, parameters, scale):
        return level(uniform[0], self.log_prob(parameters[..., None, :], jnp.arange(200.0))).astype(parameters.dtype)

    def marginal(self, x):
        # half of the zeros are of the count
        share = np.clip(0.5 * np.mean(x == 0), 0.01, 0.99)
        mean = max(float(np.mean(x)), 0.01) / (1 - share)
        return np.array([np.log(share) - np.log1p(-share), np.log(mean), np.log(np.expm1(1.0))])

    def encoder_value(self, x, scale):
        return (jnp.log1p(x) - scale.center) / scale.scale


class Percentage(Quantity):
    """Texts such as "12 %"."""

    kinds = ("percentage",)

    def kind_of(self, raw):
        texts = raw.observed.astype(str)
        return "percentage" if len(texts) and texts.str.fullmatch(r"\d+(\.\d+)? %").all() else None

    def guess(self, raw, rules):
        return {"likelihood": "normal", "reason": "percentages", "rule": "percentage"}

    def parse(self, observed, column):
        return observed.astype(str).str.removesuffix(" %").astype(float).to_numpy()

    def restore(self, values, missing, column):
        return pd.Series([None if m else f"{v:g} %" for v, m in zip(values, missing, strict=True)], dtype=object)


class LinearEncoder(eqx.Module):
    """Mean and scale of the posterior, linear in the cells of all blocks side by side."""

    kernel: Any

    @classmethod
    def of(cls, columns, latent, key):
        return cls(0.1 * jax.random.normal(key, (columns, 2 * latent)))

    def init(self):
        return None

    def __call__(self, batch, scales, state, key=None, inference=False):
        cells = jnp.concatenate([block.astype(self.kernel.dtype) for block in batch.cells], axis=-1)
        mean, spread = jnp.split(jnp.where(jnp.isfinite(cells), cells, 0) @ self.kernel, 2, axis=-1)
        return DiagonalNormal(mean, jax.nn.softplus(spread) + 0.01), state


class Point(Prior):
    """A density that draws one latent again and again."""

    z: Any

    def sample(self, key, rows):
        return jnp.broadcast_to(self.z, (rows, len(self.z)))

    def log_prob(self, latent):
        return jnp.zeros(latent.shape[:-1])
