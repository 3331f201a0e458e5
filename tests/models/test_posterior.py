"""The diagonal normal against SciPy."""

import jax
import jax.numpy as jnp
import numpy as np
from scipy import stats

from evenvae.models import DiagonalNormal, PosteriorProtocol


def test_densities_agree_with_scipy():
    rng = np.random.default_rng(1)
    mean, std = rng.normal(size=(4, 3)), np.exp(rng.normal(size=(4, 3)))
    with jax.enable_x64(True):
        q = DiagonalNormal(jnp.asarray(mean), jnp.asarray(std))
        z = jnp.asarray(rng.normal(size=(4, 3)))
        np.testing.assert_allclose(q.log_prob(z), stats.norm(mean, std).logpdf(z).sum(-1), rtol=1e-10)


def test_the_protocol_is_kept():
    q = DiagonalNormal(jnp.zeros((4, 3)), jnp.ones((4, 3)))
    assert isinstance(q, PosteriorProtocol)
    assert q.noise_size == 3
    noise = jnp.ones((2, 1, 3))
    np.testing.assert_array_equal(q.latent_of(q.at(noise)), np.ones((2, 4, 3)))
    gradient = jax.grad(lambda mean: q._replace(mean=mean).detached().log_prob(noise[0]).sum())(q.mean)
    assert not np.asarray(gradient).any()
