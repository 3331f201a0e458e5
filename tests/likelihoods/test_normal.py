"""The normal likelihood against stored values and SciPy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from evenvae.likelihoods import Normal
from evenvae.likelihoods.normal import moments

# head outputs with natural parameters 0.7 and -1.3: the inverse of softplus
PARAMETERS = np.array([0.7, np.log(np.expm1(1.3))])


@pytest.fixture(autouse=True)
def _float64():
    with jax.enable_x64(True):
        yield


def test_oracle_values():
    parameters = jnp.asarray(PARAMETERS)
    found = Normal().log_prob(parameters, jnp.array(0.25))
    assert float(found) == pytest.approx(-0.4416635799217237, rel=1e-12)
    mean, variance = moments(parameters)
    assert float(mean) == pytest.approx(0.2692307692307692, rel=1e-12)
    assert float(variance) == pytest.approx(0.3846153846153846, rel=1e-12)


def test_gradient_is_statistic_minus_expectation():
    parameters = jnp.asarray(PARAMETERS)
    gradient = jax.grad(lambda r: Normal().log_prob(r, jnp.array(0.25)))(parameters)
    # d eta2 / d r2 = -sigmoid(r2)
    expected = np.array([-0.0192307692307692, -0.3946005917159763 * -jax.nn.sigmoid(parameters[1])])
    np.testing.assert_allclose(gradient, expected, rtol=1e-10)


def test_densities_agree_with_scipy():
    x = np.linspace(-3, 4, 9)
    expected = stats.norm(0.7 / 2.6, (1 / 2.6) ** 0.5).logpdf(x)
    found = Normal().log_prob(jnp.tile(jnp.asarray(PARAMETERS), (9, 1)), jnp.asarray(x))
    np.testing.assert_allclose(found, expected, rtol=1e-10)
