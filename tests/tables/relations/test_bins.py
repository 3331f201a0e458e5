"""Levels that say in which range a number lies."""

import numpy as np
import pandas as pd

from evenvae.tables.relations import bins
from relations_support import seen

RANDOM = np.random.default_rng(0)
AGE = RANDOM.poisson(40, 600)
REAL = RANDOM.normal(50, 20, 600).round(2)


def found(x, y):
    cells = seen(pd.DataFrame({"x": x, "y": y}))
    return bins.find(cells["y"], cells["x"])


def test_edges_and_labels():
    young = np.where(AGE < 35, "young", np.where(AGE < 45, "middle", "old"))
    assert found(AGE, young) == "bin(x, [35, 45], ['young', 'middle', 'old'])"
    assert found(AGE, (AGE >= 40).astype(int)) == "bin(x, [40], [0, 1])"
    assert found(AGE, AGE < 40) == "bin(x, [40], [True, False])"


def test_edges_between_frequent_numbers():
    years = RANDOM.choice(np.arange(8, 18), 6000, p=np.r_[0.02, 0.02, 0.03, 0.03, 0.5, 0.1, 0.1, 0.05, 0.1, 0.05])
    assert found(years, (years < 12).astype(int)) == "bin(x, [12], [1, 0])"


def test_edges_of_real_numbers_are_round():
    assert found(REAL, np.where(REAL < 50, "low", "high")) == "bin(x, [50], ['low', 'high'])"


def test_two_groups_far_apart_are_no_bins():
    group = RANDOM.random(600) < 0.5
    assert found((REAL + 1000 * group).round(2), np.where(group, "a", "b")) is None


def test_two_groups_that_hardly_touch_are_no_bins():
    for seed in range(5):
        rng = np.random.default_rng(seed)
        group = rng.random(1000) < 0.5
        x = (rng.normal(size=1000).clip(-2.9, 2.9) + 6 * group).round(3)
        assert found(x, np.where(group, "a", "b")) is None


def test_overlapping_groups_are_no_bins():
    assert found(AGE, np.where(AGE + RANDOM.normal(size=600) < 40, "a", "b")) is None
    assert found(AGE, np.where(AGE % 2 == 0, "even", "odd")) is None
