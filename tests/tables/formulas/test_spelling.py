"""Names and constants are read again as they were."""

from hypothesis import given
from hypothesis import strategies as st

from evenvae.tables.formulas import parse, spelled_constant, spelled_name
from evenvae.tables.formulas.tree import Constant, Name, Negative


@given(st.text())
def test_every_name_can_be_spelled(name):
    assert parse(spelled_name(name)).root == Name(0, name)


@given(st.text() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False))
def test_every_constant_can_be_spelled(value):
    root = parse(spelled_constant(value)).root
    found = -root.operand.value if isinstance(root, Negative) else root.value
    assert found == value
    assert isinstance(root, Constant | Negative)


def test_words_of_the_language_stand_in_backticks():
    assert [spelled_name(name) for name in ("age", "in", "missing", "9th", "a b")] == [
        "age",
        "`in`",
        "`missing`",
        "`9th`",
        "`a b`",
    ]
