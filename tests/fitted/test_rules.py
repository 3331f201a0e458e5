"""Rules are formulas or functions; formulas are checked before anything is drawn."""

import numpy as np
import pandas as pd
import pytest

from evenvae import InputError
from evenvae.fitted import rules
from evenvae.tables import Schema
from support import people

SCHEMA = Schema.infer(people())


@pytest.mark.parametrize(
    "text", ["income > 20 * age", "since <= '2021-01-01'", "grade >= 'mid' or member", "city in ['Bonn'] & age > 3"]
)
def test_formulas_hold_in_the_rows_where_pandas_says_so(text):
    table = people()
    (rule,) = rules.read(text, SCHEMA)
    expected = {
        "income > 20 * age": table["income"] > 20 * table["age"],
        "since <= '2021-01-01'": table["since"] <= "2021-01-01",
        "grade >= 'mid' or member": (table["grade"] >= "mid") | table["member"],
        "city in ['Bonn'] & age > 3": (table["city"] == "Bonn") & (table["age"] > 3),
    }[text]
    np.testing.assert_array_equal(rule.holds(table), expected.to_numpy(bool))


def test_functions_and_formulas_stand_side_by_side():
    found = rules.read(["age > 40", lambda t: t["age"] > 40], SCHEMA)
    assert [rule.text for rule in found] == ["age > 40", "<lambda>"]
    one, other = (rule.holds(people()) for rule in found)
    np.testing.assert_array_equal(one, other)


def test_a_missing_answer_of_a_function_is_not_true():
    (rule,) = rules.read(lambda t: pd.array([True, None, False], dtype="boolean"), SCHEMA)
    assert rule.holds(people()[:3]).tolist() == [True, False, False]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("incme > 3", "'incme'; did you mean 'income'"),
        ("income > 'much'", "numbers cannot be compared with texts"),
        ("since < 'soon'", "write a date"),
        ("income + age", "not truth values"),
        ("grade > 'top'", "no level of the column"),
        ("@pd.io.common.os.system('echo ran') == 0", "character 1: '@' is not allowed"),
        ("age.__class__", "character 4"),
        (5, "must be formulas of columns"),
        (["age > 3", None], "must be formulas of columns"),
    ],
)
def test_wrong_rules_are_told_before_a_row_is_drawn(given, says):
    with pytest.raises(InputError, match=f"rule.*{says}"):
        rules.read(given, SCHEMA)


def test_images_have_no_rules():
    schema = Schema.infer({"image": np.zeros((12, 4, 4), np.uint8), "n": np.arange(12) % 5})
    with pytest.raises(InputError, match="holds images"):
        rules.read("image > 3", schema)
    assert len(rules.read("n > 3", schema)) == 1
