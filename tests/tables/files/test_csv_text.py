"""Delimited text cut into fields."""

import pytest

from evenvae.errors import InputError
from evenvae.tables.files.csv_text import find_delimiter, first_record, parse


def test_fields_lose_quotes_and_blanks_and_keep_their_place():
    document = parse('a; "b;c"\n1;  "x ""y"" "\n\n2;z', "t.csv")
    assert document.delimiter == ";"
    assert document.header == ["a", "b;c"]
    assert document.rows == [["1", 'x "y" '], ["2", "z"]]
    start, stop = document.spans[0][1]
    assert document.text[start:stop] == '  "x ""y"" "'
    assert document.patched({(1, 0): "5;6"}).endswith('\n"5;6";z')


def test_the_header_says_the_delimiter():
    assert first_record('a,"b\nc"\n1,2') == 'a,"b\nc"'
    assert find_delimiter('a|"b,c,d"|e') == "|"
    assert find_delimiter("alone") == ","


def test_a_row_of_another_length_is_refused_with_its_line():
    with pytest.raises(InputError, match=r"t\.csv, line 3: 1 fields where the header has 2"):
        parse("a,b\n1,2\n3\n", "t.csv")
