"""Trees as arrays answer as the library that grew them, and damaged ones are refused."""

import dataclasses

import lightgbm
import numpy as np
import pytest

from evenvae import InputError
from evenvae.fitted.trees import Trees


def table(rows=400, missing=0.2, seed=0):
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(rows, 4))
    target = np.where(features[:, 0] > 0.3, 2.0, 0.0) + features[:, 1] * (features[:, 2] > 0)
    features[rng.random(features.shape) < missing] = np.nan
    return features, target


def grow(features, target, outputs=1, **settings):
    kind = {"objective": "regression"} if outputs == 1 else {"objective": "multiclass", "num_class": outputs}
    settings = {**kind, "num_leaves": 7, "verbosity": -1, "num_threads": 1, **settings}
    booster = lightgbm.train(settings, lightgbm.Dataset(features, target), 8)
    structures = [tree["tree_structure"] for tree in booster.dump_model()["tree_info"]]
    return booster, structures


@pytest.mark.parametrize("missing", [0.2, 0.0])
def test_numbers_are_those_of_the_library(missing):
    features, target = table(missing=missing)
    booster, structures = grow(features, target)
    trees = Trees.of_lightgbm(structures, 1)
    rows, _ = table(seed=1)
    np.testing.assert_allclose(trees.sums(rows)[:, 0], booster.predict(rows), rtol=1e-12)
    trees.check(4)


def test_levels_are_those_of_the_library():
    features, target = table()
    booster, structures = grow(features, np.digitize(target, [0.0, 1.5]), outputs=3)
    trees = Trees.of_lightgbm(structures, 3)
    np.testing.assert_allclose(trees.sums(features), booster.predict(features, raw_score=True), rtol=1e-12)


def test_joined_trees_are_summed():
    features, target = table()
    one, two = (Trees.of_lightgbm(grow(features, target, learning_rate=rate)[1], 1, 0.5) for rate in (0.1, 0.3))
    both = Trees.joined([one, two])
    both.check(4)
    np.testing.assert_allclose(both.sums(features), one.sums(features) + two.sums(features))


def test_a_tree_may_be_a_single_leaf_and_there_may_be_no_row():
    trees = Trees.of_lightgbm([{"leaf_value": 3.0}], 1)
    trees.check(1)
    assert trees.sums(np.full((2, 1), np.nan)).tolist() == [[3.0], [3.0]]
    assert trees.sums(np.zeros((0, 1))).shape == (0, 1)


def test_many_rows_are_answered_in_slices(monkeypatch):
    features, target = table()
    trees = Trees.of_lightgbm(grow(features, target)[1], 1)
    whole = trees.sums(features)
    monkeypatch.setattr("evenvae.fitted.trees.PLACES", 100)
    np.testing.assert_array_equal(trees.sums(features), whole)


def damaged(trees, name, place, value):
    array = getattr(trees, name).copy()
    array[place] = value
    return dataclasses.replace(trees, **{name: array})


@pytest.mark.parametrize(
    ("name", "value"),
    [("feature", 4), ("feature", -1), ("left", 10**6), ("left", -1), ("threshold", np.nan), ("value", np.inf)],
)
def test_what_would_lead_a_row_astray_is_refused(name, value):
    trees = Trees.of_lightgbm(grow(*table())[1], 1)
    with pytest.raises(InputError, match="trees that do not fit"):
        damaged(trees, name, 0, value).check(4)


def test_what_would_lead_a_row_round_in_circles_is_refused():
    trees = Trees.of_lightgbm(grow(*table())[1], 1)
    child = int(trees.left[0])
    assert trees.left[child] != child
    with pytest.raises(InputError, match="trees that do not fit"):
        damaged(trees, "left", child, 0).check(4)
    with pytest.raises(InputError, match="trees that do not fit"):
        damaged(trees, "roots", 0, len(trees.left)).check(4)
    with pytest.raises(InputError, match="trees that do not fit"):
        dataclasses.replace(trees, outputs=3).check(4)
