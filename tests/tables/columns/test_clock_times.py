"""Times of day and spans of time."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from evenvae import tables


def test_texts_that_show_a_clock_are_times_of_day():
    texts = ["9:30", "10:05", None, "23:59"] * 4
    column = tables.Schema.infer(pd.DataFrame({"at": texts}))["at"]
    assert (column.kind, column.text_format, column.unit) == ("time", "%-H:%M", "minute")
    np.testing.assert_array_equal(column.encode(pd.Series(texts[:3])), [34_200, 36_300, np.nan])
    assert column.decode(np.array([34_229.0, 0, np.nan])).tolist() == ["9:30", "9:30", None]


def test_times_and_spans_keep_their_unit():
    times = [dt.time(i % 24, 5 * (i % 12)) for i in range(50)]
    column = tables.Schema.infer(pd.DataFrame({"at": times}))["at"]
    assert column.unit == "minute"
    assert column.decode(np.array([30_017.3])).tolist() == [dt.time(8, 20)]
    spans = tables.Schema.infer(pd.DataFrame({"for": pd.to_timedelta(np.arange(50) * 3, unit="D")}))["for"]
    assert spans.unit == "day"
    assert spans.decode(np.array([100_000.0])).tolist() == [pd.Timedelta(days=1)]


def test_span_objects_are_spans():
    cells = pd.Series([dt.timedelta(hours=3), None, dt.timedelta(hours=5)] * 4, dtype=object)
    column = tables.Schema.infer(pd.DataFrame({"for": cells}))["for"]
    assert column.kind == "duration"
    np.testing.assert_array_equal(column.encode(cells)[:3], [10_800, np.nan, 18_000])


def test_spans_at_the_end_of_a_type_are_filled_inside_it():
    ends = [pd.Timedelta.max, pd.Timedelta.min, pd.Timedelta(0), None] * 4
    table = pd.DataFrame({"span": pd.Series(ends, dtype="timedelta64[ns]"), "x": np.arange(16) / 3})
    schema = tables.Schema.infer(table)
    values = tables.encode(table, schema).values
    values[:, 0] = schema["span"].low
    filled = tables.fill(table, values, schema)["span"]
    assert filled.dtype == "timedelta64[ns]"
    assert (filled[3] - pd.Timedelta.min).total_seconds() < 2


def test_spans_that_microseconds_do_not_count_are_missing():
    table = pd.DataFrame({"span": np.array([1, 2, 7, 2**60], "timedelta64[s]")})
    with pytest.warns(tables.TableWarning, match="1 cells are not spans of time of at most 292,000 years"):
        schema = tables.Schema.infer(table)
    assert (schema["span"].low, schema["span"].high) == (1, 7)
    objects = pd.DataFrame(
        {"span": pd.Series([dt.timedelta.max, dt.timedelta(1), dt.timedelta(2), None], dtype=object)}
    )
    with pytest.warns(tables.TableWarning, match="1 cells are not spans of time"):
        assert tables.Schema.infer(objects)["span"].high == 2 * 86_400
