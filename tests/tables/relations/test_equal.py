"""Columns that repeat another one."""

import numpy as np
import pandas as pd
import pytest

from evenvae.tables.relations import equal
from relations_support import seen

RANDOM = np.random.default_rng(0)
N = 300
CELLS = {
    "number": RANDOM.normal(size=N).round(2),
    "flag": RANDOM.random(N) < 0.5,
    "text": RANDOM.choice(["a", "b", "c"], N),
    "time": pd.Timestamp("2020-01-01") + pd.to_timedelta(RANDOM.integers(0, 9999, N), unit="h"),
}


@pytest.mark.parametrize("kind", CELLS)
def test_repeated_cells_of_every_kind(kind):
    cells = seen(pd.DataFrame({"a b": CELLS[kind], "c": CELLS[kind]}))
    assert equal.find(cells["c"], cells["a b"]) == "`a b`"


def test_dates_as_texts_repeat_dates():
    days = CELLS["time"].floor("D")
    cells = seen(pd.DataFrame({"day": days, "text": days.strftime("%Y-%m-%d")}))
    assert equal.find(cells["text"], cells["day"]) == "day"


def test_numbers_do_not_repeat_truth_values():
    cells = seen(pd.DataFrame({"flag": CELLS["flag"], "number": CELLS["flag"].astype(int)}))
    assert equal.find(cells["number"], cells["flag"]) is None


def test_a_column_of_almost_nothing_but_zeros_may_be_equal_by_chance():
    one = np.zeros(N)
    one[5] = 3
    cells = seen(pd.DataFrame({"a": one, "b": one}), a="normal", b="normal")
    assert equal.find(cells["b"], cells["a"]) is None
