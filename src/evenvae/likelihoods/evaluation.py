"""The log-density that the marginal of some cells gives to other cells."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from evenvae.likelihoods.base import Likelihood, Scale


def log_density(
    likelihood: Likelihood, learned: Float[np.ndarray, " learned"], cells: Float[np.ndarray, " cells"]
) -> Float[np.ndarray, " cells"]:
    """Log-density on the raw scale of ``cells`` under the marginal distribution of the ``learned`` ones.

    Args:
        likelihood: of a column of numbers.
        learned: observed raw values, by which the constants and the parameters are fitted.
        cells: raw values inside the support.
    """
    scale = Scale(*(np.asarray(part, float)[None] for part in likelihood.fit(learned)))
    far = likelihood.farthest
    known, asked = (np.clip(likelihood.to_model(raw[:, None], scale), -far, far) for raw in (learned, cells))
    parameters = likelihood.marginal(known[:, 0])
    on_device = Scale(*(np.asarray(part, np.float32) for part in likelihood.device_scale(scale)))
    found = _of_column(likelihood, parameters.astype(np.float32), asked.astype(np.float32), on_device)
    return np.asarray(found, float)[:, 0]


@functools.partial(jax.jit, static_argnums=0)
def _of_column(
    likelihood: Likelihood,
    parameters: Float[Array | np.ndarray, " count"],
    x: Float[Array | np.ndarray, "cells 1"],
    scale: Scale,
) -> Float[Array, "cells 1"]:
    of_all = jnp.broadcast_to(parameters, (*x.shape, parameters.shape[0]))
    return likelihood.log_prob(of_all, jnp.asarray(x)) + likelihood.log_jacobian(jnp.asarray(x), scale)
