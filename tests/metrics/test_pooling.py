"""Rubin's rules against fractions worked by hand, and against intervals whose coverage is known."""

from fractions import Fraction

import numpy as np
import pytest
from scipy import stats

from evenvae.metrics import pool


def by_hand(estimates, variances, complete):
    """The rules in exact fractions, term by term as they stand in the papers."""
    m = len(estimates)
    mean = sum(estimates) / m
    within = sum(variances) / m
    between = sum((q - mean) ** 2 for q in estimates) / (m - 1)
    total = within + between + between / m
    r = (between + between / m) / within
    old = (m - 1) * (1 + 1 / r) ** 2
    gamma = (between + between / m) / total
    observed = (complete + 1) / (complete + 3) * complete * (1 - gamma)
    freedom = old * observed / (old + observed)
    missing = (r + 2 / (freedom + 3)) / (r + 1)
    return mean, within, between, total, freedom, r, missing


def test_figures_are_those_of_the_papers():
    estimates = [Fraction(n, 10) for n in (12, 15, 11, 14, 13)]
    variances = [Fraction(n, 100) for n in (4, 5, 4, 6, 5)]
    expected = [float(value) for value in by_hand(estimates, variances, Fraction(95))]
    found = pool(np.array(estimates, float), np.array(variances, float), 95, 0.9)
    got = (*found[:5], found.relative_increase, found.missing_information)
    np.testing.assert_allclose(got, expected, rtol=1e-12)
    # T = 0.048 + 1.2 * 0.025 = 0.078
    assert found.total == pytest.approx(0.078)
    reach = stats.t(expected[4]).isf(0.05) * np.sqrt(0.078)
    np.testing.assert_allclose((found.low, found.high), (1.3 - reach, 1.3 + reach))
    assert found.standard_error == pytest.approx(np.sqrt(0.078))


def test_large_tables_have_the_degrees_of_freedom_of_1987():
    estimates, variances = np.array([1.0, 2.0, 4.0]), np.array([0.5, 0.4, 0.6])
    found = pool(estimates, variances)
    added = (4 / 3) * estimates.var(ddof=1)
    assert found.degrees_of_freedom == pytest.approx(2 * (1 + 0.5 / added) ** 2)
    assert found.degrees_of_freedom > pool(estimates, variances, 20).degrees_of_freedom
    assert pool(estimates, variances, 1e12).degrees_of_freedom == pytest.approx(found.degrees_of_freedom)


def test_many_figures_are_pooled_one_by_one():
    rng = np.random.default_rng(0)
    estimates, variances = rng.normal(size=(7, 3)), rng.random((7, 3))
    together = pool(estimates, variances, 50)
    for column in range(3):
        alone = pool(estimates[:, column], variances[:, column], 50)
        np.testing.assert_allclose(together.low[column], alone.low)
        np.testing.assert_allclose(together.missing_information[column], alone.missing_information)


def test_tables_that_agree_lack_nothing():
    found = pool(np.ones(4), np.full(4, 0.25))
    assert found.missing_information == found.relative_increase == 0
    np.testing.assert_allclose((found.low, found.high), 1 + 0.5 * np.array([-1, 1]) * stats.norm.ppf(0.975))
    certain = pool(np.array([1.0, 2.0]), np.zeros(2))
    assert certain.missing_information == 1
    assert certain.degrees_of_freedom == 1


def test_intervals_of_proper_imputations_cover_as_often_as_they_say():
    """The mean of a normal sample with a third missing, imputed by draws from its exact posterior."""
    rng = np.random.default_rng(1)
    covered, added = [], []
    for _ in range(2000):
        seen = rng.normal(size=40)
        estimates, variances = [], []
        for _ in range(5):
            spread = np.sqrt(seen.var(ddof=1) * 39 / rng.chisquare(39))
            filled = np.append(seen, rng.normal(seen.mean() + spread * rng.normal() / np.sqrt(40), spread, 20))
            estimates.append(filled.mean())
            variances.append(filled.var(ddof=1) / 60)
        found = pool(np.array(estimates), np.array(variances), 59, 0.9)
        covered.append(found.low <= 0 <= found.high)
        added.append(found.relative_increase / (1 + found.relative_increase))
    # four standard errors of a share of 0.9 among 2000
    assert abs(np.mean(covered) - 0.9) < 4 * np.sqrt(0.09 / 2000)
    # a third of the rows is missing, and so much of the variance is between the tables; a little more with 5 of them
    assert 0.3 < np.mean(added) < 0.4


@pytest.mark.parametrize(
    ("estimates", "variances", "options", "words"),
    [
        ([1.0], [1.0], {}, "at least 2"),
        ([1.0, 2.0], [1.0], {}, "one shape"),
        ([1.0, np.nan], [1.0, 1.0], {}, "finite"),
        ([1.0, 2.0], [1.0, -1.0], {}, "at least 0"),
        ([1.0, 2.0], [1.0, 1.0], {"confidence": 95}, "between 0 and 1"),
        ([1.0, 2.0], [1.0, 1.0], {"complete_degrees_of_freedom": 0}, "positive"),
    ],
)
def test_wrong_input_is_told(estimates, variances, options, words):
    with pytest.raises(ValueError, match=words):
        pool(np.array(estimates), np.array(variances), **options)
