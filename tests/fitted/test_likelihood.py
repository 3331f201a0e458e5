"""Estimates of log-likelihoods against a linear Gaussian model with many nats in z, where the truth is known."""

import jax.numpy as jnp
import numpy as np
import pytest

from evenvae.fitted.likelihood import Estimate, from_posterior_draws
from evenvae.fitted.noise import sobol
from evenvae.fitted.scoring import adapted_proposals, adaptive_log_likelihood


def adaptive(model, batch, tolerance):
    ask = lambda function, rows: function(model.network, None, rows, model.scales)
    return adaptive_log_likelihood(ask, adapted_proposals(ask, batch, model.mean.shape[1]), tolerance)


def test_adapted_draws_reach_the_truth_where_draws_from_q_do_not(high_rate):
    network, scales, batch, exact, *_ = high_rate
    assert high_rate.rate > 10
    plain = from_posterior_draws(network, None, batch, scales, sobol(256, high_rate.mean.shape[1]))
    found = adaptive(high_rate, batch, 0.05)
    miss, error = np.asarray(found["total"]) - exact, np.asarray(found["standard_error"])
    assert (np.asarray(plain["total"]) - exact).mean() < -0.5
    assert (error <= 0.05).all()
    assert abs(miss.mean()) < 0.01
    # errors are no larger than they are said to be, row by row and in the mean over rows; Sobol points help
    assert 0.3 < np.std(miss / error) < 1.2
    assert abs(miss.mean() + (error**2).mean() / 2) < 4 * np.sqrt((error**2).sum()) / len(exact)


def test_more_draws_are_made_until_the_error_is_small_enough(high_rate):
    coarse, fine = (adaptive(high_rate, high_rate.batch, tolerance) for tolerance in (0.2, 0.02))
    assert (np.asarray(fine["standard_error"]) <= 0.02).all()
    assert np.mean(fine["samples"]) > 2 * np.mean(coarse["samples"])
    assert (np.asarray(fine["samples"]) % 256 == 0).all()


def test_a_row_gets_the_same_answer_alone_and_after_harder_rows(high_rate):
    batch = high_rate.batch
    together = np.asarray(adaptive(high_rate, batch, 0.05)["total"])
    alone = np.asarray(adaptive(high_rate, batch.take(slice(7, 8)), 0.05)["total"])
    assert alone[0] == pytest.approx(together[7], abs=1e-3)


def test_estimates_of_two_sets_of_draws_are_that_of_all_of_them():
    rng = np.random.default_rng(1)
    by_cell, log_weight = jnp.asarray(rng.normal(size=(40, 3, 5))), jnp.asarray(3 * rng.normal(size=(40, 3)))
    whole = Estimate.of(by_cell, log_weight)
    halves = Estimate.of(by_cell[:15], log_weight[:15]).and_also(Estimate.of(by_cell[15:], log_weight[15:]))
    for one, other in zip(whole, halves, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4)
    weight = np.exp(np.asarray(log_weight))
    np.testing.assert_allclose(whole.effective, weight.sum(0) ** 2 / (weight**2).sum(0), rtol=1e-4)
    np.testing.assert_allclose(
        whole.standard_error, np.sqrt((weight**2).sum(0) / weight.sum(0) ** 2 - 1 / 40), rtol=1e-3
    )
