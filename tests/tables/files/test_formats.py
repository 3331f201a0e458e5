"""The formats of files and their content."""

import gzip

import pytest

from evenvae.errors import InputError
from evenvae.tables.files import formats


def test_the_ending_of_a_name_tells_the_format():
    assert formats.kind_of("a/Table.CSV.gz") == ".csv.gz"
    assert formats.kind_of("-") == ".csv"
    assert formats.is_text(".tsv.gz")
    assert not formats.is_text(".jsonl")
    with pytest.raises(InputError, match=r"use one of \.csv"):
        formats.kind_of("t.xlsx")


def test_content_is_decompressed_and_equal_tables_give_equal_files(tmp_path):
    path = tmp_path / "t.csv.gz"
    path.write_bytes(formats.compressed(b"a,b\n", ".csv.gz"))
    assert formats.content_of(path) == b"a,b\n"
    assert gzip.decompress(path.read_bytes()) == b"a,b\n"
    assert path.read_bytes() == formats.compressed(b"a,b\n", ".csv.gz")
    assert formats.compressed(b"a,b\n", ".csv") == b"a,b\n"
