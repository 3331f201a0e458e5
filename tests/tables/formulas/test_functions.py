"""The functions of formulas."""

import numpy as np
import pandas as pd
import pytest

from evenvae import InputError
from evenvae.tables import Schema
from evenvae.tables.formulas import Cells, evaluate, parse
from evenvae.tables.formulas.functions import FUNCTIONS


def times(texts):
    return pd.to_datetime(texts, format="ISO8601")


TABLE = pd.DataFrame(
    {
        "x": [-1.25, 2.5, np.nan, 40],
        "y": [1.0, 2, 3, 4.5],
        "code": ["AB12", "ab3", None, "CD"],
        "day_": times(["2020-02-29 23:30:15", "2021-01-04", None, "1969-12-31"]),
        "zoned": times(["2020-03-01 01:00", "2021-01-04", None, "2021-07-01"]).tz_localize("UTC"),
        "clock": times(["2020-01-01 08:30:05", "2020-01-01", "2020-01-01 23:59", "2020-01-01"]).time,
        "span": pd.to_timedelta([0.5, 1, np.nan, 3], unit="D"),
        "n": [1, 2, 5, 2],
    }
)
SCHEMA = Schema.infer(TABLE)
WRITTEN = {
    "abs(x)": [1.25, 2.5, None, 40],
    "round(x)": [-1, 2, None, 40],
    "round(x, 1)": [-1.2, 2.5, None, 40],
    "round(x, -1)": [-0.0, 0, None, 40],
    "floor(x)": [-2, 2, None, 40],
    "ceil(x)": [-1, 3, None, 40],
    "min(x, y)": [-1.25, 2, None, 4.5],
    "max(x, y, 3)": [3, 3, None, 40],
    "sum(x, y)": [-0.25, 4.5, None, 44.5],
    "length(code)": [4, 3, None, 2],
    "lower(code)": ["ab12", "ab3", None, "cd"],
    "upper(code)": ["AB12", "AB3", None, "CD"],
    "prefix(code, 2)": ["AB", "ab", None, "CD"],
    "startswith(code, 'A')": [True, False, None, False],
    "endswith(code, '3')": [False, True, None, False],
    "contains(code, '.')": [False, False, None, False],
    "contains(code, 'b')": [False, True, None, False],
    "year(day_)": [2020, 2021, None, 1969],
    "quarter(day_)": [1, 1, None, 4],
    "month(day_)": [2, 1, None, 12],
    "day(day_)": [29, 4, None, 31],
    "day_of_year(day_)": [60, 4, None, 365],
    "weekday(day_)": [5, 0, None, 2],
    "hour(day_)": [23, 0, None, 0],
    "minute(clock)": [30, 0, 59, 0],
    "second(clock)": [5, 0, 0, 0],
    "hour(in_zone(zoned, 'America/New_York'))": [20, 19, None, 20],
    "day(in_zone(zoned, 'America/New_York'))": [29, 3, None, 30],
    "days(span)": [0.5, 1, None, 3],
    "days(day_ - date(day_))": [(23 * 3600 + 30 * 60 + 15) / 86400, 0, None, 0],
    "bin(x, [0, 2.5], ['a', 'b', 'c'])": ["a", "c", None, "c"],
    "bin(n, [2], [10, 20])": [10, 20, 20, 20],
    "lookup(code, {'CD': 3, 'ab3': -1})": [None, -1, None, 3],
    "lookup(n, {1: 'one', 2: 'two'})": ["one", "two", None, "two"],
    "missing(code)": [False, False, True, False],
}


def value(text):
    formula = parse(text, SCHEMA.names)
    return evaluate(formula, {name: Cells.of_column(TABLE[name], SCHEMA[name]) for name in formula.columns})


def listed(cells):
    known = [None if np.isnan(number) else number for number in cells.values.tolist()]
    return [None if number is None else cells.texts[int(number)] for number in known] if cells.kind == "text" else known


@pytest.mark.parametrize("text", WRITTEN)
def test_values_of_every_function(text):
    found = value(text)
    assert listed(found) == WRITTEN[text]
    assert (found.kind == "flag") == (WRITTEN[text][0] in (True, False) and isinstance(WRITTEN[text][0], bool))


def test_every_function_has_its_values():
    assert all(any(f"{name}(" in text for text in WRITTEN) for name in FUNCTIONS)


@pytest.mark.parametrize(
    ("text", "at", "says"),
    [
        ("3 < abs(code)", 5, "abs takes numbers, not texts"),
        ("lower(x)", 1, "lower takes texts, not numbers"),
        ("year(x)", 1, "year takes dates, not numbers"),
        ("year('2020')", 1, "year takes dates, not texts"),
        ("abs([1])", 1, "not a list"),
        ("round(x, 0.5)", 1, "whole number of digits"),
        ("round(x, 999)", 1, "up to 12"),
        ("round(x, n)", 1, "written in the formula"),
        ("prefix(code, -1)", 1, "0 or more"),
        ("prefix(code, n)", 1, "written in the formula"),
        ("contains(code, code)", 1, "written in the formula"),
        ("in_zone(day_, '../../etc/passwd')", 1, "no time zone"),
        ("bin(x, [2, 1], [1, 2, 3])", 1, "larger than the one before"),
        ("bin(x, ['a'], [1, 2])", 1, "edges that are numbers"),
        ("bin(x, [1], [1])", 1, "2 labels for 1 edges"),
        ("bin(x, [1], [1, 'b'])", 1, "not both"),
        ("bin(x, 1, 2)", 1, "a list of edges"),
        ("lookup(x, {'a': 1})", 1, "keys that are numbers"),
        ("lookup(code, {1: 1})", 1, "keys that are texts"),
        ("lookup(code, {'a': 1, 'a': 2})", 1, "each key of its table once"),
        ("lookup(code, {})", 1, "takes a table"),
        ("sum(day_, day_)", 1, "not dates"),
        ("min(x, code)", 1, "not texts"),
    ],
)
def test_wrong_arguments_are_told(text, at, says):
    with pytest.raises(InputError, match=f"character {at}: .*{says}"):
        value(text)
