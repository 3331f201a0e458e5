"""Files are read completely; wrong files are refused in one sentence."""

import gzip
import importlib

import numpy as np
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet
import pytest

from evenvae import tables
from evenvae.errors import InputError
from evenvae.tables import files
from evenvae.tables.files import formats, reading

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


@pytest.mark.parametrize(
    ("kind", "reader"),
    [
        (".csv", "pyarrow.csv.read_csv"),
        (".parquet", "pyarrow.parquet.read_table"),
        (".feather", "pyarrow.feather.read_table"),
        (".jsonl", "pyarrow.json.read_json"),
    ],
)
def test_threads_of_arrow_hold_nothing_of_python(tmp_path, monkeypatch, kind, reader):
    # what they let go of while the process ends would abort it
    module, name = reader.rsplit(".", 1)
    original, given = getattr(importlib.import_module(module), name), []
    monkeypatch.setattr(reader, lambda source, **options: given.append(source) or original(source, **options))
    path = tmp_path / f"table{kind}"
    tables.write_table(TABLE, path)
    assert tables.read_table(path).num_rows == 3
    assert given
    assert all(isinstance(source, pa.NativeFile) and not isinstance(source, pa.PythonFile) for source in given)


WRONG = {
    "none.csv": (None, "There is no file"),
    "t.xlsx": (b"x", "use one of .csv"),
    "empty.csv": (b"", "is empty"),
    "empty.parquet": (b"", "is empty"),
    "header.csv": (b"a,b\n", "a header but no rows"),
    "ragged.csv": (b"a,b\n1,2\n3\n", "line 3: 1 fields where the header has 2"),
    "ragged_late.csv": (b'a,b\n"1\n2",2\n3,4,5\n', "line 4: 3 fields"),
    "open.csv": (b'a,b\n1,"x\n3,4\n', "line 2: a quote is opened and never closed"),
    "twice.csv": (b"a,b,a\n1,2,3\n", "column name 'a' occurs twice"),
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


@pytest.mark.parametrize("kind", [".parquet", ".feather"])
def test_columns_that_grow_beyond_what_tables_do_are_refused_before_they_are_decoded(tmp_path, monkeypatch, kind):
    path = tmp_path / f"bomb{kind}"
    columns = pa.table({"x": np.zeros(2**18), "y": np.zeros(2**18)})
    if kind == ".parquet":
        pyarrow.parquet.write_table(columns, path, compression="zstd")
    else:
        pyarrow.feather.write_feather(columns, path, compression="zstd", chunksize=2**18)
    assert tables.read_table(path).num_rows == 2**18
    monkeypatch.setattr(formats, "SUSPICIOUS", 2**20)
    monkeypatch.setattr(formats, "MOST_DECODED", 100)
    with pytest.raises(InputError, match=f"bomb{kind} grows to more than 100 times its size"):
        tables.read_table(path)


def test_a_table_that_does_not_fit_into_memory_is_refused(tmp_path, monkeypatch):
    def full(*_):
        raise MemoryError

    tables.write_table(TABLE, tmp_path / "t.csv")
    monkeypatch.setattr(reading, "read_text", full)
    with pytest.raises(InputError, match=r"t.csv does not fit into memory"):
        tables.read_table(tmp_path / "t.csv")


def test_a_feather_file_whose_texts_are_damaged_is_refused(tmp_path):
    path = tmp_path / "damaged.feather"
    pyarrow.feather.write_feather(pa.table({"city": ["zurich", "geneva"] * 9}), path, compression="uncompressed")
    path.write_bytes(path.read_bytes().replace(b"geneva", b"gen\xffva"))
    with pytest.raises(InputError, match=r"damaged.feather cannot be read as .feather \(.*UTF"):
        tables.read_table(path)
