"""The velocity by which a flow moves points, as a small network whose divergence costs no more than itself."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from evenvae import threefry
from evenvae.models.networks import xavier_uniform
from evenvae.threefry import AnyKey

FREQUENCIES = 4
"""Frequencies of the time that the network sees, each as a cosine and a sine."""
TIMES = 2 * FREQUENCIES
"""Numbers that tell the network the time."""


class Velocity(eqx.Module):
    r"""A velocity at every point x and time t from 0 to 1: that between two standard normals, and a network's part.

    Formula:
        $$ v(x, t) = \frac{(2t - 1)\,u + F(u, t)}{s}, \qquad u = \frac{x}{s}, \qquad s^2 = t^2 + (1 - t)^2 $$

    Where points move on straight lines from one standard normal to another, $(2t - 1)\,u / s$ is their best velocity,
    and u has unit variance at all times. So the network F, which has two hidden layers, is asked for what differs from
    that, with unit inputs and targets (the preconditioning of Karras et al., 2022, for straight lines).

    With kernels A, B and C the Jacobian of F is A D (I + B E) C, where the diagonal matrices D and E hold the slopes of
    the two layers. Its trace is a bilinear form of these slopes, so that the exact divergence costs one more product
    with a matrix and not one more pass for every coordinate.
    """

    first: Float[Array | np.ndarray, "latent width"]
    first_time: Float[Array | np.ndarray, "times width"]
    first_bias: Float[Array | np.ndarray, " width"]
    second: Float[Array | np.ndarray, "width width"]
    second_time: Float[Array | np.ndarray, "times width"]
    second_bias: Float[Array | np.ndarray, " width"]
    last: Float[Array | np.ndarray, "width latent"]
    last_bias: Float[Array | np.ndarray, " latent"]

    @classmethod
    def of(cls, latent_size: int, width: int, key: AnyKey) -> "Velocity":
        """A new velocity, whose network is 0: it moves a standard normal to a standard normal."""
        keys = threefry.split(key, 4)
        zeros = lambda *shape: np.zeros(shape, np.float32)
        return cls(
            xavier_uniform(keys[0], (latent_size, width)),
            xavier_uniform(keys[1], (TIMES, width)),
            zeros(width),
            xavier_uniform(keys[2], (width, width)),
            xavier_uniform(keys[3], (TIMES, width)),
            zeros(width),
            zeros(width, latent_size),
            zeros(latent_size),
        )

    def __call__(
        self, x: Float[Array, "*points latent"], t: Float[Array, "*#points"]
    ) -> Float[Array, "*points latent"]:
        """The velocity of every point at its time."""
        return self.with_divergence(x, t)[0]

    def with_divergence(
        self, x: Float[Array, "*points latent"], t: Float[Array, "*#points"]
    ) -> tuple[Float[Array, "*points latent"], Float[Array, "*points"]]:
        """The velocity of every point at its time, and the trace of its Jacobian, exactly."""
        scale = jnp.sqrt(t**2 + (1 - t) ** 2)[..., None]
        u = x / scale
        angle = 2 * jnp.pi * t[..., None] * jnp.arange(1, FREQUENCIES + 1)
        times = jnp.concatenate([jnp.cos(angle), jnp.sin(angle)], axis=-1)
        hidden, slope = _silu(u @ self.first + (times @ self.first_time + self.first_bias))
        added, steepness = _silu(hidden @ self.second + (times @ self.second_time + self.second_bias))
        network = (hidden + added) @ self.last + self.last_bias
        back = jnp.asarray(self.last) @ self.first
        trace = slope @ jnp.diagonal(back) + (slope * (steepness @ (self.second * back.T).T)).sum(-1)
        drift = 2 * t[..., None] - 1
        size = x.shape[-1]
        return (drift * u + network) / scale, (size * drift[..., 0] + trace) / scale[..., 0] ** 2


def _silu(x: Float[Array, "*shape"]) -> tuple[Float[Array, "*shape"], Float[Array, "*shape"]]:
    """The activation x sigmoid(x) (Hendrycks and Gimpel, 2016), and its slope."""
    gate = jax.nn.sigmoid(x)
    return x * gate, gate * (1 + x * (1 - gate))
