"""The attack's AUC against scikit-learn, its error against draws, and its certainty where rows are found."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from evenvae.errors import InputError
from evenvae.metrics.privacy import attack


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(-3, 3), min_size=2, max_size=30), st.lists(st.integers(-3, 3), min_size=2, max_size=30))
def test_the_auc_is_that_of_scikit_learn(members, others):
    found = attack(np.array(members, float), np.array(others, float))
    truth = np.arange(len(members) + len(others)) < len(members)
    assert found.auc == pytest.approx(roc_auc_score(truth, members + others))
    assert 0 <= found.low <= found.auc <= found.high <= 1


def test_the_standard_error_is_the_spread_over_draws():
    generator = np.random.default_rng(0)
    found = [attack(generator.normal(0.5, 2, 150), generator.normal(size=80)) for _ in range(800)]
    aucs, errors = np.array([f.auc for f in found]), np.array([f.standard_error for f in found])
    assert errors.mean() == pytest.approx(aucs.std(), rel=0.06)
    covered = np.mean([f.low <= aucs.mean() <= f.high for f in found])
    assert covered == pytest.approx(0.95, abs=0.03)


def test_a_few_rows_that_are_found_for_certain():
    generator = np.random.default_rng(1)
    members, others = generator.normal(size=2000), generator.normal(size=2000)
    members[:200] = 10
    found = attack(members, others)
    assert found.auc == pytest.approx(0.55, abs=0.02)
    assert found.found_share == pytest.approx(0.109, abs=0.01)


def test_what_cannot_be_judged_is_refused():
    with pytest.raises(InputError, match="1 training and 5 hold-out"):
        attack(np.zeros(1), np.zeros(5))
    with pytest.raises(InputError, match="NaN"):
        attack(np.array([0, np.nan]), np.zeros(5))
