"""Images by convolutions: against JAX's own, and through the step of training."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from evenvae.likelihoods import NormalPixels
from evenvae.models import Space, VAEConfig
from evenvae.models.convolution import Convolution
from evenvae.objectives import ELBO
from evenvae.priors import StandardNormal
from evenvae.training import Method, Network, balanced_gradients, first_states, loss
from support import widened


@pytest.mark.parametrize("stride", [1, 2])
def test_shifted_copies_are_a_convolution(stride):
    layer = Convolution(2, 3, jax.random.key(0), stride)
    x = jax.random.normal(jax.random.key(1), (4, 9, 6, 2))
    kernel = layer.dense.kernel.reshape(3, 3, 2, 3)
    dimensions = ("NHWC", "HWIO", "NHWC")
    padded = jnp.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    expected = jax.lax.conv_general_dilated(padded, kernel, (stride, stride), "VALID", dimension_numbers=dimensions)
    np.testing.assert_allclose(layer(x), expected + layer.dense.bias, atol=1e-5)


def test_the_step_of_convolutions_takes_the_gradient_of_the_loss():
    values = np.random.default_rng(0).random((12, 54))
    observed = np.ones((12, 1), bool)
    space = Space.fit([NormalPixels((9, 6, 1))], values, observed)
    config = VAEConfig(3, 8, 1, "conv", see_mask=True)
    bias = space.marginal_bias(values, observed)
    with jax.enable_x64(True):
        method = Method(ELBO(2))
        model = config.build(space.layout, bias, jax.random.key(0))
        network = Network(model, StandardNormal(3))
        network, states = widened((network, first_states(network, method)))
        batch = widened(space.batch(values, observed))
        arguments = (network, states, batch, widened(space.scales), jax.random.key(1), method)
        gradient, _, _ = eqx.filter_jit(balanced_gradients)(*arguments)
        expected = eqx.filter_jit(eqx.filter_grad(loss))(*arguments)
        for a, b in zip(jax.tree.leaves(gradient), jax.tree.leaves(expected), strict=True):
            np.testing.assert_allclose(a, b, atol=1e-10 * float(jnp.abs(b).max(initial=1)))
