"""Cells of a text file are replaced; every other byte stays."""

import gzip
import io

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evenvae import tables
from evenvae.tables.files import formats
from evenvae.tables.files.csv_text import parse

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

    formats.standard_input.cache_clear()
    monkeypatch.setattr("sys.stdin", Input())
    table = tables.read_table("-")
    schema = tables.Schema.infer(table)
    filled = tables.fill(table, np.zeros((3, 2)), schema)
    tables.write_filled("-", table, filled, schema, "-")
    formats.standard_input.cache_clear()
    assert capsysbinary.readouterr().out == b"a,b\n1,x\n2,x\n3,y\n"
