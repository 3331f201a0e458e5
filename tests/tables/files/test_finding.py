"""The files of a table are found, and what is no table is said in a sentence."""

import re

import pytest

from evenvae.errors import InputError
from evenvae.tables.files.finding import find_files, is_single


@pytest.fixture
def folder(tmp_path):
    for name in (
        "b.parquet",
        "a.parquet",
        "year/c.parquet",
        "_SUCCESS",
        ".a.parquet.crc",
        "_old/d.parquet",
        "notes.md",
    ):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x")
    return tmp_path


def names(folder, path):
    return [str(found.relative_to(folder)) for found in find_files(path)]


def test_a_folder_is_all_its_tables_in_order(folder):
    assert names(folder, folder) == ["a.parquet", "b.parquet", "year/c.parquet"]


def test_a_pattern_is_what_matches(folder):
    assert names(folder, folder / "*.parquet") == ["a.parquet", "b.parquet"]
    assert names(folder, folder / "**" / "c.*") == ["year/c.parquet"]
    assert names(folder, folder / "[b].parquet") == ["b.parquet"]


def test_a_file_whose_name_looks_like_a_pattern_is_a_file(tmp_path):
    path = tmp_path / "a[1].csv"
    path.write_text("a\n1\n")
    assert is_single(path)
    assert find_files(path) == (path,)


def test_what_is_single(folder):
    assert is_single("-")
    assert is_single(folder / "a.parquet")
    assert is_single(folder / "none.parquet")
    assert not is_single(folder)
    assert not is_single(folder / "*.parquet")


def test_no_table_is_said(folder, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    for path, words in (
        (empty, f"The folder {empty} holds no table; its files need one of the endings .csv, "),
        (folder / "*.csv", f"No file matches {folder / '*.csv'}; check the pattern."),
        (folder / "none.csv", f"There is no file {folder / 'none.csv'}."),
    ):
        with pytest.raises(InputError, match=re.escape(words)):
            find_files(path)


def test_one_format_at_a_time(folder):
    (folder / "z.csv").write_text("a\n1\n")
    with pytest.raises(InputError, match=r"several formats \(a.parquet is .parquet, z.csv .csv\); name those of one"):
        find_files(folder)
    (folder / "z.csv").rename(folder / "z.csv.gz")
    assert names(folder, folder / "z.*") == ["z.csv.gz"]
    (folder / "y.csv").write_text("a\n1\n")
    assert names(folder, folder / "[yz].*") == ["y.csv", "z.csv.gz"]
