"""Blocks of a text hold whole records, and together the whole text."""

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenvae.errors import InputError
from evenvae.tables.files.csv_blocks import LONGEST, blocks
from evenvae.tables.files.csv_text import parse

FIELD = st.text(alphabet='ab,"\n é', max_size=6)


def quoted(field):
    return '"' + field.replace('"', '""') + '"'


@given(rows=st.lists(st.lists(FIELD, min_size=2, max_size=2), max_size=30), size=st.integers(8, 60), last=st.booleans())
def test_records_are_never_cut(tmp_path_factory, rows, size, last):
    lines = ["first,second", *(",".join(map(quoted, row)) for row in rows)]
    text = "\n".join(lines) + ("\n" if last else "")
    path = tmp_path_factory.mktemp("blocks") / "t.csv"
    path.write_bytes(text.encode())
    header, body, read = None, b"", []
    for block in blocks(path, size):
        header = block.content[: block.header]
        assert block.skipped == body.count(b"\n")
        body += block.content[block.header :]
        read += parse(block.content.decode(), path, ",").rows
    assert header is not None
    assert header + body == text.encode()
    assert read == parse(text, path, ",").rows


def test_a_compressed_file_has_the_same_blocks(tmp_path):
    text = b"a,b\n" + b"1,2\n" * 1000
    (tmp_path / "t.csv").write_bytes(text)
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(text))
    assert list(blocks(tmp_path / "t.csv", 100)) == list(blocks(tmp_path / "t.csv.gz", 100))
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(text)[:-20])
    with pytest.raises(InputError, match="damaged gzip file"):
        list(blocks(tmp_path / "t.csv.gz", 100))


def test_a_sign_that_looks_like_a_quote_does_not_gather_the_file(tmp_path):
    text = b'size\n5" pipe\n' + b"plain\n" * 1000
    (tmp_path / "t.csv").write_bytes(text)
    found = list(blocks(tmp_path / "t.csv", 100))
    assert max(len(block.content) for block in found) <= (LONGEST + 2) * 100
    assert b"".join(block.content[block.header :] for block in found) == text[5:]


def test_a_header_alone(tmp_path):
    (tmp_path / "t.csv").write_bytes(b"a,b\n")
    assert [block.content for block in blocks(tmp_path / "t.csv")] == [b"a,b\n"]
