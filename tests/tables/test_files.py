"""Files read and written whole, holes in all spellings, wrong files refused in one sentence."""

import gzip
import io

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evenvae import tables
from evenvae.errors import InputError
from evenvae.tables import files
from evenvae.tables.csv_text import parse

TABLE = pa.table({"n": [1, None, 3], "x": [0.5, 1.25, None], "t": ["a,b", None, 'q"q'], "flag": [True, False, None]})


@pytest.mark.parametrize("kind", files.KINDS)
def test_every_kind_of_file_comes_back(tmp_path, kind):
    path = tmp_path / f"table{kind}"
    tables.write_table(TABLE, path)
    assert tables.read_table(path).to_pylist() == TABLE.to_pylist()
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    assert tables.read_table(path, columns=["x", "n"]).column_names == ["x", "n"]
    with pytest.raises(InputError, match="no column 'y'"):
        tables.read_table(path, columns=["y"])


@pytest.mark.parametrize("spelling", tables.MISSING)
@pytest.mark.parametrize("quote", ["", '"'])
def test_every_spelling_of_a_hole(tmp_path, spelling, quote):
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


WRONG = {
    "none.csv": (None, "There is no file"),
    "t.xlsx": (b"x", "use one of .csv"),
    "empty.csv": (b"", "is empty"),
    "empty.parquet": (b"", "is empty"),
    "header.csv": (b"a,b\n", "a header but no rows"),
    "ragged.csv": (b"a,b\n1,2\n3\n", "line 3: 1 fields where the header has 2"),
    "ragged_late.csv": (b'a,b\n"1\n2",2\n3,4,5\n', "line 4: 3 fields"),
    "open.csv": (b'a,b\n1,"x\n3,4\n', "line 2: a quote is opened and never closed"),
    "twice.csv": (b"a,b,a\n1,2,3\n", "column name 'a' stands twice"),
    "cut.parquet": (b"PAR1 nonsense", "may be cut short"),
    "cut.feather": (b"ARROW1 nonsense", "may be cut short"),
    "bad.jsonl": (b'{"a": 1}\n{"a": ', "may be cut short"),
    "latin.csv": ("a\nnaïve\n".encode("latin-1"), r"not UTF-8 text \(line 2\)"),
    "cut.csv.gz": (gzip.compress(b"a,b\n1,2\n" * 50)[:30], "damaged gzip"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_files_are_refused_with_one_sentence(tmp_path, name):
    content, sentence = WRONG[name]
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=sentence) as caught:
        tables.read_table(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_parquet_file_cut_in_half(tmp_path):
    path = tmp_path / "t.parquet"
    tables.write_table(TABLE, path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(InputError, match="may be cut short"):
        tables.read_table(path)


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "t.csv"
    path.write_text("old")

    def fails(*_):
        raise OSError("disk full")

    monkeypatch.setattr(files, "_write", fails)
    with pytest.raises(OSError, match="disk full"):
        tables.write_table(TABLE, path)
    assert [p.read_text() for p in tmp_path.iterdir()] == ["old"]
    with pytest.raises(InputError, match="does not exist; make it first"):
        tables.write_table(TABLE, tmp_path / "no" / "t.csv")


field = st.one_of(
    st.just(""),
    st.sampled_from(["?", "NA", "1", "2.50", "-3"]),
    st.text(st.characters(codec="utf-8", exclude_characters="\0\r\ufeff"), max_size=6),
)


@st.composite
def documents(draw):
    """CSV text in many spellings with the values that it holds."""
    delimiter, end = draw(st.sampled_from(",;|\t")), draw(st.sampled_from(["\n", "\r\n"]))
    width = draw(st.integers(2, 4))
    values = draw(st.lists(st.lists(field, min_size=width, max_size=width), min_size=1, max_size=8))
    header = [f"c{i}" for i in range(width)]
    lines = [delimiter.join(header)]
    for row in values:
        cells = []
        for value in row:
            needed = value != value.strip(" ") or any(c in value for c in (*'"\n;,|\t', "\x0b", "\x0c"))
            if needed or draw(st.booleans()):
                value = '"' + value.replace('"', '""') + '"'
            cells.append(draw(st.sampled_from(["", " "])) + value)
        lines.append(delimiter.join(cells))
    text = end.join(lines) + draw(st.sampled_from(["", end]))
    return delimiter, text, values


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(documents(), st.data(), st.booleans())
def test_patching_changes_only_the_cells_named(tmp_path, document, data, marked):
    delimiter, text, values = document
    source, out = tmp_path / "in.csv", tmp_path / "out.csv"
    raw = (b"\xef\xbb\xbf" if marked else b"") + text.encode()
    source.write_bytes(raw)
    assert parse(text, source).rows == values
    tables.patch_csv(source, {}, out)
    assert out.read_bytes() == raw
    tables.patch_csv(source, lambda row, column: None, out)
    assert out.read_bytes() == raw
    row = data.draw(st.integers(0, len(values) - 1))
    place = data.draw(st.integers(0, len(values[0]) - 1))
    new = data.draw(st.sampled_from(["7", "a b", f"x{delimiter}y", 'say "hi"', " led"]))
    tables.patch_csv(source, {(row, f"c{place}"): new}, out)
    changed = out.read_bytes()
    assert parse(changed.decode("utf-8-sig"), out).rows[row][place] == new
    # put back, the text is the old one up to how that one cell is quoted
    before, after = parse(text, source), parse(changed.decode("utf-8-sig"), out)
    (a, b), (c, d) = before.spans[row][place], after.spans[row][place]
    assert before.text[:a] == after.text[:c]
    assert before.text[b:] == after.text[d:]


def test_a_filled_file_keeps_every_observed_byte(tmp_path):
    text = (
        b'\xef\xbb\xbfid; "n" ;level;flag;x\r\n1; 5;"a, b";yes;1.50\r\n2;;?;;NA\r\n\r\n'
        b'3; 007;"a, b";no; 2.25\r\n'
        b'4;9;"c\r\nd"; "yes";'
    )
    source, out = tmp_path / "in.csv.gz", tmp_path / "out.csv"
    source.write_bytes(gzip.compress(text))
    table = tables.read_table(source)
    schema = tables.Schema.infer(table, overrides={"level": "categorical", "n": "poisson"})
    encoded = tables.encode(table, schema)
    guess = np.where(encoded.observed, encoded.values, [[2.0, 6.0, 0, 0, 1.75]])
    filled = tables.fill(table, guess, schema)
    tables.write_filled(source, table, filled, schema, out)
    expected = text.replace(b"2;;?;;NA", b"2;6;a, b;no;1.75").replace(b'"yes";', b'"yes";1.75')
    assert out.read_bytes() == expected
    tables.write_filled(source, table, filled, schema, tmp_path / "out.parquet")
    assert tables.read_table(tmp_path / "out.parquet").num_rows == 4


def test_standard_streams(monkeypatch, capsysbinary):
    class Input:
        buffer = io.BytesIO(b"a,b\n1,\n2,x\n3,y\n")

    files._standard_input.cache_clear()
    monkeypatch.setattr("sys.stdin", Input())
    table = tables.read_table("-")
    schema = tables.Schema.infer(table)
    filled = tables.fill(table, np.zeros((3, 2)), schema)
    tables.write_filled("-", table, filled, schema, "-")
    files._standard_input.cache_clear()
    assert capsysbinary.readouterr().out == b"a,b\n1,x\n2,x\n3,y\n"


def test_pandas_and_polars_are_written(tmp_path):
    frame = pd.DataFrame({"a": pd.Categorical(["x", "y"]), "b": [1, 2]})
    tables.write_table(frame, tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_text() == "a,b\nx,1\ny,2\n"
