"""A table in files is read piece by piece as it is read whole; files that do not go together are named."""

import itertools
import re

import numpy as np
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet
import pytest

from evenvae import tables
from evenvae.errors import InputError
from evenvae.tables.files import csv_blocks, formats, table_files
from support import people

KINDS = (".parquet", ".feather", ".csv", ".tsv", ".csv.gz")


@pytest.fixture
def small_pieces(monkeypatch):
    monkeypatch.setattr(table_files, "PIECE_ROWS", 50)
    monkeypatch.setattr(csv_blocks, "SIZE", 2000)


@pytest.fixture
def folder(tmp_path):
    return tmp_path


def write(folder, kind, frame, cuts=(130,)):
    edges = [0, *cuts, len(frame)]
    for number, (start, stop) in enumerate(itertools.pairwise(edges)):
        tables.write_table(frame.iloc[start:stop], folder / f"part-{number}{kind}")
    return folder


@pytest.mark.parametrize("kind", KINDS)
def test_pieces_are_the_table(folder, small_pieces, kind):
    frame = people()
    files = tables.open_files(write(folder, kind, frame))
    pieces = list(files.pieces())
    assert len(pieces) > 4
    assert all(piece.schema == files.schema for piece in pieces)
    joined = pa.concat_tables(pieces)
    assert joined.to_pylist() == tables.read_table(folder).to_pylist()
    alone = folder / f"alone{kind}"
    tables.write_table(frame, alone)
    assert joined.to_pylist() == tables.read_table(alone).to_pylist()
    assert pa.concat_tables(tables.open_files(alone).pieces()).to_pylist() == joined.to_pylist()


@pytest.mark.parametrize("kind", [".parquet", ".feather"])
def test_the_rows_are_known_beforehand(folder, kind):
    assert tables.open_files(write(folder, kind, people())).known_rows() == 240


def test_the_types_of_text_follow_from_all_cells(folder, small_pieces):
    lines = ["whole,number,code,flag,empty,date"]
    lines += [f"{i},{i},{i},{'true' if i % 2 else 'false'},,2020-01-{1 + i % 28:02d}" for i in range(200)]
    lines += ["7,0.5,007,yes,,2020-02-30"]
    path = folder / "t.csv"
    path.write_text("\n".join(lines))
    whole = tables.read_table(path)
    joined = pa.concat_tables(tables.open_files(path).pieces())
    assert joined.schema == whole.schema
    assert joined.to_pylist() == whole.to_pylist()
    assert str(joined.schema.field("code").type) == "string"


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"n": [1]}, "part-1.parquet lacks a column 'x' that part-0.parquet has"),
        ({"n": [1], "x": [0.5], "y": [1]}, "part-1.parquet has a column 'y' that part-0.parquet lacks"),
        ({"n": ["a"], "x": [0.5]}, "part-1.parquet holds string in the column 'n', and the files before it int64"),
    ],
)
def test_files_of_other_columns_are_named(folder, more, words):
    tables.write_table(pa.table({"n": [1, 2], "x": [0.5, None]}), folder / "part-0.parquet")
    tables.write_table(pa.table(more), folder / "part-1.parquet")
    for read in (tables.read_table, lambda path: list(tables.open_files(path).pieces())):
        with pytest.raises(InputError, match=re.escape(words)) as caught:
            read(folder)
        assert "\n" not in str(caught.value)


def test_columns_may_stand_in_another_order_and_numbers_be_wider(folder):
    tables.write_table(pa.table({"n": [1, 2], "x": [0.5, None]}), folder / "a.parquet")
    tables.write_table(pa.table({"x": [1.5], "n": [2.5]}), folder / "b.parquet")
    assert tables.read_table(folder).to_pydict() == {"n": [1.0, 2.0, 2.5], "x": [0.5, None, 1.5]}


