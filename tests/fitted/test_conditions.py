"""Rows sampled under conditions and rules."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

from evenvae import EvenVAE, InputError
from support import FAST, people

pytestmark = pytest.mark.usefixtures("small_draws")


@pytest.fixture(scope="module")
def fitted():
    return EvenVAE(**FAST, ensemble=2).fit(people())


def test_values_that_are_given_stand_in_every_row(fitted):
    since = pd.Timestamp("2021-03-04")
    drawn = fitted.sample(300, given={"city": "Bonn", "age": 41, "since": since}, random_state=0)
    assert len(drawn) == 300
    assert (drawn["city"] == "Bonn").all()
    assert (drawn["age"] == 41).all()
    assert (drawn["since"] == since).all()
    assert drawn["income"].nunique() > 100
    assert [str(t) for t in drawn.dtypes] == [str(t) for t in people().dtypes]


@pytest.mark.parametrize(
    ("given", "holds"),
    [
        ({"age": (35, 45)}, lambda t: t["age"].between(35, 45)),
        ({"age": (None, 40), "city": ["Aachen", "Celle"]}, lambda t: (t["age"] <= 40) & (t["city"] != "Bonn")),
        (["age>=40", "city != Celle"], lambda t: (t["age"] >= 40) & (t["city"] != "Celle")),
        ("age > 40", lambda t: t["age"] > 40),
        (["age<40", "member=True"], lambda t: (t["age"] < 40) & t["member"]),
        ("since >= 2020-06-01", lambda t: t["since"] >= "2020-06-01"),
        ({"member": True}, lambda t: t["member"]),
    ],
)
def test_conditions_hold(fitted, given, holds):
    drawn = fitted.sample(150, given=given, random_state=1)
    assert len(drawn) == 150
    assert holds(drawn).all()


def test_rules_between_columns_hold(fitted):
    rules = ["income > 20 * age", lambda t: t["balance"] < t["income"]]
    drawn = fitted.sample(200, given={"member": False}, rules=rules, random_state=0)
    assert (drawn["income"] > 20 * drawn["age"]).all()
    assert (drawn["balance"] < drawn["income"]).all()
    assert not drawn["member"].any()


def test_seeds_decide_and_nothing_else(fitted):
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    draw = lambda seed: fitted.sample(50, given={"city": "Bonn", "age": (30, None)}, random_state=seed)
    assert draw(3).equals(draw(3))
    assert not draw(3).equals(draw(4))
    np.testing.assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002


def test_bounds_and_levels_of_the_training_table_hold(fitted):
    table, drawn = people(), fitted.sample(500, random_state=0)
    for name in ("age", "income", "balance", "since"):
        assert drawn[name].min() >= table[name].min()
        assert drawn[name].max() <= table[name].max()
    assert set(drawn["city"]) <= set(table["city"].dropna())


def test_rows_come_in_the_library_of_the_table():
    model = EvenVAE(**FAST).fit(pl.DataFrame({"a": np.arange(60.0) % 7 + 0.5, "b": ["x", "y"] * 30}))
    drawn = model.sample(20, given={"b": "x"}, random_state=0)
    assert isinstance(drawn, pl.DataFrame)
    assert (drawn["b"] == "x").all()


@pytest.mark.parametrize(
    ("given", "rules", "words"),
    [
        ({"town": "Bonn"}, (), "city"),
        ({"city": "Bremen"}, (), "Bremen"),
        ("city >= Bonn", (), "no order"),
        ("age", (), "COLUMN>=VALUE"),
        ("age >= old", (), "age"),
        ({"age": (50, 40)}, (), "no value"),
        ({"age": (1, 2, 3)}, (), "pair"),
        ("age >= 5000", (), "ease the conditions"),
        (None, ["income > wealth"], "wealth"),
        (None, [lambda t: True], "rule"),
    ],
)
def test_wrong_conditions_are_told(fitted, given, rules, words):
    with pytest.raises(InputError, match=words):
        fitted.sample(10, given=given, rules=rules, random_state=0)
