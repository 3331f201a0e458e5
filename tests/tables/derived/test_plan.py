"""Formulas of a schema, read and checked."""

import numpy as np
import pandas as pd
import pytest

from evenvae import InputError
from evenvae.tables import Schema
from evenvae.tables.derived.plan import cells_of, encoded, on_grid, plan
from evenvae.tables.formulas import Cells

TABLE = pd.DataFrame(
    {
        "a": np.arange(60) * 0.5,
        "b": np.arange(60) % 7 + 0.25,
        "c": np.arange(60) % 11 * 1.5,
        "city": ["Bonn", "Celle"] * 30,
        "when": pd.date_range("2020", periods=60, freq="7h"),
        "same": [3] * 60,
        "id": [f"id{i}" for i in range(60)],
    }
)


def schema(**formulas):
    return Schema.infer(TABLE, overrides={name: {"formula": formula} for name, formula in formulas.items()})


def test_columns_come_after_those_that_they_are_computed_from():
    found = plan(schema(a="b + 1", b="2 * c", city="lookup(c, {0: 'Bonn'})").columns)
    names = [one.column.name for one in found]
    assert names.index("b") < names.index("a")
    assert set(names) == {"a", "b", "city"}


def test_constants_may_be_used():
    (one,) = plan(schema(a="same * c").columns)
    cells = {name: cells_of(np.arange(3.0), column) for name, column in one.sources.items()}
    assert one.computed(cells, 3).tolist() == [0, 3, 6]


@pytest.mark.parametrize(
    ("formulas", "says"),
    [
        ({"a": "b +"}, "Column 'a' of the schema: formula 'b \\+', character 4"),
        ({"a": "d * 2"}, "no column 'd'; did you mean 'id'|no column 'd'"),
        ({"a": "a + 1"}, "cannot be computed from itself"),
        ({"a": "b", "b": "a"}, "'a', 'b' of the schema need each other"),
        ({"a": "b", "b": "c", "c": "a + 1"}, "need each other"),
        ({"a": "length(id)"}, "'id' is not modelled"),
        ({"a": "city"}, "it gives texts, but the column holds numbers"),
        ({"a": "when"}, "it gives dates, but the column holds numbers"),
        ({"when": "a"}, "it gives numbers, but the column holds dates"),
        ({"a": "city * 2"}, "cannot join texts and numbers"),
        ({"a": "@os"}, "'@' is not allowed"),
        ({"id": "city"}, "'id' of the schema has a formula, but it is not modelled"),
        ({"a": 5}, "formula = 5, which must be a text"),
        ({"a": True}, "formula = True, which must be a text"),
    ],
)
def test_wrong_formulas_are_told(formulas, says):
    with pytest.raises(InputError, match=says):
        schema(**formulas)


def test_what_a_formula_gives_on_the_grid_of_its_column():
    columns = Schema.infer(TABLE)
    assert encoded(Cells("number", np.array([1.24, np.nan])), columns["a"])[0] == 1.2
    found = encoded(Cells.of_texts(["Celle", "Bonn", "Rome", None]), columns["city"])
    np.testing.assert_array_equal(found, [1, 0, np.nan, np.nan])
    found = encoded(Cells.of_texts(["2020-01-02", None]), columns["when"])
    np.testing.assert_array_equal(found, [pd.Timestamp("2020-01-02").timestamp(), np.nan])


def test_values_are_rounded_and_clipped_as_decoding_does():
    columns = Schema.infer(TABLE)
    values = np.array([-3.0, 4.26, 100.0])
    for name in ("a", "b", "city"):
        decoded = columns[name].decode(values)
        expected = columns[name].encode(decoded)
        np.testing.assert_array_equal(on_grid(values, columns[name]), expected)


def test_a_level_that_stands_for_many_counts_as_missing():
    cells = [f"l{i % 40}" for i in range(400)] + [f"rare{i}" for i in range(30)]
    (column,) = Schema.infer(pd.DataFrame({"x": cells})).columns
    assert column.pooled == "(other)"
    assert np.isnan(cells_of(np.array([0.0, column.cardinality - 1.0]), column).values).tolist() == [False, True]
