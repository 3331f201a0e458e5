"""Which cells are missing depends on values, tasks, weights and on each other as in the table."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from evenvae import tables
from evenvae.tables.tasks import declare
from support import incomplete


@pytest.fixture(scope="module")
def table():
    return incomplete()


def same_share(one, two):
    """Shares of two samples within four standard errors of their difference."""
    spread = np.sqrt(0.25 / len(one) + 0.25 / len(two))
    assert abs(one.mean() - two.mean()) < 4 * spread, (one.mean(), two.mean())


def test_missing_cells_depend_on_values_and_on_each_other_as_in_the_table(table):
    schema = tables.Schema.infer(table)
    encoded = tables.encode(table, schema)
    model = tables.MissingnessModel.of(encoded, schema)
    other = tables.encode(incomplete(seed=1), schema)
    complete = np.where(other.observed, other.values, np.nanmean(other.values, axis=0))
    # rows whose values are known: the age and clinic of another sample from the same source
    drawn = pd.DataFrame(model.draw(complete, other.tasks, schema, 0), columns=[c.name for c in schema.features])
    real = pd.DataFrame(~encoded.observed, columns=drawn.columns)
    assert not drawn[["age", "clinic"]].any().any()
    for name in ("income", "sodium", "visits"):
        same_share(drawn[name], real[name])
    np.testing.assert_array_equal(drawn["sodium"], drawn["potassium"])
    ages, clinics = complete[:, 0], complete[:, 1]
    for low, high in ((0, 40), (40, 60), (60, 70), (70, 120)):
        old = lambda age, low=low, high=high: (age >= low) & (age < high)
        same_share(drawn["income"][old(ages)], real["income"][old(encoded.values[:, 0])])
    for clinic in (0, 1):
        same_share(drawn["sodium"][clinics == clinic], real["sodium"][encoded.values[:, 1] == clinic])
    same_share(drawn["visits"][drawn["income"]], real["visits"][real["income"]])
    assert drawn["visits"][~drawn["income"]].mean() < 0.01


def test_missing_cells_follow_tasks_and_weights(table):
    weight = np.where(table["income"].isna(), 1.0, 3.0)
    schema = declare(tables.Schema.infer(table), table, "clinic")
    encoded = tables.encode(table, schema)
    model = tables.MissingnessModel.of(encoded, schema, weight)
    rows = np.repeat([[50.0, 3500, 140, 4, 3]], 4000, axis=0)
    of_clinic = lambda code: model.draw(rows, np.full((4000, 1), code), schema, 0)[:, 2].mean()
    assert abs(of_clinic(1) - 0.7) < 0.1
    assert of_clinic(0) < 0.15
    names = [column.name for column in schema.features]
    share = np.average(table["income"].isna(), weights=weight)
    drawn = model.draw(np.nan_to_num(encoded.values, nan=3500), encoded.tasks, schema, 0)
    assert abs(np.average(drawn[:, names.index("income")], weights=weight) - share) < 4 * np.sqrt(share / 1500)


def test_a_complete_table_has_nothing_to_draw():
    table = pd.DataFrame({"x": np.linspace(0, 1, 40), "n": [1, 4, 2, 0] * 10})
    schema = tables.Schema.infer(table)
    encoded = tables.encode(table, schema)
    model = tables.MissingnessModel.of(encoded, schema)
    assert model.intercepts.shape == (0,)
    assert not model.draw(encoded.values, encoded.tasks, schema, 0).any()


def share_of(table, rows=20_000, weight=None):
    """How often each column of a table would be missing in drawn rows that are all alike, and the drawn masks."""
    schema = tables.Schema.infer(table)
    encoded = tables.encode(table, schema)
    model = tables.MissingnessModel.of(encoded, schema, weight)
    values = np.zeros((rows, schema.elements))
    masks = model.draw(values, np.zeros((rows, 0), np.int32), schema, 0)
    return masks.mean(axis=0), masks


RARE = np.where(np.arange(100) % 5 == 2, np.nan, np.arange(100.0) % 7)
"""Numbers of which a fifth is missing."""


@pytest.mark.parametrize(
    ("table", "share"),
    [
        (pd.DataFrame({"x": RARE}), 0.2),
        (pd.DataFrame({"x": pd.Series(RARE).map({0: "a", 1: "b", 2: "c", 3: "d", 4: "a", 5: "b", 6: "c"})}), 0.2),
        (pd.DataFrame({"x": RARE, "same": 3.0}), 0.2),
        (pd.DataFrame({"x": RARE, "y": RARE[::-1] * 0 + RARE + 1, "z": RARE * 2}), 0.2),
        (pd.DataFrame({"x": np.where(np.arange(100) < 2, np.arange(100.0), np.nan)}), 0.98),
        (pd.DataFrame({"x": np.where(np.arange(100) == 9, np.nan, np.arange(100.0) % 7)}), 0.01),
    ],
    ids=["a number", "a level", "beside a constant", "blank lines", "all but two", "one cell"],
)
def test_holes_that_nothing_explains_are_as_many(table, share):
    found, masks = share_of(table)
    np.testing.assert_allclose(found, share, atol=4 * np.sqrt(share * (1 - share) / len(masks)))
    # columns that are missing in the same rows stay together
    assert (masks == masks[:, :1]).all()


def test_rows_of_weight_0_do_not_count():
    table = pd.DataFrame({"x": RARE, "y": np.linspace(0, 1, 100)})
    found, _ = share_of(table, weight=np.where(table["x"].isna(), 0.0, 2.0))
    np.testing.assert_array_equal(found, 0)


def test_a_column_without_any_value_stays_empty():
    schema = tables.Schema.infer(pd.DataFrame({"x": np.linspace(0, 1, 40), "y": [1, 4, 2, 0] * 10}))
    encoded = tables.encode(pd.DataFrame({"x": np.linspace(0, 1, 40), "y": np.nan}), schema)
    model = tables.MissingnessModel.of(encoded, schema)
    masks = model.draw(np.zeros((50, 2)), np.zeros((50, 0), np.int32), schema, 0)
    np.testing.assert_array_equal(masks.mean(axis=0), [0, 1])


def test_images_alone_lack_as_many():
    images = np.random.default_rng(0).random((50, 4, 4))
    images[::5] = np.nan
    schema = tables.Schema.infer({"image": images})
    model = tables.MissingnessModel.of(tables.encode({"image": images}, schema), schema)
    masks = model.draw(np.zeros((4000, 16)), np.zeros((4000, 0), np.int32), schema, 0)
    np.testing.assert_allclose(masks.mean(axis=0), [0.2], atol=0.025)


@pytest.fixture(scope="module")
def dependent():
    """A model of a table where x is missing where a is large (slope 1.5), y with half of x, z where b is (slope 2).

    With it come its schema and rows of a source that is not quite that of the table.
    """
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(4000, 6)), columns=["a", "b", "c", "x", "y", "z"])
    lost = rng.random(4000) < expit(1.5 * table["a"] - 2.5)
    table.loc[lost, "x"] = np.nan
    table.loc[lost & (rng.random(4000) < 0.5), "y"] = np.nan
    table.loc[rng.random(4000) < expit(2 * table["b"] - 4), "z"] = np.nan
    schema = tables.Schema.infer(table)
    encoded = tables.encode(table, schema)
    shifted = lambda rows, seed: np.random.default_rng(seed).normal(0.5, 1.4, (rows, 6))
    return tables.MissingnessModel.of(encoded, schema), schema, encoded, shifted


def test_calibration_keeps_share_and_dependence_in_rows_of_another_source(dependent):
    model, schema, encoded, shifted = dependent
    tasks = lambda rows: np.zeros((rows, 0), np.int32)
    calibrated = model.calibrated(shifted(16_384, 1), tasks(16_384), schema, 2)
    rows = shifted(20_000, 3)
    share = (~encoded.observed).mean(axis=0)
    raw, masks = (m.draw(rows, tasks(20_000), schema, 4) for m in (model, calibrated))
    assert raw[:, 3].mean() > share[3] + 0.1
    np.testing.assert_allclose(masks.mean(axis=0), share, atol=4 * 0.5 / np.sqrt(16_384))
    slope = LogisticRegression().fit(rows[:, :3], masks[:, 5]).coef_[0]
    np.testing.assert_allclose(slope, [0, 2, 0], atol=0.25)
    assert LogisticRegression().fit(rows[:, :3], masks[:, 3]).coef_[0, 0] > 1
    # y is missing in half of the rows where x is, and in no other
    assert not (masks[:, 4] & ~masks[:, 3]).mean() > 0.002
    # asked for other rows, the share differs as the dependence says
    assert calibrated.draw(rows[rows[:, 0] > 2], tasks((rows[:, 0] > 2).sum()), schema, 5)[:, 3].mean() > 2 * share[3]


def test_numbers_of_missing_cells_vary_as_those_of_independent_rows(dependent):
    model, schema, _, shifted = dependent
    calibrated = model.calibrated(shifted(16_384, 1), np.zeros((16_384, 0), np.int32), schema, 2)
    masks = calibrated.draw(shifted(40_000, 6), np.zeros((40_000, 0), np.int32), schema, 7)
    counts = masks[:, 3].reshape(400, 100).sum(axis=1)
    share = masks[:, 3].mean()
    # 400 samples of 100 rows; the ratio of variances has a standard error of sqrt(2 / 400)
    assert abs(counts.var() / (100 * share * (1 - share)) - 1) < 4 * np.sqrt(2 / 400)


def test_calibration_changes_nothing_where_nothing_depends():
    table = pd.DataFrame({"x": RARE})
    schema = tables.Schema.infer(table)
    model = tables.MissingnessModel.of(tables.encode(table, schema), schema)
    assert not model.needs_calibration
    again = model.calibrated(np.ones((10, 1)), np.zeros((10, 0), np.int32), schema, 0)
    np.testing.assert_allclose(again.intercepts, model.intercepts)


def test_a_schema_does_not_wait_for_scikit_learn():
    code = (
        "import sys, numpy\nfrom evenvae import tables\n"
        "tables.Schema.infer(numpy.arange(20.0).reshape(10, 2))\nassert 'sklearn' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
