"""Which cells are missing depends on values, tasks, weights and on each other as in the table."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

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


def test_a_schema_does_not_wait_for_scikit_learn():
    code = (
        "import sys, numpy\nfrom evenvae import tables\n"
        "tables.Schema.infer(numpy.arange(20.0).reshape(10, 2))\nassert 'sklearn' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
