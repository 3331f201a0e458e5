"""What a formula may say, and what it may not."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenvae import InputError
from evenvae.tables.formulas import parse

PIECES = [
    *"`'\"()[]{},:&|~@.=!;\\ \n\0",
    *("a", "`b c`", "1", "2.5", "'x'", "**", "//", "==", "<", "<=", ">"),
    *("and", "or", "not", "in", "is", "missing", "None", "True", "round", "bin", "lookup", "prefix", "lambda", "if"),
    *("__class__", "import", "for", "%", "*", "-", "+"),
]


@pytest.mark.parametrize(
    "text",
    [
        "start <= end",
        "`hours per week` > 40 and 18 <= age < 65",
        "a > 1 & b < 2 | ~(c == 'x')",
        "city in ['Bonn', 'Celle'] and age not in (1, -2,)",
        "age is missing or age is not missing",
        "missing(age) or `missing` > 2",
        "hour == hour(time) and min(hour, 3) < 2",
        "bin(age, [18, 35], ['young', 'middle', 'old']) == 'old'",
        "lookup(city, {'Bonn': 1, 'Celle': 2,}) > 1",
        "-a ** 2 < +b ** -0.5",
    ],
)
def test_what_is_allowed(text):
    assert parse(text).text == text


def test_columns_in_the_order_of_their_first_mention():
    assert parse("b > a and `a` < lower(c) == b").columns == ("b", "a", "c")


@pytest.mark.parametrize(
    ("text", "at", "says"),
    [
        ("@pd.io.common.os.system('echo ran') == 0", 1, "'@' is not allowed; allowed are columns"),
        ("__import__('os') == 0", 1, "no function '__import__'"),
        ("__import__('os').system('x')", 17, "a point is not allowed"),
        ("().__class__", 3, "a point is not allowed"),
        ("()", 2, "expected here"),
        ("a.b", 2, "backticks"),
        ("a[0] > 1", 2, "indexed"),
        ("'a'(1)", 4, "only functions"),
        ("lambda: 0", 7, "not expected"),
        ("a if b else c", 3, "operator is expected"),
        ("[a for a in b]", 1, "a list stands only after in"),
        ("hours per week > 4", 7, "`hours per week`"),
        ("a == None", 6, "is missing"),
        ("a is 3", 6, "write == for equal"),
        ("a in b", 6, "list of constants"),
        ("a in [b]", 7, "only constants"),
        ("a == not b", 6, "in brackets"),
        ("rond(a)", 1, "did you mean 'round'"),
        ("prefix(a)", 1, "prefix\\(text, length\\)"),
        ("(a", 3, "not closed"),
        ("a >", 4, "expected here"),
        ("", 1, "expected here"),
        ("9**9**9 > 1", 2, "from -100 to 100"),
        ("2 ** a > 1", 3, "from -100 to 100"),
        ("a << 3", 4, "expected here"),
        ("a && b", 4, "expected here"),
    ],
)
def test_what_is_not_allowed_is_told_with_its_place(text, at, says):
    with pytest.raises(InputError, match=f"character {at}: .*{says}"):
        parse(text)


def test_unknown_columns_are_told_with_the_nearest():
    with pytest.raises(InputError, match=r"^rule 'incme > 3', character 1: there is no column 'incme'; did you mean"):
        parse("incme > 3", ["income", "city"], "rule")


def test_a_name_that_is_no_plain_word_is_suggested_in_backticks():
    with pytest.raises(InputError, match="did you mean '`hours per week`'"):
        parse("hours_per_week > 40", ["hours per week", "age"])


@pytest.mark.parametrize(
    "text",
    [
        *("(" * 20_000, "not " * 20_000 + "a", "-" * 50_000 + "1", "round(" * 10_000, "a" + " + a" * 20_000),
        *("a in [" + "[" * 90_000, "`" * 99_999, "'\\" * 40_000, "9" * 99_999, "a ** " * 20_000, "~" * 90_000),
    ],
)
def test_huge_texts_are_refused_at_once(text):
    begun = time.process_time()
    with pytest.raises(InputError, match="character"):
        parse(text)
    assert time.process_time() - begun < 5


@given(st.lists(st.sampled_from(PIECES), max_size=12).map(" ".join) | st.text(max_size=30))
def test_every_text_is_read_or_refused_with_a_place(text):
    try:
        parse(text)
    except InputError as error:
        said = str(error)
    else:
        return
    assert "character " in said
