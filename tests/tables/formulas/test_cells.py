"""Columns as formulas compute with them."""

import numpy as np
import pandas as pd

from evenvae.tables import Schema
from evenvae.tables.formulas import Cells

ROWS = 40


def cells_of(cells, **fields):
    series = pd.Series(cells, name="x")
    column = Schema.infer(series.to_frame(), overrides={"x": fields} if fields else None)["x"]
    return Cells.of_column(series, column)


def test_every_kind_of_column():
    dates = pd.date_range("2020-01-01", periods=ROWS)
    kinds = {
        "number": [1.5, None] * 20,
        "flag": [True, False] * 20,
        "text": ["a", "b"] * 20,
        "time": dates,
        "span": dates - dates[0],
        "clock": list((dates + pd.to_timedelta(np.arange(ROWS), unit="min")).time),
    }
    for kind, cells in kinds.items():
        assert cells_of(cells).kind == kind
    assert cells_of([date.isoformat() for date in dates.date]).kind == "time"
    assert cells_of(list(dates.date)).kind == "time"
    assert cells_of(["same"] * ROWS).kind == "text"
    assert cells_of([3] * ROWS).kind == "number"


def test_levels_that_are_numbers_count_as_numbers():
    found = cells_of([3, 7] * 20)
    assert (found.kind, found.values[:2].tolist()) == ("number", [3.0, 7.0])


def test_missing_cells_are_nan():
    assert np.isnan(cells_of(["a", None, "b", "NA"] * 10).values[:4]).tolist() == [False, True, False, True]
    assert np.isnan(cells_of(pd.array([1, None, 5, 9] * 10, dtype="Int64")).values[:2]).tolist() == [False, True]


def test_a_text_that_is_no_level_stands_for_itself():
    column = Schema.infer(pd.DataFrame({"x": ["a", "b"] * 20}))["x"]
    found = Cells.of_column(pd.Series(["b", "c", " a"]), column)
    assert [found.texts[int(place)] for place in found.values] == ["b", "c", "a"]


def test_encoded_values_give_the_same_cells():
    frame = pd.DataFrame(
        {"level": ["a", "b"] * 20, "code": [3, 7] * 20, "flag": [True, False] * 20, "real": np.arange(ROWS) / 8}
    )
    schema = Schema.infer(frame)
    for column in schema.columns:
        one, other = (
            Cells.of_values(column.encode(frame[column.name]), column),
            Cells.of_column(frame[column.name], column),
        )
        assert (one.kind, one.texts) == (other.kind, other.texts)
        np.testing.assert_array_equal(one.values, other.values)


def test_a_column_with_a_time_zone_is_read_in_it():
    assert cells_of(pd.date_range("2020", periods=ROWS, tz="Europe/Paris")).zone == "Europe/Paris"
