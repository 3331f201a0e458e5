"""The words of a formula."""

import pytest

from evenvae import InputError
from evenvae.tables.formulas.tokens import LONGEST, tokens


def words(text):
    return [(token.kind, token.value) for token in tokens(text, "formula")][:-1]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("age>=4.5e1", [("name", "age"), ("sign", ">="), ("number", 45.0)]),
        ("`a ``b`` (%)`", [("column", "a `b` (%)")]),
        ("`` == ''", [("column", ""), ("sign", "=="), ("text", "")]),
        (r"'it\'s' " + '"\\u00e4\\n"', [("text", "it's"), ("text", "ä\n")]),
        ("größe\n<1", [("name", "größe"), ("sign", "<"), ("number", 1.0)]),
        ("a**b//c", [("name", "a"), ("sign", "**"), ("name", "b"), ("sign", "//"), ("name", "c")]),
        ("`and` and", [("column", "and"), ("sign", "and")]),
    ],
)
def test_words_of_every_kind(text, expected):
    assert words(text) == expected


def test_names_are_kept_letter_by_letter():
    # Python itself would read the ligature as the two letters f and i
    assert words("ﬁne") == [("name", "ﬁne")]


@pytest.mark.parametrize(
    ("text", "at", "says"),
    [
        ("a > 'b", 5, "closing quote"),
        ("a > `b", 5, "closing backtick"),
        ("a = 3", 3, "write == for equal"),
        ("a.b", 2, "backticks"),
        ("a > 3x", 5, "no number"),
        ("a > 0x10", 5, "no number"),
        ("a > " + "9" * 400, 5, "too large"),
        (r"a == '\x41'", 7, "backslash"),
        ("a ; b", 3, "'; *' is not allowed|';' is not allowed"),
        ("a\0", 2, "is not allowed"),
        ("@a", 1, "allowed are columns"),
        ("a == 1 # no", 8, "is not allowed"),
    ],
)
def test_wrong_characters_are_told_with_their_place(text, at, says):
    with pytest.raises(InputError, match=f"character {at}: .*({says})"):
        words(text)


def test_long_texts_are_refused_at_once():
    with pytest.raises(InputError, match="longer than 100,000 characters"):
        words("a" * (LONGEST + 1))