@pytest.mark.parametrize("kind", [".parquet", ".feather"])
def test_a_bad_file_in_the_middle_is_named(folder, kind):
    write(folder, kind, people(), (50, 100))
    bad = folder / f"part-1{kind}"
    bad.write_bytes(bad.read_bytes()[:200])
    with pytest.raises(InputError, match=re.escape(f"{bad} cannot be read as {kind}")) as caught:
        list(tables.open_files(folder).pieces())
    assert "\n" not in str(caught.value)


def test_a_bad_line_in_the_middle_is_named(folder, small_pieces):
    write(folder, ".csv", people(), (50, 100))
    bad = folder / "part-1.csv"
    lines = bad.read_text().splitlines()
    lines[45] += ",too,many"
    bad.write_text("\n".join(lines))
    with pytest.raises(InputError, match=re.escape(f"{bad}, line 46: 9 fields where the header has 7")):
        list(tables.open_files(folder).pieces())


def test_empty_files(folder):
    (folder / "a.csv").write_text("n,x\n")
    with pytest.raises(InputError, match="a header but no rows"):
        list(tables.open_files(folder).pieces())
    (folder / "a.csv").write_text("")
    with pytest.raises(InputError, match="is empty; it needs a header line and rows"):
        list(tables.open_files(folder).pieces())
    (folder / "a.csv").unlink()
    tables.write_table(pa.table({"n": pa.array([], pa.int64())}), folder / "a.parquet")
    with pytest.raises(InputError, match="has columns but no rows"):
        list(tables.open_files(folder).pieces())


def test_what_is_large(folder, monkeypatch):
    path = write(folder, ".parquet", people())
    text = folder / "t.csv"
    tables.write_table(people(), text)
    assert not tables.open_files(path / "*.parquet").is_large
    assert tables.open_files(path / "*.parquet", in_memory=False).is_large
    monkeypatch.setattr(table_files, "MOST_CELLS", 240 * 7 - 1)
    monkeypatch.setattr(table_files, "MOST_TEXT", text.stat().st_size - 1)
    assert tables.open_files(path / "*.parquet").is_large
    assert tables.open_files(text).is_large
    assert not tables.open_files(text, in_memory=True).is_large


def test_lines_of_json_are_read_whole(folder):
    for number in range(2):
        tables.write_table(pa.table({"n": [number]}), folder / f"{number}.jsonl")
    assert tables.read_table(folder).to_pydict() == {"n": [0, 1]}
    assert not tables.open_files(folder).is_large
    with pytest.raises(InputError, match="is JSON lines, which are read whole only"):
        tables.open_files(folder, in_memory=False)


def test_levels_of_several_files_are_joined(folder):
    for number, levels in enumerate((["a", "b"], ["c", "a"])):
        tables.write_table(pa.table({"t": pa.array(levels).dictionary_encode()}), folder / f"{number}.parquet")
    assert tables.read_table(folder).to_pydict() == {"t": ["a", "b", "c", "a"]}
    assert np.concatenate([p.column("t").to_pylist() for p in tables.open_files(folder).pieces()]).tolist() == [
        "a",
        "b",
        "c",
        "a",
    ]


@pytest.mark.parametrize("kind", [".parquet", ".feather"])
def test_a_file_that_grows_beyond_what_tables_do_is_refused_before_its_size_decides(tmp_path, monkeypatch, kind):
    monkeypatch.setattr(formats, "SUSPICIOUS", 2**20)
    monkeypatch.setattr(formats, "MOST_DECODED", 100)
    path = tmp_path / f"bomb{kind}"
    table = pa.table({"x": np.zeros(2**20)})
    if kind == ".parquet":
        pyarrow.parquet.write_table(table, path, compression="zstd")
    else:
        pyarrow.feather.write_feather(table, path, compression="zstd")
    with pytest.raises(InputError, match=f"bomb{kind} grows to more than 100 times its size"):
        tables.open_files(path).is_large  # noqa: B018
