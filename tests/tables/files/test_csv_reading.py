"""Delimited text in every spelling."""

import pytest

from evenvae import tables


@pytest.mark.parametrize("spelling", tables.MISSING)
@pytest.mark.parametrize("quote", ["", '"'])
def test_every_spelling_of_a_missing_cell(tmp_path, spelling, quote):
    path = tmp_path / "t.csv"
    path.write_text(f"a,b\n1,x\n{quote}{spelling}{quote}, {quote}{spelling}{quote}\n3,y\n")
    table = tables.read_table(path)
    assert table.to_pydict() == {"a": [1, None, 3], "b": ["x", None, "y"]}


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("blank", ["", " "])
@pytest.mark.parametrize("quoted", [False, True])
def test_delimiters_line_ends_and_blanks(tmp_path, delimiter, end, blank, quoted):
    text = '"two"' if quoted else "two"
    rows = [["a", "b", "c"], ["1", text, "2.5"], ["2", "three", "3.5"]]
    path = tmp_path / "t.csv"
    path.write_text(end.join((delimiter + blank).join(row) for row in rows), newline="")
    assert tables.read_table(path).to_pydict() == {"a": [1, 2], "b": ["two", "three"], "c": [2.5, 3.5]}


def test_codes_of_digits_long_numbers_and_dates_keep_their_spelling(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(
        "zip,big,wide,day,when\n1234,9007199254740993,12345678901234567890,2020-01-02,2020-01-02 03:04:05\n"
        "01234,1,2,2020-01-03,2020-01-03 03:04:05\n"
    )
    table = tables.read_table(path).to_pydict()
    assert table["zip"] == ["1234", "01234"]
    assert table["big"] == [9007199254740993, 1]
    assert table["wide"] == ["12345678901234567890", "2"]
    assert table["day"] == ["2020-01-02", "2020-01-03"]
    assert [c.kind for c in tables.Schema.infer(tables.read_table(path)).columns][3:] == ["datetime"] * 2
