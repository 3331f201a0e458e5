"""Extra zeros: the probabilities, and the parameters of highest likelihood."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from evenvae.likelihoods.zeroinflated import ZeroInflatedNegativeBinomial, ZeroInflatedPoisson


@pytest.fixture(autouse=True)
def _float64():
    with jax.enable_x64(True):
        yield


def inverse_softplus(x):
    return np.log(np.expm1(x))


@pytest.mark.parametrize(
    ("likelihood", "own", "counts"),
    [
        (ZeroInflatedPoisson(), [np.log(3.2)], stats.poisson(3.2)),
        (
            ZeroInflatedNegativeBinomial(),
            [np.log(3.2), inverse_softplus(1.7 - 1e-3)],
            stats.nbinom(1.7, 1.7 / (1.7 + 3.2)),
        ),
    ],
    ids=["poisson", "negative-binomial"],
)
def test_log_prob_is_that_of_scipy(likelihood, own, counts):
    x, share = np.arange(60.0), 0.3
    expected = share * (x == 0) + (1 - share) * counts.pmf(x)
    parameters = jnp.tile(jnp.array([np.log(share / (1 - share)), *own]), (60, 1))
    np.testing.assert_allclose(np.exp(likelihood.log_prob(parameters, jnp.asarray(x))), expected, rtol=1e-9)


def test_the_share_of_extra_zeros_is_found():
    rng = np.random.default_rng(0)
    x = np.where(rng.random(20_000) < 0.4, 0, rng.poisson(3, 20_000)).astype(float)
    extra, log_rate = ZeroInflatedPoisson().marginal(x)
    # five standard errors of a share and of a mean over 20,000 rows
    assert 1 / (1 + np.exp(-extra)) == pytest.approx(0.4, abs=0.02)
    assert np.exp(log_rate) == pytest.approx(3, abs=0.1)


def test_counts_without_extra_zeros_get_almost_none():
    x = np.random.default_rng(0).poisson(3, 5000).astype(float)
    assert 1 / (1 + np.exp(-ZeroInflatedPoisson().marginal(x)[0])) < 0.02


def test_a_column_that_begins_later_is_inflated_at_its_beginning():
    values = np.array([2.0, 2.0, 2.0, 5.0, 7.0])
    likelihood = ZeroInflatedPoisson()
    scale = likelihood.fit(values)
    assert likelihood.to_model(values, scale).tolist() == [0, 0, 0, 3, 5]
    assert likelihood.affine(scale) == (2.0, 1.0)
