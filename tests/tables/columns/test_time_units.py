"""The coarsest unit of time that holds all cells."""

import numpy as np
import pandas as pd
import pytest

from evenvae.tables.columns.time_units import coarsest, rounded

FREQUENCIES = {"year": "YS", "month": "MS", "day": "D", "hour": "h", "minute": "7min", "second": "13s", None: "1.5s"}


def ticks(frequency):
    return pd.date_range("2019-01-01", periods=40, freq=frequency).astype("datetime64[us]").astype(np.int64).to_numpy()


@pytest.mark.parametrize("unit", FREQUENCIES)
def test_units_are_found_and_kept(unit):
    times = ticks(FREQUENCIES[unit])
    assert coarsest(times) == unit
    moved = np.random.default_rng(0).integers(times.min(), times.max(), 100)
    if unit is not None:
        assert coarsest(np.concatenate([times, rounded(moved, unit)])) == unit
    np.testing.assert_array_equal(rounded(times, unit), times)


def test_times_move_to_the_nearest_unit():
    moments = pd.DatetimeIndex(["2020-01-17 13:00", "2020-01-16 11:00", "2020-01-01 23:59:40"]).astype("datetime64[us]")
    ticks = moments.astype(np.int64).to_numpy()
    back = lambda unit: [str(time)[:10] for time in rounded(ticks, unit).astype("datetime64[us]")]
    assert back("month") == ["2020-02-01", "2020-01-01", "2020-01-01"]
    assert back("day") == ["2020-01-18", "2020-01-16", "2020-01-02"]


def test_spans_have_no_months():
    assert coarsest(np.array([0, 86_400_000_000]), dates=False) == "day"
