"""Digits of a whole number."""

import numpy as np
import pandas as pd
import pytest

from evenvae.tables.relations import digits
from relations_support import seen

RANDOM = np.random.default_rng(0)
N = 400
CLOCK = RANDOM.integers(0, 24, N) * 100 + RANDOM.integers(0, 60, N)
DATE = RANDOM.integers(1990, 2020, N) * 10_000 + RANDOM.integers(1, 13, N) * 100 + RANDOM.integers(1, 29, N)
MINUTES = RANDOM.integers(0, 5000, N)
REAL = RANDOM.gamma(2, 20, N).round(2)


@pytest.mark.parametrize(
    ("x", "y", "formula"),
    [
        (CLOCK, CLOCK // 100, "x // 100"),
        (CLOCK, CLOCK % 100, "x % 100"),
        (DATE, DATE // 10_000, "x // 10000"),
        (DATE, DATE // 100 % 100, "x // 100 % 100"),
        (DATE, DATE % 100, "x % 100"),
        (MINUTES, MINUTES // 60, "x // 60"),
        (MINUTES, MINUTES % 60, "x % 60"),
        (MINUTES, MINUTES // 37, "x // 37"),
        (REAL, REAL // 1, "x // 1"),
        (REAL, REAL // 10, "x // 10"),
    ],
)
def test_leading_and_trailing_digits(x, y, formula):
    cells = seen(pd.DataFrame({"x": x, "y": y.astype(int)}))
    found = digits.find(cells["y"], cells["x"])
    assert found == formula


def test_other_numbers_are_no_digits():
    cells = seen(pd.DataFrame({"x": CLOCK, "y": RANDOM.permutation(CLOCK // 100), "sign": CLOCK // 100 - 3}))
    assert digits.find(cells["y"], cells["x"]) is None
    assert digits.find(cells["sign"], cells["x"]) is None
    assert digits.find(cells["x"], cells["y"]) is None
