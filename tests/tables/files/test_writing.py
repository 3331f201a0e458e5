"""Files are written completely or not at all."""

import pandas as pd
import pyarrow as pa
import pytest

from evenvae import tables
from evenvae.errors import InputError
from evenvae.tables.files import writing


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "t.csv"
    path.write_text("old")
    table = pa.table({"n": [1, None, 3]})

    def fails(*_):
        raise OSError("disk full")

    monkeypatch.setattr(writing, "write_arrow", fails)
    with pytest.raises(InputError, match=r"Cannot write .*t.csv: disk full"):
        tables.write_table(table, path)
    assert [p.read_text() for p in tmp_path.iterdir()] == ["old"]
    with pytest.raises(InputError, match="does not exist; make it first"):
        tables.write_table(table, tmp_path / "no" / "t.csv")


def test_pandas_and_polars_are_written(tmp_path):
    frame = pd.DataFrame({"a": pd.Categorical(["x", "y"]), "b": [1, 2]})
    tables.write_table(frame, tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_text() == "a,b\nx,1\ny,2\n"
