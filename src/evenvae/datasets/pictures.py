"""MNIST and CIFAR-10, from an .npz file of the user or from the published files, downloaded and checked."""

import dataclasses
import gzip
import hashlib
import io
import os
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pooch
from jaxtyping import UInt8

from evenvae.errors import InputError
from evenvae.io.cache import cache_folder
from evenvae.tables.suggestions import nearest

MNIST = "https://ossci-datasets.s3.amazonaws.com/mnist/"
KNOWN: dict[str, dict[str, Any]] = {
    "mnist": {
        "title": "MNIST (LeCun, Cortes and Burges, 1998)",
        "npz": ("mnist.npz", "a2c1fc762725d37d5daf1401332bf98ae54a83ed660ec0cfc4db0fdb96a0f545"),
        "note": "",
        "files": {
            "train": (MNIST + "train-images-idx3-ubyte.gz", "f68b3c2dcbeaaa9fbdd348bbdeb94873"),
            "test": (MNIST + "t10k-images-idx3-ubyte.gz", "9fb629c4189551a2d022fa330f9573f3"),
        },
    },
    "cifar10": {
        "title": "CIFAR-10 (Krizhevsky, 2009)",
        "npz": ("cifar10_exact_first4000.npz", "9ed6c2e4c86920fd8fd80befb676065d232481509638452b7a3daaaceb166dcf"),
        "note": "the first 4000 training images alone, of which the last 500 are taken for testing",
        "files": {
            "all": (
                "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
                "c32a1d4ab5d03f1284b67883e8d87530",
            ),
        },
    },
}
"""The checksums are SHA-256 for .npz files, and MD5, as their makers give it, for the published files."""


@dataclasses.dataclass(frozen=True)
class Pictures:
    """The images of a data set.

    Attributes:
        name: in `KNOWN`.
        title: of the data set.
        train, test: images (N, H, W) or (N, H, W, C).
        note: how the images differ from the published data set.
    """

    name: str
    title: str
    train: UInt8[np.ndarray, "N H W ..."]
    test: UInt8[np.ndarray, "M H W ..."]
    note: str = ""


def load(name: str) -> Pictures:
    """Load ``mnist`` or ``cifar10``, from EVENVAE_DATA (the folder itself or its folder ``images``) or by download.

    Raises:
        InputError: the name is unknown, a file has another checksum, or it cannot be downloaded.
    """
    if name not in KNOWN:
        raise InputError(f"There is no image data set {name!r}; {nearest(name, KNOWN)}.")
    entry = KNOWN[name]
    own = _own_file(*entry["npz"])
    if own is not None:
        with np.load(own, allow_pickle=False) as arrays:
            train = arrays["train_images"]
            if "test_images" in arrays:
                return Pictures(name, entry["title"], train, arrays["test_images"], entry["note"])
            return Pictures(name, entry["title"], train[:-500], train[-500:], entry["note"])
    files = {part: _downloaded(*file) for part, file in entry["files"].items()}
    parts = {part: idx_images(data) for part, data in files.items()} if name == "mnist" else cifar(files["all"])
    return Pictures(name, entry["title"], parts["train"], parts["test"])


def _own_file(name: str, sha256: str) -> Path | None:
    given = os.environ.get("EVENVAE_DATA")
    for place in [] if not given else [Path(given), Path(given) / "images"]:
        path = place / name
        if path.is_file():
            if hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
                raise InputError(f"{path} is not the expected file (its checksum differs): remove or replace it.")
            return path
    return None


def _downloaded(url: str, md5: str) -> bytes:
    try:
        path = pooch.retrieve(url, known_hash=f"md5:{md5}", fname=url.rsplit("/", 1)[-1], path=cache_folder())
    except Exception as error:  # the advice is the same whatever went wrong
        raise InputError(f"{url} could not be downloaded ({type(error).__name__}): put the file into {cache_folder()}, "
                         "or name the folder of an .npz of it in EVENVAE_DATA.") from error  # fmt: skip
    return Path(path).read_bytes()


def idx_images(data: bytes) -> UInt8[np.ndarray, "N H W"]:
    """The images of an idx3-ubyte file, the format of MNIST, compressed with gzip or not.

    Raises:
        InputError: the file has another format, or is incomplete.
    """
    data = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    magic, *shape = np.frombuffer(data[:16], ">i4").tolist()
    if magic != 2051 or len(data) != 16 + np.prod(shape):
        raise InputError("This is not an idx3-ubyte file of images, or it is cut short: download it again.")
    return np.frombuffer(data, np.uint8, offset=16).reshape(shape)


def cifar(data: bytes) -> dict[str, UInt8[np.ndarray, "N 32 32 3"]]:
    """Training and test images of the binary archive of CIFAR-10, which has a label and 3 x 32 x 32 bytes an image."""
    parts: dict[str, list[np.ndarray]] = {"train": [], "test": []}
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        for member in sorted(archive.getnames()):
            file = archive.extractfile(member) if member.endswith(".bin") else None
            if file is None:
                continue
            images = np.frombuffer(file.read(), np.uint8).reshape(-1, 3073)[:, 1:].reshape(-1, 3, 32, 32)
            parts["test" if "test" in member else "train"].append(images.transpose(0, 2, 3, 1))
    return {name: np.concatenate(images) for name, images in parts.items()}
