"""Files of data sets are found, and their checksums are checked."""

import gzip
import hashlib

import pytest

from evenvae import InputError
from evenvae.datasets import fetch


def file_entry(content: bytes) -> dict:
    return {"name": "tiny.csv.gz", "sha256": hashlib.sha256(content).hexdigest()}


@pytest.mark.parametrize("zipped", [True, False])
def test_files_are_found_zipped_or_not_and_checked(tmp_path, monkeypatch, zipped):
    content = b"a,b\n1,2\n"
    path = tmp_path / ("tiny.csv.gz" if zipped else "tiny.csv")
    path.write_bytes(gzip.compress(content) if zipped else content)
    monkeypatch.setenv("EVENVAE_DATA", str(tmp_path))
    assert fetch.content(file_entry(content)) == content
    with pytest.raises(InputError, match="checksum"):
        fetch.content(file_entry(b"other"))


def test_a_file_that_is_nowhere_says_where_to_put_it(tmp_path, monkeypatch):
    monkeypatch.setenv("EVENVAE_DATA", str(tmp_path))
    monkeypatch.setenv("EVENVAE_CACHE", str(tmp_path / "cache"))
    with pytest.raises(InputError, match=r"tiny\.csv\.gz"):
        fetch.content(file_entry(b""))
