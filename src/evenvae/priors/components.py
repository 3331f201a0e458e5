"""Mixtures of normals with independent coordinates, and the penalty that learned priors share."""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from evenvae.constants import LOG_2PI
from evenvae.likelihoods.draws import draw_levels
from evenvae.priors.standard import standard_kl

ANCHOR = 0.01
"""Weight of `drift` in the loss of a model whose prior follows its posteriors."""


def mixture_log_prob(
    z: Float[Array, "*rows latent"],
    means: Float[Array, "M latent"],
    stds: Float[Array, "M latent"],
    log_weights: Float[Array, " M"],
) -> Float[Array, "*rows"]:
    """log sum_m w_m N(z; mu_m, s_m^2), by matrix products instead of an array of shape (..., M, latent)."""
    precision = stds**-2
    scaled = means * precision
    # residuals squared, (z - mu)^2 / s^2, multiplied out
    distance = z**2 @ precision.T - 2 * z @ scaled.T + (means * scaled).sum(-1)
    constant = log_weights - jnp.log(stds).sum(-1) - 0.5 * means.shape[-1] * LOG_2PI
    return jax.nn.logsumexp(constant - 0.5 * jnp.maximum(distance, 0), axis=-1)


def mixture_sample(
    key: Key[Array, ""],
    rows: int,
    means: Float[Array, "M latent"],
    stds: Float[Array, "M latent"],
    log_weights: Float[Array, " M"],
) -> Float[Array, "rows latent"]:
    """Draws: a component, then from its normal."""
    keys = jax.random.split(key)
    chosen = draw_levels(keys[0], log_weights, rows)
    return means[chosen] + stds[chosen] * jax.random.normal(keys[1], (rows, means.shape[-1]))


def drift(posterior: Any) -> Float[Array, ""]:
    """KL(N(m, v) || N(0, I)), where m and v are mean and variance of z ~ q(z) over the batch, by coordinate.

    A prior that follows the posteriors lets q(z) move away and stretch; a small weight of this term prevents it.
    """
    mean = posterior.mean.mean(0)
    variance = posterior.mean.var(0) + (posterior.std**2).mean(0)
    return standard_kl(mean, jnp.sqrt(variance))
