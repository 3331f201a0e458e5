"""The Gramian of linear heads without a backward pass for each task."""

import numpy as np
import pytest

from balancing_support import TASK
from evenvae import balancing
from evenvae.balancing.algebra import FEW
from evenvae.balancing.gram import wide_tasks


@pytest.mark.parametrize("hidden", [3, 40])
def test_gram_of_linear_heads_equals_explicit_rows(hidden):
    rng = np.random.default_rng(0)
    feature = np.array([*TASK] + [3] * 90 + [4] * 60)
    cotangent, kernel = rng.normal(size=(16, feature.size)), rng.normal(size=(hidden, feature.size))
    rows = np.asarray(balancing.rows_of_linear_heads(cotangent, kernel, feature))
    gram = balancing.gram_of_linear_heads(cotangent, kernel, feature)
    np.testing.assert_allclose(gram, rows @ rows.T, rtol=1e-10, atol=1e-9)
    weights = rng.normal(size=5)
    combined = balancing.combine_linear_heads(cotangent, kernel, feature, weights)
    np.testing.assert_allclose(np.ravel(combined), weights @ rows, rtol=1e-10, atol=1e-10)


def test_gram_of_many_tasks_equals_explicit_rows():
    rng = np.random.default_rng(1)
    tasks = FEW + 30
    # outputs in any order, tasks of one to four outputs, and one so wide that its row is formed
    feature = rng.permutation(np.concatenate([np.repeat(np.arange(tasks), rng.integers(1, 5, tasks)), [tasks] * 300]))
    cotangent, kernel = rng.normal(size=(12, feature.size)), rng.normal(size=(20, feature.size))
    assert wide_tasks(feature, 12, 20).tolist() == [tasks]
    rows = np.asarray(balancing.rows_of_linear_heads(cotangent, kernel, feature))
    gram = balancing.gram_of_linear_heads(cotangent, kernel, feature)
    np.testing.assert_allclose(gram, rows @ rows.T, rtol=1e-10, atol=1e-9)
