"""Files are read completely; wrong files are refused in one sentence."""

import gzip

import pyarrow as pa
import pytest

from evenvae import tables
from evenvae.errors import InputError
from evenvae.tables import files

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
