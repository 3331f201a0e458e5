"""Levels of every type, through JSON and back."""

import datetime as dt
import decimal
import json

import pandas as pd
import pytest

from evenvae.tables.columns.level import plain_level
from evenvae.tables.columns.typed_levels import restored, type_of

LEVELS = {
    "cut": pd.cut([1, 5, 9], 3).categories,
    "quantiles": pd.qcut([1.0, 5, 9, 11], 2).categories,
    "left": pd.cut([1, 2, 3], [0, 1, 2, 3], right=False).categories,
    "time cut": pd.cut(pd.date_range("2020", periods=5), 2).categories,
    "zoned intervals": pd.interval_range(pd.Timestamp("2020", tz="UTC"), pd.Timestamp("2021", tz="UTC"), 3),
    "months": pd.period_range("2020-01", periods=3, freq="M"),
    "quarters": pd.period_range("2020Q1", periods=3, freq="Q"),
    "days": pd.date_range("2020", periods=3),
    "zoned": pd.date_range("2020-03-28", periods=3, tz="Europe/Berlin"),
    "spans": pd.to_timedelta([1, 2], unit="h"),
    "floats": pd.Index([1.0, 2.0]),
    "small": pd.Index([1, 2], dtype="int8"),
    "nullable": pd.Index([1, 2], dtype="Int64"),
    "texts": pd.Index(["a", "b"]),
    "text objects": pd.Index(["a", "b"], dtype=object),
    "flags": pd.Index([True, False]),
    "dates": pd.Index([dt.date(2020, 1, 1), dt.date(2021, 1, 1)]),
    "decimals": pd.Index([decimal.Decimal("1.50"), decimal.Decimal("2")]),
}


@pytest.mark.parametrize("name", LEVELS)
def test_levels_come_back_in_their_type(name):
    levels = LEVELS[name]
    saved = json.loads(json.dumps([plain_level(level) for level in levels]))
    again = restored(saved, type_of(levels))
    assert again.dtype == levels.dtype
    assert again.equals(levels)
