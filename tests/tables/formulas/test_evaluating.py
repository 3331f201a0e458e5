"""Formulas agree with Python, row by row."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenvae import InputError
from evenvae.tables.formulas import Cells, evaluate, parse, truth

NUMBERS = st.sampled_from([-2.0, -0.5, 0.0, 1.0, 2.5, 7.0])
CELLS = {
    "a": np.array([0.0, 1.5, -3.0, 7.0, np.nan, 2.0]),
    "b": np.array([2.0, 2.0, -1.0, np.nan, np.nan, 0.0]),
}
NUMERIC = st.recursive(
    st.sampled_from(["a", "b", "`a`"]) | NUMBERS.map(lambda x: f"{x!r}" if x >= 0 else f"({x!r})"),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "//", "%"]), inner).map(" ".join),
        inner.map(lambda x: f"({x})"),
        inner.map(lambda x: f"-{x}"),
        st.tuples(inner, st.sampled_from(["2", "3"])).map(lambda x: f"({x[0]}) ** {x[1]}"),
        inner.map(lambda x: f"abs({x})"),
        st.tuples(st.sampled_from(["min", "max"]), inner, inner).map(lambda x: f"{x[0]}({x[1]}, {x[2]})"),
    ),
    max_leaves=6,
)
SIGNS = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
COMPARED = st.one_of(
    st.tuples(NUMERIC, SIGNS, NUMERIC).map(" ".join),
    st.tuples(NUMERIC, SIGNS, NUMERIC, SIGNS, NUMERIC).map(" ".join),
    st.tuples(NUMERIC, st.sampled_from(["in", "not in"])).map(lambda x: f"{x[0]} {x[1]} [0, 1.5, -3]"),
)
LOGICAL = st.recursive(
    COMPARED,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(" ".join),
        inner.map(lambda x: f"({x})"),
        inner.map(lambda x: f"not {x}"),
    ),
    max_leaves=4,
)


def columns(*names):
    return {name: Cells("number", CELLS[name]) for name in names}


def in_python(text, row):
    """What Python gives with the cells of one row; None where a cell is missing or nothing can be computed."""
    cells = {name: float(values[row]) for name, values in CELLS.items()}
    if any(math.isnan(cells[name]) for name in parse(text).columns):
        return None
    try:
        found = eval(text.replace("`", ""), {"__builtins__": {}, "abs": abs, "min": min, "max": max}, cells)
    except (ZeroDivisionError, OverflowError):
        return None
    return found if isinstance(found, bool) or math.isfinite(found) else None


@given(NUMERIC)
def test_arithmetic_agrees_with_python(text):
    formula = parse(text)
    found = np.broadcast_to(evaluate(formula, columns(*formula.columns)).values, (6,))
    for row in range(6):
        expected = in_python(text, row)
        if expected is not None:
            np.testing.assert_allclose(found[row], expected, rtol=1e-12)


@given(LOGICAL)
def test_truth_agrees_with_python_where_no_cell_is_missing(text):
    formula = parse(text)
    found = truth(formula, columns(*formula.columns), 6)
    for row in range(6):
        expected = in_python(text, row)
        if expected is not None:
            assert found[row] == expected


def true_rows(text):
    formula = parse(text)
    return np.flatnonzero(truth(formula, columns(*formula.columns), 6)).tolist()


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("a > 1", [1, 3, 5]),
        # the rule is not true where a is missing, whichever way it is put
        ("not (a > 1)", [0, 2]),
        ("a != 7", [0, 1, 2, 5]),
        ("a > 1 or b is missing", [1, 3, 4, 5]),
        ("a is missing", [4]),
        ("a is not missing and b is None", [3]),
        ("missing(a) or missing(b)", [3, 4]),
        ("b > 1 and a > 0", [1]),
        ("not (a > 100 and b > 1)", [0, 1, 2, 3, 5]),
        # a number divided by zero is missing
        ("a / b > 0", [1, 2]),
        ("a / b is missing", [3, 4, 5]),
        # & and | join comparisons
        ("a > 1 & b < 2", [5]),
        ("a > 5 | b < 0", [2, 3]),
        ("~(a > 1) & ~(b > 1)", [2]),
        ("-a ** 2 == -9", [2]),
        ("True", [0, 1, 2, 3, 4, 5]),
        ("1 > 2", []),
    ],
)
def test_rows_in_which_a_formula_is_true(text, rows):
    assert true_rows(text) == rows


@pytest.mark.parametrize(
    ("text", "at", "says"),
    [
        ("'a' * 10 ** 10 == 'a'", 5, "\\* cannot join texts and numbers"),
        ("'a' + 'b' == 'ab'", 5, "cannot join texts and texts"),
        ("a and b > 1", 1, "compare them"),
        ("not a", 5, "compare them"),
        ("-'a' == 3", 1, "not before texts"),
        ("a + b", 1, "it gives numbers, not truth values"),
        ("'text'", 1, "it gives texts, not truth values"),
    ],
)
def test_wrong_kinds_are_told(text, at, says):
    with pytest.raises(InputError, match=f"character {at}: .*{says}"):
        true_rows(text)


def test_dates_and_spans_of_time_are_added_and_subtracted():
    cells = {"start": Cells("time", np.array([0.0, 86400.0])), "end": Cells("time", np.array([3600.0, 86400.0 * 3]))}
    assert truth(parse("end - start >= '2 days'"), cells, 2).tolist() == [False, True]
    assert truth(parse("start + '1 hour' == end"), cells, 2).tolist() == [True, False]
    assert evaluate(parse("(end - start) / '1 hour'"), cells).values.tolist() == [1, 48]
    with pytest.raises(InputError, match="\\+ cannot join dates and dates"):
        evaluate(parse("start + end"), cells)
