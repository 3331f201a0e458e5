"""The accountant is asked about the mechanism that is used: against closed forms and a published figure."""

import builtins
import math

import numpy as np
import pytest
from scipy import optimize, special, stats

from evenvae.errors import InputError
from evenvae.training import accounting
from evenvae.training.accounting import epsilon_of, noise_for

pytest.importorskip("dp_accounting")


def moments_epsilon(noise, rate, steps, delta):
    """The moments accountant of Abadi et al. (2016), by its sum over binomials (Mironov et al., 2019, section 3.3)."""
    orders = np.arange(2, 200)

    def moment(order):
        k = np.arange(order + 1)
        terms = special.gammaln(order + 1) - special.gammaln(k + 1) - special.gammaln(order - k + 1)
        terms = terms + k * math.log(rate) + (order - k) * math.log1p(-rate) + (k * k - k) / (2 * noise**2)
        return special.logsumexp(terms) / (order - 1)

    return min(steps * moment(order) + math.log(1 / delta) / (order - 1) for order in orders)


def gaussian_epsilon(noise, delta):
    """Of one Gaussian mechanism (Balle and Wang, 2018, theorem 8)."""
    gap = lambda epsilon: (
        stats.norm.cdf(0.5 / noise - epsilon * noise)
        - math.exp(epsilon) * stats.norm.cdf(-0.5 / noise - epsilon * noise)
        - delta
    )
    return optimize.brentq(gap, 0, 50)


def test_the_published_figure_of_the_moments_accountant():
    # Abadi et al. (2016), section 3.2: q = 0.01, sigma = 4, delta = 1e-5, 10,000 steps: (1.26, 1e-5)
    published = moments_epsilon(4.0, 0.01, 10_000, 1e-5)
    assert published == pytest.approx(1.26, abs=0.005)
    found = epsilon_of(4.0, 0.01, 10_000, 1e-5)
    # a newer accountant is tighter, and not by much
    assert 0.7 * published < found < published


def test_one_step_with_all_rows_is_the_gaussian_mechanism():
    for noise in (0.8, 2.0):
        assert epsilon_of(noise, 1.0, 1, 1e-5) == pytest.approx(gaussian_epsilon(noise, 1e-5), rel=2e-3)
    # of n steps with all rows it is that of a single one with less noise
    assert epsilon_of(6.0, 1.0, 9, 1e-5) == pytest.approx(gaussian_epsilon(2.0, 1e-5), rel=2e-3)


def test_epsilon_grows_with_steps_and_rate_and_falls_with_noise_and_delta():
    base = epsilon_of(1.5, 0.05, 100, 1e-5)
    assert base < epsilon_of(1.5, 0.05, 200, 1e-5) < epsilon_of(1.5, 0.05, 400, 1e-5)
    assert base < epsilon_of(1.5, 0.1, 100, 1e-5)
    assert base > epsilon_of(2.0, 0.05, 100, 1e-5)
    assert base > epsilon_of(1.5, 0.05, 100, 1e-4)


@pytest.mark.parametrize("epsilon", [0.5, 8.0])
def test_the_noise_is_the_least_that_keeps_epsilon(epsilon):
    noise = noise_for(epsilon, 1e-5, 0.1, 50)
    assert 0.97 * epsilon < epsilon_of(noise, 0.1, 50, 1e-5) <= epsilon
    assert epsilon_of(0.97 * noise, 0.1, 50, 1e-5) > epsilon


def test_without_the_library_one_sentence_says_what_to_install(monkeypatch):
    whole = builtins.__import__
    absent = lambda name, *rest: _missing() if name.startswith("dp_accounting") else whole(name, *rest)
    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(InputError, match=r"pip install 'evenvae\[privacy\]'"):
        accounting.library()


def test_where_no_noise_is_found_one_sentence_says_what_to_change(monkeypatch):
    monkeypatch.setattr(accounting.library(), "calibrate_dp_mechanism", lambda *_, **__: 1 / 0)
    with pytest.raises(InputError, match=r"privacy.epsilon=2 at delta=1e-05 .* 50 steps.*larger epsilon, or fewer"):
        noise_for(2.0, 1e-5, 0.1, 50)


def _missing():
    raise ImportError
