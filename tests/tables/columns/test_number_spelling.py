"""Texts that spell numbers: found, read and written again."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenvae.tables.columns.number_spelling import NumberSpelling, find, has_leading_zeros, spelling_of

SPELLED = {
    "0,##": (["415,24", "3,5", "12"], [415.24, 3.5, 12]),
    "#,##0.00": (["1,234.50", "12.00"], [1234.5, 12]),
    "#.##0,00": (["1.234.567,89", "5,10"], [1234567.89, 5.1]),
    "# ##0,00": (["1 234,50", "12,00"], [1234.5, 12]),
    "#'##0": (["1'234'567", "5"], [1234567, 5]),
    "#,##0": (["1,234,567", "2,000"], [1234567, 2000]),
    "$#,##0.00": (["$12", "$1,500", "$7.50"], [12, 1500, 7.5]),
    "EUR 0,00": (["EUR 5,50", "EUR 6,25"], [5.5, 6.25]),
    "0.#%": (["12%", "5.5%"], [12, 5.5]),
    "0k": (["5k", "12k"], [5, 12]),
    "0.# kg": (["12 kg", "13.5 kg"], [12, 13.5]),
    "$0.00;($0.00)": (["($3.50)", "$4.25"], [-3.5, 4.25]),
    "$-0": (["$-5", "$3"], [-5, 3]),
    "$0": (["-$5", "$3"], [-5, 3]),
    "+0": (["+5", "-3"], [5, -3]),
    "000.0#": (["007.5", "012.25"], [7.5, 12.25]),
    "0.0e+00": (["1.5e+05", "2.5e-10"], [1.5e5, 2.5e-10]),
    "0.#E0": (["1E5", "2.5E-10"], [1e5, 2.5e-10]),
}


@pytest.mark.parametrize("pattern", SPELLED)
def test_spellings_are_found_read_and_named(pattern):
    texts, numbers = SPELLED[pattern]
    spelling = find(texts).spelling
    assert spelling is not None
    assert spelling.pattern == pattern
    assert NumberSpelling.from_pattern(pattern) == spelling
    np.testing.assert_allclose(spelling.read(texts), numbers)
    np.testing.assert_allclose(spelling.read(spelling.write(np.array(numbers, float))), numbers)
    assert spelling.write(np.array(numbers, float))[-1] == texts[-1]


@pytest.mark.parametrize(
    "texts",
    [["A12", "A13"], ["192.168.0.1"], ["12:30"], ["10-20"], ["2020-01-01"], ["1.2.3"], ["12 34"], ["x", "y"], ["1/2"],
     ["(5", "6)"], ["030 123 456", "+49 30 12"], ["", "5"]],
)  # fmt: skip
def test_other_texts_are_no_numbers(texts):
    assert find(texts).spelling is None


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        (["1,234", "12,500", "7"], 'text_format = "0,###"'),
        (["$12", "€5"], r"different units, '\$', '€'"),
        (["5", "5k"], "different units"),
        ([*map(str, range(20)), "unknown"], 'missing = \\["unknown"\\]'),
    ],
)
def test_what_is_not_certain_is_said_with_a_remedy(texts, words):
    import re

    assert re.search(words, find(texts).doubt)


def test_four_digits_without_a_mark_make_the_comma_a_decimal_mark():
    found = find(["1,234", "1234"])
    assert (found.spelling.decimal, found.doubt) == (",", "")
    assert find(["0,123", "0,456"]).spelling.decimal == ","


PATTERNS = st.builds(
    NumberSpelling,
    prefix=st.sampled_from(["", "$", "EUR "]),
    suffix=st.sampled_from(["", "%", " kg", " €"]),
    decimal=st.just("."),
    group=st.sampled_from(["", ",", " ", "'"]),
    least=st.integers(0, 2),
    most=st.integers(2, 6),
    plus=st.booleans(),
    parentheses=st.booleans(),
)


@given(PATTERNS, st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=9))
def test_what_is_written_is_read_again(spelling, numbers):
    numbers = np.round(numbers, spelling.most)
    assert NumberSpelling.from_pattern(spelling.pattern) == spelling
    np.testing.assert_allclose(spelling.read(spelling.write(numbers)), numbers, atol=1e-6)


@given(st.lists(st.floats(-1e6, 1e6).map(lambda v: f"{v:.3f}"), min_size=1, max_size=9))
def test_plain_texts_keep_their_form(texts):
    spelling = spelling_of(texts)
    written = spelling.write(spelling.read(texts))
    assert [text.removeprefix("-") for text in written] == [text.removeprefix("-") for text in texts]


def test_numbers_are_read_without_their_unit_and_never_by_another_mark():
    spelling = NumberSpelling.from_pattern("#.##0,00 €")
    np.testing.assert_array_equal(
        spelling.read(["5", "5,5 €", "1.500", "5.5", "5,5 $"]), [5, 5.5, 1500, np.nan, np.nan]
    )


def test_digits_with_leading_zeros_are_codes():
    assert has_leading_zeros(["12", "007"])
    assert not has_leading_zeros(["0", "0.5", "10"])


def test_a_pattern_that_cannot_be_read_is_refused():
    with pytest.raises(ValueError, match="no pattern of numbers"):
        NumberSpelling.from_pattern("no digits")
