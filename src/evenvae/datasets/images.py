"""Data sets of grey images by name, with labels, in training, validation and test parts."""

import functools
import io
import tomllib
from importlib import resources
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from evenvae.datasets.fetch import content
from evenvae.errors import InputError
from evenvae.tables.suggestions import nearest

SPLIT_SEED = 2022
PARTS = ("train", "valid", "test")


class Images(NamedTuple):
    """Grey values in [0, 1], and labels (-1 in a data set without labels)."""

    pixels: Float[np.ndarray, "N H W"]
    labels: Int[np.ndarray, " N"]


class ImageSet(NamedTuple):
    """A data set in three parts.

    Attributes:
        title: of the data set.
        kind: the likelihood of its pixels.
        train, valid, test: the parts.
    """

    title: str
    kind: str
    train: Images
    valid: Images
    test: Images


@functools.cache
def image_catalogue() -> dict[str, dict[str, Any]]:
    """The content of images.toml, by the names of the data sets."""
    return tomllib.loads(resources.files("evenvae.datasets").joinpath("images.toml").read_text(encoding="utf-8"))


def load_images(name: str) -> ImageSet:
    """Load an image data set by name; see `fetch.content` for where its file is searched for.

    The parts are those that the file gives. If it gives none, they are drawn with a fixed seed.

    Raises:
        InputError: the name is unknown, or the file was not found or has another checksum.
    """
    if name not in image_catalogue():
        raise InputError(f"There is no image data set {name!r}; {nearest(name, image_catalogue())}.")
    entry = image_catalogue()[name]
    with np.load(io.BytesIO(content(entry)), allow_pickle=False) as archive:
        arrays = {key: archive[key] for key in archive.files}
    pixels = arrays[entry["images"]]
    labels = arrays[entry["labels"]].astype(int) if "labels" in entry else np.full(len(pixels), -1)
    if "counts" in entry:
        order, start, rows = np.random.default_rng(SPLIT_SEED).permutation(len(pixels)), 0, {}
        for part in PARTS:
            rows[part] = np.sort(order[start : start + entry["counts"][part]])
            start += entry["counts"][part]
    else:
        rows = {part: arrays[key] for part, key in entry["indices"].items()}
    parts = {part: Images(pixels[places] / 255.0, labels[places]) for part, places in rows.items()}
    if "test" in entry:
        images, own = (arrays[key] for key in entry["test"])
        parts["test"] = Images(images / 255.0, own.astype(int))
    return ImageSet(entry["title"], entry["kind"], *(parts[part] for part in PARTS))
