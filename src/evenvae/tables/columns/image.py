"""Images: every cell is an array of pixels."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float, Shaped

from evenvae.errors import InputError
from evenvae.tables.columns.base import Codec, OnUnseen, Rules
from evenvae.tables.columns.fields import ColumnFields
from evenvae.tables.columns.missing_cells import is_missing
from evenvae.tables.columns.raw_cells import RawCells

NAME = "image"
"""The name of the column that an array (N, H, W) or (N, H, W, C) becomes."""
KNOWN_TYPES = ("bool", "uint8", "float16", "float32", "float64")
LARGEST = 255
"""The largest pixel value of uint8, which is encoded as 1."""


class Image(Codec):
    """Arrays (H, W) or (H, W, C) of one shape, encoded as pixels in [0, 1] in float32."""

    kinds = ("image",)
    is_image = True
    encoded_dtype = np.float32

    def kind_of(self, raw: RawCells) -> str | None:
        """Columns whose first observed cell is an array with two or three dimensions."""
        if raw.cells.dtype != object:
            return None
        first = next((cell for cell in raw.cells if not is_missing(cell)), None)
        return "image" if isinstance(first, np.ndarray) and first.ndim in (2, 3) else None

    def handles(self, column: ColumnFields) -> bool:
        """Columns of images, with any likelihood of pixels."""
        return column.kind in self.kinds

    def describe(self, raw: RawCells, given: Mapping[str, Any], rules: Rules) -> dict[str, Any]:
        """Shape and type of the images, in every role; see `Codec.describe`."""
        del given
        return self.guess(raw, rules)

    def guess(self, raw: RawCells, rules: Rules) -> dict[str, Any]:
        """Bernoulli where all pixels are black or white, else normal."""
        del rules
        found = {"kind": "image", "shape": raw.first.shape, "dtype": str(raw.first.dtype)}
        values = pixels(raw.cells, ColumnFields(raw.name, **found))
        distinct = np.unique(values[~np.isnan(values)][:1_000_000])
        binary = len(distinct) <= 2 and set(distinct) <= {0.0, 1.0}
        size = " x ".join(map(str, raw.first.shape))
        reason = f"images of {size} {'black or white ' if binary else ''}pixels"
        return {**found, "likelihood": "bernoulli" if binary else "normal", "reason": reason, "rule": "image"}

    def encode(
        self, cells: pd.Series, column: ColumnFields, on_unseen: OnUnseen = "missing"
    ) -> Float[np.ndarray, "rows size"]:
        """See `pixels`."""
        del on_unseen
        return pixels(cells, column)

    def decode(self, values: Float[np.ndarray, "rows size"], column: ColumnFields) -> pd.Series:
        """Images in the shape and type of the training table; None for NaN."""
        dtype = np.dtype(column.dtype or "float32")
        cells = np.empty(len(values), dtype=object)
        for number, row in enumerate(values):
            if np.isnan(row).any():
                continue
            row = np.clip(row, 0, 1)
            row = row if dtype.kind == "f" else np.rint(row * (LARGEST if dtype == np.uint8 else 1))
            cells[number] = row.astype(dtype).reshape(column.shape)
        return pd.Series(cells)

    def typed(self, series: pd.Series, column: ColumnFields) -> pd.Series:
        """The series itself: the dtype of the column is that of the pixels."""
        del column
        return series

    def as_array(self, series: pd.Series, column: ColumnFields) -> Shaped[np.ndarray, "rows H W ..."]:
        """An array (N, H, W) or (N, H, W, C). Missing images are NaN, or 0 where the type of the pixels has no NaN."""
        filler = np.full(column.shape, np.nan if np.dtype(column.dtype).kind == "f" else 0).astype(column.dtype)
        return np.stack([filler if is_missing(cell) else cell for cell in series])


def event_shape(shape: tuple[int, ...]) -> tuple[int, int, int]:
    """(H, W, C) of an image of shape (H, W) or (H, W, C); C is 1 for an image without channels."""
    height, width, *channels = shape
    return height, width, channels[0] if channels else 1


def pixels(cells: pd.Series, column: ColumnFields) -> Float[np.ndarray, "rows size"]:
    """Pixels in [0, 1] as float32, NaN for a missing image; pixels of uint8 are divided by 255.

    Raises:
        InputError: a cell is not an image, has another shape, or has pixels outside its range.
    """
    arrays, missing = [], np.array([is_missing(cell) for cell in cells])
    empty = np.full(column.shape, np.nan, np.float32)
    for number, cell in enumerate(cells):
        cell = empty if missing[number] else cell
        if not isinstance(cell, np.ndarray) or cell.dtype.kind not in "bufi":
            raise InputError(f"Column {column.name!r}: row {number} holds {type(cell).__name__} instead of an image; "
                             "give an array of numbers, or None where it is missing.")  # fmt: skip
        if cell.shape != tuple(column.shape):
            raise InputError(f"Column {column.name!r}: the image of row {number} has shape {cell.shape}, not "
                             f"{tuple(column.shape)}; bring all images to one shape.")  # fmt: skip
        arrays.append(cell)
    kinds = {str(cell.dtype) for cell, absent in zip(arrays, missing, strict=True) if not absent}
    for kind in kinds.difference(KNOWN_TYPES):
        raise InputError(f"Column {column.name!r} holds images of {kind}; give uint8 (0 to 255) or floats in [0, 1].")
    if kinds <= {"uint8"} and not missing.any():
        values = np.stack(arrays).astype(np.float32) / np.float32(LARGEST)
    else:
        of_one = lambda a: a.astype(np.float32) / np.float32(LARGEST if a.dtype == np.uint8 else 1)
        values = np.stack([of_one(cell) for cell in arrays])
    values = values.reshape(len(arrays), -1)
    observed = values[~missing]
    if np.isnan(observed).any():
        raise InputError(f"Column {column.name!r} has images with single pixels missing; an image must be complete, "
                         "or missing as a whole (None).")  # fmt: skip
    if observed.size and (observed.min() < 0 or observed.max() > 1):
        raise InputError(f"Column {column.name!r} has pixels from {observed.min():g} to {observed.max():g}; give uint8 "
                         "(0 to 255) or floats in [0, 1].")  # fmt: skip
    return values
