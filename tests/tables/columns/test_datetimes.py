"""Datetimes, dates, times and spans: recognised, as seconds, and back in their own spelling."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from evenvae import tables
from evenvae.errors import InputError

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
    table = pd.DataFrame({"when": [text, text.replace("2020", "2021"), None]})
    schema = tables.Schema.infer(table)
    assert (schema["when"].kind, schema["when"].text_format) == ("datetime", format)
    pd.testing.assert_frame_equal(tables.decode(tables.encode(table, schema).values, schema), table)


@pytest.mark.parametrize("kind", ["datetime", "date", "time", "duration"])
def test_texts_that_are_called_times_are_refused(kind):
    with pytest.raises(InputError, match="holds no numbers"):
        tables.Schema.infer(pd.DataFrame({"x": ["soon", "later"]}), overrides={"x": {"kind": kind}})


ZONES = [None, "Europe/Berlin", "America/New_York"]


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(("frequency", "unit"), [("D", "day"), ("7h", "hour"), ("MS", "month"), ("11min", "minute")])
def test_filled_times_have_the_unit_of_the_column_in_its_own_zone(zone, frequency, unit):
    moments = pd.Series(pd.date_range("2020-03-01", periods=80, freq=frequency, tz=zone))
    schema = tables.Schema.infer(pd.DataFrame({"when": moments}))
    column = schema["when"]
    # clocks that were put forward show other hours
    assert column.unit == (unit if unit != "hour" or zone is None else column.unit)
    drawn = column.decode(np.random.default_rng(0).uniform(column.low, column.high, 200))
    local = drawn.dt.tz_localize(None) if zone else drawn
    whole = {"day": "D", "hour": "h", "minute": "min"}
    if unit == "month":
        assert (local.dt.day == 1).all()
    assert (local == local.dt.floor(whole.get(column.unit, "D"))).all()
    assert drawn.min() >= moments.min()
    assert drawn.max() <= moments.max()


def test_texts_with_an_offset_are_filled_at_their_own_clock():
    texts = [f"2020-01-{i:02d}T10:00:00+02:00" for i in range(1, 29)]
    column = tables.Schema.infer(pd.DataFrame({"when": texts}))["when"]
    drawn = column.decode(np.array([column.low, (column.low + column.high) / 2 + 100, column.high]))
    assert drawn.tolist() == [texts[0], "2020-01-14T22:00:00+02:00", texts[-1]]


def test_objects_keep_their_class_and_zone():
    zone = dt.timezone(dt.timedelta(hours=2))
    moments = [dt.datetime(2020, 1, 1 + i, tzinfo=zone) for i in range(20)]
    cells = pd.Series([None, *moments], dtype=object)
    column = tables.Schema.infer(pd.DataFrame({"when": cells}))["when"]
    drawn = column.decode(column.encode(cells)[1:])
    assert drawn.tolist() == moments
    assert all(type(cell) is dt.datetime and cell.utcoffset() == dt.timedelta(hours=2) for cell in drawn)


def test_the_user_decides_which_part_is_the_day():
    table = pd.DataFrame({"when": ["03/04/2021", "05/06/2021", None, "01/02/2021"] * 5})
    guessed = tables.Schema.infer(table)["when"]
    assert 'text_format = "%d/%m/%Y"' in guessed.doubt
    told = tables.Schema.infer(table, overrides={"when": {"text_format": "%d/%m/%Y"}})["when"]
    assert (told.kind, told.doubt) == ("datetime", "")
    assert told.decode(np.array([told.low, told.high])).tolist() == ["01/02/2021", "05/06/2021"]
    assert guessed.low < told.low


@pytest.mark.parametrize("unit", ["s", "ms", "us"])
@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
def test_times_outside_the_years_1_to_9999_count_as_missing_and_stay(unit, zone):
    years = ["12024", "-0400"] if unit != "s" else ["118737542515", "-90000"]
    texts = ["2020-01-01", f"{years[0]}-12-04", "2021-01-01", f"{years[1]}-01-01", "NaT", "2020-06-01", "9999-12-31"]
    when = pd.Series(np.array(texts, f"datetime64[{unit}]"), name="when")
    when = when if zone is None else when.dt.tz_localize("UTC").dt.tz_convert(zone)
    with pytest.warns(tables.TableWarning, match="2 cells are not points in time of the years 1 to 9999"):
        schema = tables.Schema.infer(pd.DataFrame({"when": when}))
    assert schema["when"].high == pd.Timestamp("9999-12-31").timestamp()
    with pytest.warns(tables.TableWarning, match="2 cells are not points in time of the years 1 to 9999"):
        encoded = tables.encode(pd.DataFrame({"when": when}), schema)
    np.testing.assert_array_equal(encoded.observed[:, 0], [True, False, True, False, False, True, True])
    values = np.full((7, 1), pd.Timestamp("2020-03-01").timestamp())
    filled = tables.fill(pd.DataFrame({"when": when}), values, schema)["when"]
    pd.testing.assert_series_equal(filled.drop(4), when.drop(4))
    assert filled.dtype == when.dtype
    assert filled[4].date() == dt.date(2020, 3, 1)


def test_a_column_of_such_times_alone_is_ignored():
    table = pd.DataFrame({"when": np.array(["20000-01-01", "30000-01-01"], "datetime64[s]")})
    with pytest.warns(tables.TableWarning, match="2 cells are not points in time"):
        assert tables.Schema.infer(table)["when"].role == "ignored"


def test_periods_outside_the_years_1_to_9999_count_as_missing():
    table = pd.DataFrame({"when": pd.PeriodIndex([pd.Period(year=y, freq="Y") for y in (2020, 2021, 2023, 40_000)])})
    with pytest.warns(tables.TableWarning, match="1 cells are not points in time"):
        column = tables.Schema.infer(table)["when"]
    assert (column.kind, column.high) == ("datetime", pd.Timestamp("2023-01-01").timestamp())
