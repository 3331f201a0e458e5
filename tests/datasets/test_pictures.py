"""Image data sets: published formats, own files, refusals."""

import gzip
import io
import os
import tarfile

import numpy as np
import pytest

from evenvae import InputError
from evenvae.datasets import pictures


def test_idx_files_as_mnist_is_published():
    images = np.random.default_rng(0).integers(0, 256, (3, 5, 4), np.uint8)
    data = np.array([2051, 3, 5, 4], ">i4").tobytes() + images.tobytes()
    np.testing.assert_array_equal(pictures.idx_images(data), images)
    np.testing.assert_array_equal(pictures.idx_images(gzip.compress(data)), images)
    with pytest.raises(InputError, match="cut short"):
        pictures.idx_images(data[:-1])


def test_the_binary_archive_of_cifar():
    rng = np.random.default_rng(0)
    images = {f"data_batch_{i}.bin": rng.integers(0, 256, (2, 32, 32, 3), np.uint8) for i in (1, 2)}
    images["test_batch.bin"] = rng.integers(0, 256, (1, 32, 32, 3), np.uint8)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, part in images.items():
            planes = part.transpose(0, 3, 1, 2).reshape(len(part), -1)
            data = np.concatenate([np.zeros((len(part), 1), np.uint8), planes], axis=1).tobytes()
            info = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    parts = pictures.cifar(buffer.getvalue())
    np.testing.assert_array_equal(
        parts["train"], np.concatenate([images["data_batch_1.bin"], images["data_batch_2.bin"]])
    )
    np.testing.assert_array_equal(parts["test"], images["test_batch.bin"])


def test_an_altered_file_is_refused(tmp_path, monkeypatch):
    np.savez(tmp_path / "mnist.npz", train_images=np.zeros((2, 28, 28), np.uint8))
    monkeypatch.setenv("EVENVAE_DATA", str(tmp_path))
    with pytest.raises(InputError, match="checksum"):
        pictures.load("mnist")
    with pytest.raises(InputError, match="mnist"):
        pictures.load("minst")


@pytest.mark.skipif("EVENVAE_DATA" not in os.environ, reason="needs the images in EVENVAE_DATA")
def test_the_real_images():
    mnist = pictures.load("mnist")
    assert mnist.train.shape == (60_000, 28, 28)
    assert pictures.load("cifar10").train.shape[1:] == (32, 32, 3)
