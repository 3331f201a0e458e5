"""Densities of the rows' posteriors, on which the estimates of latent quantities rest."""

import numpy as np
from jaxtyping import Float

from evenvae.constants import LOG_2PI


def log_densities(
    z: Float[np.ndarray, "K latent"], means: Float[np.ndarray, "N latent"], stds: Float[np.ndarray, "N latent"]
) -> Float[np.ndarray, "K N"]:
    """log N(z_k; mean_n, diag std_n^2) of every draw k under every row's posterior n, in nats."""
    precision = stds**-2
    distance = z**2 @ precision.T - 2 * z @ (means * precision).T + (means**2 * precision).sum(1)
    # a distance that should be 0 may be rounded to a negative number
    return -0.5 * np.maximum(distance, 0) - np.log(stds).sum(1) - 0.5 * z.shape[1] * LOG_2PI
