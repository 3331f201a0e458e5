"""Formulas of whole tables: what is found, and what is not."""

import numpy as np
import pandas as pd
import pytest

from evenvae.tables import Schema
from relations_support import formulas, trips

TRIPS = trips()
FOUND = {
    "hour": "clock // 100",
    "minute": "clock % 100",
    "month": "month(left)",
    "weekday": "lookup(weekday(left), {",
    "km": "1.609 * miles",
    "total": "fare + tip",
    "country": "prefix(code, 2)",
    "town": "lookup(code, {",
    "again": "code",
    "far": "bin(miles, [12, 40], ['near', 'middle', 'far'])",
}


def test_every_kind_of_relation_is_found():
    found = formulas(TRIPS)
    assert set(found) == set(FOUND)
    assert all(found[name].startswith(formula) for name, formula in FOUND.items())


def test_missing_cells_and_the_order_of_rows_do_not_matter():
    rng = np.random.default_rng(1)
    holey = TRIPS.sample(frac=1, random_state=3)
    holey = holey.mask(rng.random(holey.shape) < 0.1)
    whole = formulas(TRIPS)
    for name, formula in formulas(holey).items():
        # which of two columns is computed from the other one depends on their missing cells
        assert name in whole or name in ("code", "miles", "fare", "tip")
        assert formula
    assert {"hour", "minute", "month", "weekday", "country", "far"} <= set(formulas(holey))


def test_one_wrong_row_is_enough_to_refuse():
    wrong = TRIPS.copy()
    for name, value in {"hour": 3, "minute": 61, "km": 0.4, "total": 1.11, "town": "Rome", "month": 12}.items():
        wrong.loc[200, name] = value
    assert not {"hour", "minute", "km", "total", "town", "month"} & set(formulas(wrong))


def test_independent_columns_have_none():
    rng = np.random.default_rng(0)
    n = 2000
    frame = pd.DataFrame({f"number {i}": rng.normal(size=n).round(i % 3) for i in range(8)})
    for i in range(8):
        frame[f"count {i}"] = rng.poisson(2 + 4 * i, n)
        frame[f"level {i}"] = rng.choice([f"l{j}" for j in range(2 + 9 * i)], n)
        frame[f"rare {i}"] = np.where(rng.random(n) < 0.004 * (i + 1), "yes", "no")
        frame[f"mostly zero {i}"] = np.where(rng.random(n) < 0.05, rng.poisson(3, n), 0)
    frame["when"] = pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 10**8, n), unit="s")
    assert formulas(frame) == {}


def test_dependent_columns_that_are_no_functions_have_none():
    rng = np.random.default_rng(0)
    n = 2000
    x = rng.normal(size=n).round(2)
    group = rng.choice([0, 1], n)
    frame = pd.DataFrame(
        {
            "x": x,
            "nearly": np.where(rng.random(n) < 0.999, x, x + 0.01).round(2),
            "noisy": (2 * x + rng.normal(size=n) * 0.01).round(2),
            # two groups far apart: the group does not follow from a bin of the length, nor from its digits
            "length": (group * 5 + rng.normal(size=n) * 0.3).round(2),
            "species": np.where(group == 1, "one", "other"),
            # names that hardly repeat tell nothing about the other columns
            "name": [f"n{i}" for i in rng.integers(0, 1500, n)],
            "constant": "same",
        }
    )
    assert formulas(frame) == {}


def test_small_tables_have_none():
    assert formulas(TRIPS[:90]) == {}


@pytest.mark.parametrize("rows", [None, ["x", "y"]])
def test_names_of_any_spelling(rows):
    rng = np.random.default_rng(0)
    first, last = "`a` (%)", "hours per week"
    frame = pd.DataFrame({first: rng.normal(size=300).round(2)})
    frame[last] = 2 * frame[first]
    assert formulas(frame) == {last: "2 * ```a`` (%)`"}


def test_formulas_form_no_circle():
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 1000, 400), rng.integers(0, 1000, 400)
    frame = pd.DataFrame({"total": a + b, "a": a, "b": b, "twice": 2 * (a + b), "copy": a})
    found = formulas(frame)
    assert found == {"twice": "2 * total", "copy": "a", "total": "a + b"}
    assert Schema.infer(frame).complete(frame).columns == Schema.infer(frame).columns


def test_the_search_is_deterministic():
    assert formulas(TRIPS) == formulas(TRIPS.copy())
