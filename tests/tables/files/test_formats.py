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


def test_a_file_that_grows_beyond_what_tables_do_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(formats, "SUSPICIOUS", 2**20)
    monkeypatch.setattr(formats, "PIECE", 2**16)
    (tmp_path / "bomb.csv.gz").write_bytes(gzip.compress(b"a,b\n" + b"1,2\n" * 2**20))
    with pytest.raises(InputError, match=r"bomb.csv.gz grows to more than 200 times its size"):
        formats.content_of(tmp_path / "bomb.csv.gz")


@pytest.mark.parametrize("place", [12, -12], ids=["block", "checksum"])
def test_a_damaged_gzip_file_is_refused(tmp_path, place):
    content = bytearray(gzip.compress(b"a,b\n" + b"1,2\n" * 99))
    content[place] ^= 0xFF
    (tmp_path / "t.csv.gz").write_bytes(content)
    with pytest.raises(InputError, match=r"t.csv.gz is a damaged gzip file"):
        formats.content_of(tmp_path / "t.csv.gz")
