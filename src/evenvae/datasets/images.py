"""Data sets of images by name, as grey values with labels, in training, validation and test parts."""

import functools
import io
import tomllib
from importlib import resources
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from evenvae.datasets.fetch import content
from evenvae.errors import InputError
from evenvae.tables.schema import nearest

SPLIT_SEED = 2022
PARTS = ("train", "valid", "test")


class Images(NamedTuple):
    """Grey values in [0, 1] and labels (-1 where the data set has none)."""

    pixels: Float[np.ndarray, "N H W"]
    labels: Int[np.ndarray, " N"]


class ImageSet(NamedTuple):
    """A data set's parts, its title and the likelihood of its pixels."""

    title: str
    kind: str
    train: Images
    valid: Images
    test: Images


@functools.cache
def image_catalogue() -> dict[str, dict[str, Any]]:
    """Everything that is known of the image data sets."""
    return tomllib.loads(resources.files("evenvae.datasets").joinpath("images.toml").read_text(encoding="utf-8"))


def load_images(name: str) -> ImageSet:
    """An image data set by name; files are looked for in EVENVAE_DATA (itself and ``images``) and in the cache.

    Splits are the file's own, or a permutation by a fixed seed where it has none.

    Raises:
        InputError: an unknown name, or a file that is not here or not the one that is meant.
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
