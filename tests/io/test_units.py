"""Durations and sizes as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenvae.io.units import duration, file_size

UNITS = {"s": 1, "min": 60, "h": 3600, "d": 86_400}
BYTES = {"bytes": 1, "kB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12}


def seconds_of(text):
    words = text.split()
    return sum(float(number) * UNITS[unit] for number, unit in zip(words[::2], words[1::2], strict=True))


@given(st.floats(0, 1e7))
def test_a_duration_says_about_what_it_is(seconds):
    said = duration(seconds)
    assert len(said.split()) <= 4
    # two units are kept: the rest is less than one of the smaller
    assert abs(seconds_of(said) - seconds) <= max(0.5, 0.05 * seconds)


def test_durations_at_the_edges():
    assert [duration(value) for value in (0, 9.94, 9.96, 59.4, 59.6, 60, 3599.6, 86_400)] == [
        "0.0 s", "9.9 s", "10 s", "59 s", "1 min", "1 min", "1 h", "1 d",
    ]  # fmt: skip
    assert duration(float("inf")) == duration(float("nan")) == "?"


@given(st.integers(0, 10**15))
def test_a_size_says_about_what_it_is(count):
    number, unit = file_size(count).split()
    assert float(number) * BYTES[unit] == pytest.approx(count, rel=0.06)
    assert len(number) <= 4
