"""Two kinds of models on the same rows, by several seeds."""

import numpy as np
import pytest
from scipy import stats

from evenvae import InputError, tables
from evenvae.fitted.seed_comparison import compare_seeds, seed_test
from support import fast, people


@pytest.fixture(scope="module")
def rows():
    return people(100, seed=1)


@pytest.fixture(scope="module")
def kinds():
    """Models of older people, and of people like those of the rows, by three seeds each."""
    table = people(200)
    older = table.assign(age=table["age"] + 15)
    return [[fast(epochs=2, random_state=seed).fit(learned) for seed in range(3)] for learned in (older, table)]


def asked(models, rows):
    return [(model.fitted_, tables.encode(rows, model.schema_)) for model in models]


def test_the_tests_are_those_of_scipy():
    generator = np.random.default_rng(0)
    first, second = generator.normal(size=5), generator.normal(1, 2, size=5)
    error, p = seed_test(first, second, paired=True)
    assert p == pytest.approx(stats.ttest_rel(second, first).pvalue)
    assert error == pytest.approx(stats.sem(second - first))
    error, p = seed_test(first, second[:4], paired=False)
    welch = stats.ttest_ind(second[:4], first, equal_var=False)
    assert p == pytest.approx(welch.pvalue)
    assert (second[:4].mean() - first.mean()) / error == pytest.approx(welch.statistic)
    assert seed_test(np.ones(3), np.ones(2), paired=False) == (0.0, 1.0)
    assert seed_test(np.ones(3), np.zeros(2), paired=False) == (0.0, 0.0)
    assert np.isnan(seed_test(np.array([1.0, np.nan]), np.ones(2), paired=True)).all()


def test_figures_are_means_over_seeds_and_tests_are_paired_by_seed(kinds, rows):
    older, alike = kinds
    # the order of the models does not matter
    found = compare_seeds(asked(older, rows), asked(alike[::-1], rows), hide=0)
    assert found.attrs["paired"] is True
    assert found.attrs["seeds_a"] == found.attrs["seeds_b"] == [0, 1, 2]
    own = [[model.evaluate(rows) for model in models] for models in kinds]
    for letter, evaluations in zip("ab", own, strict=True):
        np.testing.assert_allclose(found[f"error_{letter}"], np.mean([one["error"] for one in evaluations], axis=0))
    likelihoods = [np.array([one.attrs["log_likelihood"] for one in evaluations]) for evaluations in own]
    assert found.attrs["log_likelihood_gain"] == pytest.approx(likelihoods[1].mean() - likelihoods[0].mean())
    assert found.attrs["log_likelihood_gain"] > 0
    assert found.attrs["log_likelihood_p"] == pytest.approx(stats.ttest_rel(*likelihoods).pvalue)
    assert found.attrs["trained_on_a"] is found.attrs["trained_on_b"] is False
    assert "hidden_a" not in found


def test_a_kind_beside_itself_differs_nowhere(kinds, rows):
    found = compare_seeds(asked(kinds[0], rows), asked(kinds[0], rows))
    assert (found["p"] == 1).all()
    assert (found["hidden_p"] == 1).all()
    assert (found["ratio"] == 1).all()
    assert found.attrs["log_likelihood_gain"] == 0
    assert found.attrs["log_likelihood_p"] == 1


def test_other_seeds_are_not_paired(kinds, rows):
    found = compare_seeds(asked(kinds[0][:2], rows), asked(kinds[1][1:], rows), hide=0)
    assert found.attrs["paired"] is False
    assert (found.attrs["seeds_a"], found.attrs["seeds_b"]) == ([0, 1], [1, 2])


def test_what_says_nothing_of_seeds_is_refused(kinds, rows):
    first, second = asked(kinds[0], rows), asked(kinds[1], rows)
    with pytest.raises(InputError, match="at least two models of each kind"):
        compare_seeds(first, second[:1])
    with pytest.raises(InputError, match="fitted with seed 1 to the same rows"):
        compare_seeds([*first, first[1]], second)
