"""Numbers that are another one times a constant, plus a constant."""

import numpy as np
import pandas as pd
import pytest

from evenvae.tables.formulas import Cells, evaluate, parse
from evenvae.tables.relations import affine
from relations_support import seen

X = np.random.default_rng(0).normal(20, 15, 400).round(1)


def found(y, x=X, kind=affine.find_exact):
    cells = seen(pd.DataFrame({"x": x, "y": y}))
    return kind(cells["y"], cells["x"])


@pytest.mark.parametrize(
    ("y", "formula"),
    [
        (2 * X, "2 * x"),
        (X / 3, "x / 3"),
        (1.8 * X + 32, "1.8 * x + 32"),
        (-X, "-x"),
        (100 - X, "100 - x"),
        (X + 273.15, "x + 273.15"),
        (1e6 * X - 0.5, "1000000 * x - 0.5"),
        (X / 60, "x / 60"),
    ],
)
def test_exact_lines(y, formula):
    assert found(y) == formula
    assert found(y.astype("float64")) == formula


@pytest.mark.parametrize(
    ("y", "formula"),
    [
        (np.round(2.54 * X, 1), "2.54 * x"),
        (np.round(1.8 * X + 32), "1.8 * x + 32"),
        (np.round(0.4536 * X, 2), "0.4536 * x"),
        (np.round(X / 7, 1), "x / 7"),
    ],
)
def test_rounded_lines(y, formula):
    assert found(y) is None
    given = found(y, kind=affine.find_rounded)
    # the constants can be known no better than the rows tell them, but every row is met
    factor, sign, rest = given.partition(" * ") if "*" in given else given.partition(" / ")
    known, _, _ = formula.partition(" * ")
    expected = 1 / 7 if "/" in formula else float(known)
    own = float(factor) if sign == " * " else 1 / float(rest.split(" ")[0])
    assert abs(own - expected) < 0.01
    cells = {"x": Cells("number", X)}
    decimals = 0 if (y == np.round(y)).all() else 1 if (y == np.round(y, 1)).all() else 2
    np.testing.assert_allclose(np.round(evaluate(parse(given), cells).values, decimals), y)


def test_rounded_numbers():
    assert found(np.round(X), kind=affine.find_rounded) == "round(x)"
    fine = X + np.arange(400) / 1000
    assert found(np.round(fine, 1), fine, kind=affine.find_rounded) == "round(x, 1)"


def test_what_is_nearly_a_line_is_none():
    y = 2 * X
    y[17] += 0.1
    assert found(y) is None
    assert found(y, kind=affine.find_rounded) is None
    assert found((X > 20).astype(float), kind=affine.find_rounded) is None
