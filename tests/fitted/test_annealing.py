"""Bounds of log-likelihoods, on a linear Gaussian model with many nats in z, where the truth is known."""

import numpy as np
import pytest

from evenvae import EvenVAE, InputError, threefry
from evenvae.fitted.annealing import Known, annealed
from evenvae.fitted.proposals import Moments, Proposal
from support import FAST, fast, people

CHAINS, TEMPERATURES = 16, 50


@pytest.fixture(scope="module")
def bounds(high_rate):
    """Lower and upper bounds of every row about the truth, from proposals that are too wide and aside."""
    network, scales, batch, exact, mean, covariance = high_rate
    rows, size = mean.shape
    latent = mean + np.random.default_rng(5).normal(size=mean.shape) @ np.linalg.cholesky(covariance).T
    # in the space of q's noise, where q is the standard normal
    std = np.asarray(network.model.encoder.std)
    wide = np.tile(2 * covariance / std / std[:, None], (rows, 1, 1))
    proposal = Proposal.of(Moments(np.full((rows, size), -0.5), wide))
    known = Known(batch, proposal, latent.astype(np.float32))
    of = lambda backwards: annealed(network, None, known, scales, threefry.key(3), CHAINS, TEMPERATURES, backwards)
    return np.asarray(of(False)) - exact, np.asarray(of(True)) - exact


def test_the_truth_lies_between_the_bounds_and_they_are_near(bounds):
    lower, upper = bounds
    error = lambda values: values.std() / np.sqrt(len(values))
    assert lower.mean() < 3 * error(lower)
    assert upper.mean() > -3 * error(upper)
    assert abs(lower.mean()) < 0.05
    assert abs(upper.mean()) < 0.05


def test_the_weights_of_chains_are_unbiased(bounds):
    lower, upper = bounds
    # E[exp(lower)] = 1 and E[exp(-upper)] = 1, about the truth
    for weights in (np.exp(lower), np.exp(-upper)):
        assert weights.mean() == pytest.approx(1, abs=4 * weights.std() / np.sqrt(len(weights)))


def test_a_model_says_between_which_bounds_its_likelihoods_lie():
    model = EvenVAE(**FAST).fit(people())
    found = model.score_bounds(40, temperatures=100, random_state=1)
    assert list(found.columns) == ["lower", "estimate", "standard_error", "upper"]
    assert np.isfinite(found).all(axis=None)
    mean = found.mean()
    slack = 3 * found["standard_error"].max() / np.sqrt(len(found)) + 0.05
    assert mean["lower"] - slack < mean["estimate"] < mean["upper"] + slack
    assert mean["upper"] - mean["lower"] < 0.5
    again = model.score_bounds(40, temperatures=100, random_state=1)
    np.testing.assert_array_equal(found, again)


@pytest.mark.parametrize("options", [{"model": "hivae"}, {"task": "city"}])
def test_models_whose_latents_are_not_known_are_refused(options):
    model = fast(epochs=0.1, **options).fit(people())
    with pytest.raises(InputError, match="score_bounds"):
        model.score_bounds(5)
