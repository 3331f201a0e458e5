"""Datetimes, dates, times and spans: recognised, as seconds, and back in their own spelling."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from evenvae import tables
from evenvae.errors import InputError
from evenvae.tables.columns.datetimes import text_format

CELLS = {
    "datetime": [dt.datetime(1970, 1, 2, 3), dt.datetime(2020, 1, 1)],
    "date": [dt.date(1970, 1, 2), dt.date(2020, 1, 1)],
    "time": [dt.time(0, 1, 1, 500_000), dt.time(23)],
}
SECONDS = {"datetime": 97_200, "date": 86_400, "time": 61.5, "duration": 90}


@pytest.mark.parametrize("kind", CELLS)
def test_objects_are_recognised_and_come_back(kind):
    cells = pd.Series([*CELLS[kind], None] * 2, dtype=object)
    column = tables.Schema.infer(pd.DataFrame({"when": cells}))["when"]
    assert (column.kind, column.likelihood, column.rule) == (kind, "normal", "time")
    assert column.is_datetime == (kind != "time")
    values = column.encode(cells)
    assert values[0] == SECONDS[kind]
    assert np.isnan(values[2])
    assert column.decode(values).dropna().tolist() == CELLS[kind] * 2


def test_spans_are_seconds():
    cells = pd.Series([pd.Timedelta(seconds=90), pd.NaT, pd.Timedelta(days=1)])
    column = tables.Schema.infer(pd.DataFrame({"span": cells}))["span"]
    assert (column.kind, column.reason) == ("duration", "spans of time, as a real number of seconds")
    assert not column.is_datetime
    np.testing.assert_array_equal(column.encode(cells), [90, np.nan, 86_400])
    pd.testing.assert_series_equal(column.decode(column.encode(cells)), cells.astype("timedelta64[us]"))


@pytest.mark.parametrize(
    ("text", "format"),
    [
        ("2020-01-02", "%Y-%m-%d"),
        ("2020-01-02 03:04", "%Y-%m-%d %H:%M"),
        ("2020-01-02T03:04:05", "%Y-%m-%dT%H:%M:%S"),
        ("2020-01-02T03:04:05Z", "%Y-%m-%dT%H:%M:%SZ"),
    ],
)
def test_texts_keep_their_spelling(text, format):
    assert text_format(text) == format
    table = pd.DataFrame({"when": [text, text.replace("2020", "2021"), None]})
    schema = tables.Schema.infer(table)
    assert schema["when"].kind == "datetime"
    pd.testing.assert_frame_equal(tables.decode(tables.encode(table, schema).values, schema), table)


def test_what_is_no_text_has_no_format():
    assert text_format(dt.date(2020, 1, 1)) is None
    assert text_format("short") is None


@pytest.mark.parametrize("kind", ["datetime", "date", "time", "duration"])
def test_texts_that_are_called_times_are_refused(kind):
    with pytest.raises(InputError, match="holds no numbers"):
        tables.Schema.infer(pd.DataFrame({"x": ["soon", "later"]}), overrides={"x": {"kind": kind}})
