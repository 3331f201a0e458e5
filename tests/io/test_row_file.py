"""Rows come back from the file as they were written, and the file goes."""

import re
import shutil

import numpy as np
import pytest

from evenvae.errors import InputError
from evenvae.io import row_file
from evenvae.io.row_file import RowFile


@pytest.mark.parametrize("window", [1, 4096, 5000, 2**26])
def test_rows_come_back_in_any_order(tmp_path, monkeypatch, window):
    monkeypatch.setattr(row_file, "WINDOW", window)
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(3000, 5)).astype(np.float32)
    rows[7, 2] = np.nan
    file = RowFile(3000, 5, tmp_path)
    for piece in np.array_split(rows, 7):
        file.append(piece)
    for numbers in (rng.integers(0, 3000, 500), np.array([2999, 0, 0, 7]), np.zeros(0, int)):
        np.testing.assert_array_equal(file.take(numbers), rows[numbers])
    file.close()


def test_nothing_is_left(tmp_path):
    file = RowFile(10, 3, tmp_path / "new")
    file.append(np.zeros((10, 3), np.float32))
    file.close()
    assert list((tmp_path / "new").iterdir()) == []


def test_a_full_disk_is_said_before_anything_is_written(tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=2**30))
    with pytest.raises(
        InputError, match=re.escape(f"needs 1.5 GiB of disk while it is learned from, and {tmp_path} has 1.0")
    ):
        RowFile(2**27, 3, tmp_path)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="set EVENVAE_CACHE to a folder on another disk"):
        RowFile(2, 3, tmp_path / "file" / "below")
