"""The mixed distance against a loop over cells, and its nearest rows against scikit-learn's."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenvae.metrics.privacy import MixedDistance
from evenvae.metrics.privacy import mixed_distance as module


def mixed(generator, rows, missing=0.2):
    values = np.column_stack([generator.normal(5, 3, (rows, 2)), generator.integers(0, 4, (rows, 2))])
    return np.where(generator.random(values.shape) < missing, np.nan, values)


DISCRETE = np.array([False, False, True, True])


def by_loop(distance, one, other):
    total = 0.0
    for d, discrete in enumerate(DISCRETE):
        a, b = one[d], other[d]
        if discrete:
            total += not (a == b or (np.isnan(a) and np.isnan(b)))
        else:
            z = [0.0 if np.isnan(x) else (x - distance.center[d]) / distance.scale[d] for x in (a, b)]
            total += (z[0] - z[1]) ** 2 + (np.isnan(a) != np.isnan(b))
    return total


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**31))
def test_squared_distances_are_the_sum_over_columns(seed):
    generator = np.random.default_rng(seed)
    rows, queries = mixed(generator, 9), mixed(generator, 5)
    distance = MixedDistance.of(rows, DISCRETE)
    expected = [[by_loop(distance, q, r) for r in rows] for q in queries]
    np.testing.assert_allclose(distance.squared(queries, rows), expected, atol=1e-12)
    parts = [distance.of_column(queries, rows, d) for d in range(4)]
    np.testing.assert_allclose(np.sum(parts, axis=0), expected, atol=1e-12)


def test_nearest_rows_are_those_of_scikit_learn(monkeypatch):
    from sklearn.neighbors import NearestNeighbors

    generator = np.random.default_rng(0)
    rows, queries = mixed(generator, 80, missing=0), mixed(generator, 30, missing=0)
    distance = MixedDistance.of(rows, DISCRETE)
    spread = rows[:, :2].std(axis=0)
    points = [
        np.column_stack([part[:, :2] / spread, *(np.eye(4)[part[:, d].astype(int)] * 0.5**0.5 for d in (2, 3))])
        for part in (rows, queries)
    ]
    found, place = NearestNeighbors(n_neighbors=1).fit(points[0]).kneighbors(points[1])
    # a few rows at a time give what all at once give
    for pairs in (2**22, 100, 1):
        monkeypatch.setattr(module, "PAIRS", pairs)
        nearest = distance.nearest(queries, rows)
        np.testing.assert_allclose(nearest.distance, found[:, 0], atol=1e-9)
        np.testing.assert_array_equal(nearest.row, place[:, 0])


def test_the_scales_are_those_of_the_reference_rows():
    rows = np.array([[1.0, 7.0], [3.0, 7.0], [np.nan, 7.0]])
    distance = MixedDistance.of(rows, np.array([False, False]))
    assert distance.scale.tolist() == [1.0, 1.0]
    assert distance.center.tolist() == [2.0, 7.0]
    assert distance.nearest(rows[:1], rows[1:2]).distance[0] == pytest.approx(2.0)
