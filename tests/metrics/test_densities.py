"""The densities of draws under the rows' posteriors."""

import numpy as np
from scipy.stats import norm

from evenvae.metrics.densities import log_densities


def test_log_densities_are_those_of_normal_distributions():
    generator = np.random.default_rng(0)
    z, means = generator.normal(size=(5, 3)), generator.normal(size=(4, 3))
    stds = np.exp(generator.normal(size=(4, 3)))
    expected = norm.logpdf(z[:, None], means, stds).sum(-1)
    np.testing.assert_allclose(log_densities(z, means, stds), expected, rtol=1e-10)
