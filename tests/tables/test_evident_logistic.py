"""A regression follows what held-out rows confirm, and nothing that happened by chance."""

import numpy as np
import pytest
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression

from evenvae.tables.evident_logistic import fit_logistic


def drawn(rows, slope, intercept, seed=0, noise=20):
    """Standard-normal inputs, of which the fourth alone decides the outcome."""
    rng = np.random.default_rng(seed)
    inputs = rng.normal(size=(rows, noise))
    return inputs, (rng.random(rows) < expit(intercept + slope * inputs[:, 3])).astype(float)


@pytest.mark.parametrize(("rows", "within"), [(400, 0.6), (6000, 0.15)])
def test_a_known_slope_is_found_among_inputs_that_do_not_matter(rows, within):
    inputs, outcome = drawn(rows, 2.0, -2.5)
    found = fit_logistic(inputs, outcome, np.ones(rows))
    assert abs(found.coefficients[3] - 2) < within
    assert abs(found.intercept + 2.5) < within
    assert np.abs(np.delete(found.coefficients, 3)).max() < within / 3


@pytest.mark.parametrize("share", [0.02, 0.2])
def test_what_happens_by_chance_is_not_explained(share):
    explained = 0
    for seed in range(10):
        rng = np.random.default_rng(seed)
        inputs = rng.normal(size=(300, 40))
        outcome = np.zeros(300)
        outcome[rng.choice(300, round(300 * share), replace=False)] = 1
        found = fit_logistic(inputs, outcome, np.ones(300))
        explained += found.coefficients.any()
        if not found.coefficients.any():
            assert found.intercept == pytest.approx(logit(share))
    assert explained <= 2


def test_one_input_is_weighed_as_by_scikit_learn():
    inputs, outcome = drawn(1500, 1.0, -1.0, noise=4)
    weight = np.where(outcome > 0, 0.5, 2.0)
    found = fit_logistic(inputs[:, 3:], outcome, weight)
    other = LogisticRegression(C=1).fit(inputs[:, 3:], outcome, sample_weight=weight)
    np.testing.assert_allclose(found.coefficients, other.coef_[0], rtol=0.02)
    np.testing.assert_allclose(found.intercept, other.intercept_[0], rtol=0.02)
    thrice = fit_logistic(inputs[:, 3:], outcome, 3 * weight)
    np.testing.assert_allclose(thrice.coefficients, found.coefficients)


def test_a_rare_cause_is_found_in_few_rows():
    inputs, _ = drawn(300, 0.0, 0.0, noise=30)
    outcome = np.zeros(300)
    outcome[[5, 50, 100, 150, 200, 250]] = 1
    cause = outcome.copy()
    cause[7] = 1
    found = fit_logistic(np.column_stack([inputs, cause]), outcome, np.ones(300))
    probability = expit(found.logits(np.column_stack([inputs, cause])))
    assert probability[cause > 0].min() > 0.5
    assert probability[cause == 0].mean() < 0.01


def test_many_rows_of_a_rare_outcome_are_enough_to_see_its_cause():
    inputs, outcome = drawn(30_000, 1.5, -7.0, noise=10)
    assert outcome.mean() < 0.01
    assert abs(fit_logistic(inputs, outcome, np.ones(30_000)).coefficients[3] - 1.5) < 0.3


@pytest.mark.parametrize(
    ("inputs", "outcome", "intercept"),
    [
        (np.zeros((10, 0)), [1, 0, 0, 0, 0] * 2, logit(0.2)),
        (np.full((10, 3), 7.5), [1, 0, 0, 0, 0] * 2, logit(0.2)),
        (np.arange(10.0)[:, None], [0] * 9 + [1], logit(0.1)),
        (np.arange(10.0)[:, None], [1] * 9 + [0], logit(0.9)),
        (np.arange(10.0)[:, None], [1] * 10, np.inf),
        (np.arange(10.0)[:, None], [0] * 10, -np.inf),
    ],
)
def test_where_there_is_nothing_to_learn_from_the_share_is_the_answer(inputs, outcome, intercept):
    found = fit_logistic(inputs, np.array(outcome, float), np.ones(10))
    assert not found.coefficients.any()
    assert found.intercept == pytest.approx(intercept)
