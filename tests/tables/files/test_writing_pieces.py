"""Pieces that are written one after the other are the table, and nothing is there where one fails."""

import pyarrow as pa
import pytest

from evenvae import tables
from evenvae.tables.files import KINDS
from support import people


@pytest.mark.parametrize("kind", KINDS)
def test_pieces_are_the_table(tmp_path, kind):
    frame = people()
    tables.write_table(frame, tmp_path / f"whole{kind}")
    tables.write_tables((frame.iloc[i : i + 70] for i in range(0, len(frame), 70)), tmp_path / f"pieces{kind}")
    whole, pieces = (tables.read_table(tmp_path / f"{name}{kind}") for name in ("whole", "pieces"))
    assert whole.to_pylist() == pieces.to_pylist()
    if kind.startswith((".csv", ".tsv")):
        assert (tmp_path / f"whole{kind}").read_bytes()[-100:] == (tmp_path / f"pieces{kind}").read_bytes()[-100:]


@pytest.mark.parametrize("kind", [".parquet", ".feather"])
def test_types_grow_with_the_pieces(tmp_path, kind):
    pieces = [
        pa.table({"n": [1, 2], "t": pa.array([None, None])}),
        pa.table({"n": [0.5], "t": ["a"]}),
        pa.table({"n": [3], "t": ["b"]}),
        pa.table({"n": ["word"], "t": ["b"]}),
    ]
    path = tmp_path / f"t{kind}"
    tables.write_tables(pieces[:3], path)
    assert tables.read_table(path).to_pydict() == {"n": [1.0, 2.0, 0.5, 3.0], "t": [None, None, "a", "b"]}
    tables.write_tables(pieces, path)
    read = tables.read_table(path)
    assert str(read.schema.field("n").type) == "string"
    assert read.column("n").to_pylist()[-1] == "word"
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("kind", [".parquet", ".csv.gz"])
def test_a_failure_leaves_the_old_file(tmp_path, kind):
    path, other = tmp_path / f"t{kind}", tmp_path / f"u{kind}"
    tables.write_table(pa.table({"n": [7]}), path)

    def failing():
        yield [pa.table({"n": [1]})] * 2
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tables.written_together(failing(), [path, other])
    assert tables.read_table(path).to_pydict() == {"n": [7]}
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_several_files_at_once(tmp_path):
    paths = [tmp_path / "a.csv", tmp_path / "b.parquet"]
    tables.written_together(([pa.table({"n": [i]}), pa.table({"n": [-i]})] for i in range(3)), paths)
    assert [tables.read_table(path).to_pydict()["n"] for path in paths] == [[0, 1, 2], [0, -1, -2]]


def test_texts_stay_as_they_are(tmp_path):
    tables.written_together(([text] for text in (b"n\n 1\n", b"02\n")), [tmp_path / "a.csv"])
    assert (tmp_path / "a.csv").read_bytes() == b"n\n 1\n02\n"
