"""Whole numbers that spell dates and times of day."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenvae import tables
from evenvae.tables.columns import digit_times

DIGITS = {
    "%Y%m%d": (pd.date_range("2019-01-03", periods=60, freq="17D"), "datetime"),
    "%Y%m": (pd.date_range("2015-01-01", periods=60, freq="MS"), "datetime"),
    "%H%M": (pd.date_range("2020-01-01 00:07", periods=60, freq="23min"), "time"),
}


@pytest.mark.parametrize("text_format", DIGITS)
def test_whole_numbers_that_are_times_stay_valid_and_may_be_learned_as_times(text_format):
    moments, kind = DIGITS[text_format]
    table = pd.DataFrame({"when": moments.strftime(text_format).astype(int)})
    schema = tables.Schema.infer(table)
    column = schema["when"]
    assert column.kind == "number"
    assert f'kind = "{kind}"' in column.note
    drawn = np.linspace(column.low, column.high, 200)[:, None]
    texts = tables.decode(drawn, schema)["when"].astype(str).str.zfill(4)
    assert pd.to_datetime(texts, format=text_format, errors="coerce").notna().all()

    times = tables.Schema.infer(table, overrides={"when": {"kind": kind}})
    assert times["when"].kind == kind
    values = tables.encode(table, times).values
    assert len(np.unique(np.diff(values[:, 0]).round())) == 1 or text_format == "%Y%m"
    pd.testing.assert_frame_equal(tables.decode(values, times), table)
    between = tables.decode(values[:-1] + 0.4 * np.diff(values, axis=0), times)["when"].astype(str).str.zfill(4)
    assert pd.to_datetime(between, format=text_format, errors="coerce").notna().all()


@pytest.mark.parametrize("cells", [np.arange(60), np.arange(1, 60) * 100, np.arange(1950, 2010), np.arange(20, 80)])
def test_counts_are_no_times_of_day(cells):
    assert tables.Schema.infer(pd.DataFrame({"n": np.append(cells, cells)}))["n"].text_format is None


@given(st.integers(-(10**9), 10**9), st.sampled_from(list(digit_times.FORMATS)))
def test_every_number_is_moved_to_one_that_is_a_time(number, text_format):
    snapped = digit_times.snapped(np.array([float(number)]), text_format)
    assert np.isfinite(digit_times.seconds(snapped, text_format)).all()
    np.testing.assert_array_equal(digit_times.numbers(digit_times.seconds(snapped, text_format), text_format), snapped)


def test_numbers_that_are_no_times_have_no_seconds():
    numbers = np.array([20230229.0, 20240229, 20241301, np.nan])
    np.testing.assert_array_equal(np.isnan(digit_times.seconds(numbers, digit_times.DATE)), [True, False, True, True])
    np.testing.assert_array_equal(digit_times.seconds(np.array([2400.0, 1260, 930]), digit_times.CLOCK),
                                  [86_400, np.nan, 34_200])  # fmt: skip
