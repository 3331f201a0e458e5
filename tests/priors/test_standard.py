"""The standard normal prior: its density against SciPy, its divergence against draws."""

import jax
import jax.numpy as jnp
import numpy as np
from scipy import stats

from evenvae.models import DiagonalNormal
from evenvae.priors import StandardNormal


def test_kl_and_densities_agree_with_scipy():
    rng = np.random.default_rng(1)
    mean, std = rng.normal(size=(4, 3)), np.exp(rng.normal(size=(4, 3)))
    with jax.enable_x64(True):
        q = DiagonalNormal(jnp.asarray(mean), jnp.asarray(std))
        z = jnp.asarray(rng.normal(size=(4, 3)))
        prior = StandardNormal(3)
        np.testing.assert_allclose(prior.log_prob(z), stats.norm.logpdf(z).sum(-1), rtol=1e-10)
        draws = q.sample(jax.random.key(0), 200_000)
        estimate = (q.log_prob(draws) - prior.log_prob(draws)).mean(0)
        np.testing.assert_allclose(prior.kl(q), estimate, rtol=0.02)
