"""The values of a column from which a formula gives what is wanted."""

import numpy as np
import pytest

from evenvae.tables.formulas import Cells, evaluate, parse
from evenvae.tables.formulas.inverting import Range, linear, preimage
from evenvae.tables.formulas.tree import Formula

CELLS = {"x": Cells("number", np.array([1234.0, 57.0])), "y": Cells("number", np.array([10.0, 20.0]))}


def reached(text, wanted, high=None):
    formula = parse(text)
    value = lambda node: np.broadcast_to(evaluate(Formula(text, "formula", node, formula.names), CELLS).values, (2,))
    ends = Range(np.full(2, float(wanted)), np.full(2, float(wanted if high is None else high)))
    return preimage(formula.root, "x", ends, value, lambda label: {"a": 0.0, "b": 1.0, "c": 2.0}.get(label, label))


@pytest.mark.parametrize(
    ("text", "wanted", "low", "high", "is_open"),
    [
        ("x", 5, [5, 5], [5, 5], False),
        ("2 * x + y", 50, [20, 15], [20, 15], False),
        ("y - x", 4, [6, 16], [6, 16], False),
        ("x / 4 - 1", 2, [12, 12], [12, 12], False),
        ("sum(x, y, y)", 100, [80, 60], [80, 60], False),
        ("x // 100", 7, [700, 700], [800, 800], True),
        ("x // 100 + 1", 8, [700, 700], [800, 800], True),
        ("x % 100", 5, [1205, 5], [1205, 5], False),
        ("x // 10 % 10", 7, [1270, 70], [1280, 80], True),
        ("floor(x)", 3, [3, 3], [4, 4], True),
        ("round(x, 1)", 3, [2.95, 2.95], [3.05, 3.05], False),
        ("bin(x, [10, 20], ['a', 'b', 'c'])", 1, [10, 10], [20, 20], True),
        ("bin(x, [10, 20], ['a', 'b', 'c'])", 2, [20, 20], [np.inf, np.inf], True),
    ],
)
def test_ranges(text, wanted, low, high, is_open):
    found = reached(text, wanted)
    np.testing.assert_allclose(found.low, low)
    np.testing.assert_allclose(found.high, high)
    assert found.open == is_open


@pytest.mark.parametrize("text", ["y + 3", "x * x", "x * y", "abs(x)", "x // y", "max(x, y)", "5"])
def test_what_is_not_inverted(text):
    assert reached(text, 3) is None


def test_sums_of_columns_times_constants():
    found = linear(parse("2 * (x - y) / 4 - -x + 3").root)
    assert dict(found.factors) == {"x": 1.5, "y": -0.5}
    assert found.constant == 3
    assert linear(parse("x < y").root) is None
    assert linear(parse("x - '2 days'").root) is None
