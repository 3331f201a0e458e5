"""Comparisons of every kind of cells."""

import numpy as np
import pandas as pd
import pytest

from evenvae import InputError
from evenvae.tables import Schema
from evenvae.tables.formulas import Cells, parse, truth

TABLE = pd.DataFrame(
    {
        "start": pd.date_range("2020-01-01", periods=4, freq="12h"),
        "text": ["2020-01-01", "2020-01-02", "2019-12-31", None],
        "zoned": pd.date_range("2020-01-01", periods=4, freq="12h", tz="America/New_York"),
        "span": pd.to_timedelta([0, 1, 2, 3], unit="D"),
        "clock": pd.date_range("2020-01-01 08:30", periods=4, freq="h").time,
        "grade": pd.Categorical(["low", "mid", "high", None], ["low", "mid", "high"], ordered=True),
        "city": ["Bonn", "Celle", None, "Aachen"],
        "age": [10.5, 20, 30, np.nan],
        "member": [True, False, True, False],
    }
)
SCHEMA = Schema.infer(TABLE)


def rows(text):
    formula = parse(text, SCHEMA.names)
    cells = {name: Cells.of_column(TABLE[name], SCHEMA[name]) for name in formula.columns}
    return np.flatnonzero(truth(formula, cells, len(TABLE))).tolist()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("start <= '2020-01-01'", [0]),
        ("start < '2020-01'", []),
        ("'2020-01-02' <= start", [2, 3]),
        ("start >= text", [0, 2]),
        ("text == '2020-01-02'", [1]),
        ("zoned == '2020-01-01'", [0]),
        ("zoned == '2020-01-01T05:00Z'", [0]),
        ("start in ['2020-01-01', '2020-01-02 12:00']", [0, 3]),
        ("span > '36 hours'", [2, 3]),
        ("clock >= '10:30'", [2, 3]),
        ("grade >= 'mid'", [1, 2]),
        ("grade < 'high'", [0, 1]),
        ("grade != 'low'", [1, 2]),
        ("city > 'B'", [0, 1]),
        ("city not in ['Bonn']", [1, 3]),
        ("city == 'nowhere'", []),
        ("city in []", []),
        ("age not in []", [0, 1, 2]),
        ("member == True", [0, 2]),
        ("member == 1", [0, 2]),
        ("10 < age <= 20", [0, 1]),
        ("age in [30, 10.5]", [0, 2]),
    ],
)
def test_rows_that_hold(text, expected):
    assert rows(text) == expected


@pytest.mark.parametrize(
    ("text", "at", "says"),
    [
        ("age > 'x'", 5, "numbers cannot be compared with texts"),
        ("member == 'yes'", 8, "truth values cannot be compared with texts"),
        ("age in ['x']", 5, "numbers cannot be compared with texts"),
        ("city in ['Bonn', 3]", 6, "texts cannot be compared with numbers"),
        ("start in [3]", 7, "dates cannot be compared with numbers"),
        ("start in ['2020-01-01', 'soon']", 7, "write a date"),
        ("start < 'soon'", 7, "'soon'; write a date such as '2020-12-31'"),
        ("start < city", 7, "write a date"),
        ("start < 5", 7, "dates cannot be compared with numbers"),
        ("span < 5", 6, "spans of time cannot be compared with numbers"),
        ("span < 'long'", 6, "a span such as '2 days'"),
        ("clock < 'noon'", 7, "a time such as '10:30'"),
        ("grade > 'hihg'", 7, "no level of the column; did you mean 'high'"),
        ("start < '" + "9" * 5000 + "'", 7, "write a date"),
    ],
)
def test_what_cannot_be_compared_is_told(text, at, says):
    with pytest.raises(InputError, match=f"character {at}: .*{says}"):
        rows(text)
