"""Tensors and their description in one file: read as they were written, or refused."""

import numpy as np
import pytest

from evenvae.errors import InputError
from evenvae.io import tensors


def write(path, **changes):
    arrays = {"a": np.arange(6.0).reshape(2, 3)[:, ::-1], "empty": np.zeros((0, 4), np.int32)}
    tensors.write(**{"path": path, "kind": "model", "version": 2, "tensors": arrays, "metadata": {"x": [1, None]},
                     **changes})  # fmt: skip
    return arrays


def test_tensors_come_back_and_equal_content_gives_equal_files(tmp_path):
    arrays = write(tmp_path / "one")
    write(tmp_path / "two")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    found, metadata = tensors.read(tmp_path / "one", "model", 2)
    assert metadata == {"x": [1, None]}
    assert set(found) == set(arrays)
    for name, array in arrays.items():
        np.testing.assert_array_equal(found[name], array)
        assert found[name].dtype == array.dtype


def test_wrong_files_are_refused_in_one_sentence(tmp_path):
    path = tmp_path / "m"
    write(path)
    content = path.read_bytes()
    for altered, kind, version, sentence in (
        (content, "checkpoint", 2, "is not an EvenVAE checkpoint"),
        (content, "model", 1, "newer EvenVAE"),
        (content[:-1] + bytes([content[-1] ^ 1]), "model", 2, "does not match its checksum"),
        (content[: len(content) // 2], "model", 2, "cut short"),
        (b"", "model", 2, "cut short"),
    ):
        path.write_bytes(altered)
        with pytest.raises(InputError, match=sentence):
            tensors.read(path, kind, version)
    with pytest.raises(InputError, match="is a folder"):
        tensors.read(tmp_path, "model", 2)
    with pytest.raises(InputError, match="There is no file"):
        tensors.read(tmp_path / "none", "model", 2)


def test_what_a_content_leads_to_is_said_of_the_file():
    for error, said in (
        (KeyError("x"), r"^m is a damaged or altered model \(KeyError: 'x'\)"),
        (InputError("wrong"), r"^m: wrong$"),
    ):
        with pytest.raises(InputError, match=said), tensors.interpreted("m", "model"):
            raise error


def test_numbers_that_are_not_finite_are_named():
    tensors.check_finite({"a": np.zeros(2), "b": np.zeros(2, int)}, "It")
    with pytest.raises(InputError, match="It holds numbers that are not finite, in b"):
        tensors.check_finite({"a": np.zeros(2), "b": np.array([0, np.nan])}, "It")
