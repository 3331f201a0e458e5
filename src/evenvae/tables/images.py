"""Columns whose cells are images: found, checked, to pixels in [0, 1] and back."""

from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float

from evenvae.errors import InputError
from evenvae.tables.schema import Column

NAME = "image"
"""Of the column that an array (N, H, W[, C]) becomes."""


def is_hole(cell: Any) -> bool:
    """Whether a cell of an image column is empty: None, NaN, or an image of NaN alone."""
    if isinstance(cell, np.ndarray):
        return cell.dtype.kind == "f" and bool(np.isnan(cell).all())
    return cell is None or cell is pd.NA or (isinstance(cell, float) and np.isnan(cell))


def holds_images(cells: pd.Series) -> bool:
    """Whether the first cell that is there is an array of two or three dimensions."""
    if cells.dtype != object:
        return False
    first = next((cell for cell in cells if not is_hole(cell)), None)
    return isinstance(first, np.ndarray) and first.ndim in (2, 3)


def column_of(name: str, cells: pd.Series, said: dict[str, Any]) -> Column:
    """What an image column is taken for; ``said`` is what the user's schema says of it."""
    first = next(cell for cell in cells if not is_hole(cell))
    column = Column(name, likelihood="normal", kind="image", shape=first.shape, dtype=str(first.dtype))
    values = pixels(cells, column)
    distinct = np.unique(values[~np.isnan(values)][:1_000_000])
    binary = len(distinct) <= 2 and set(distinct) <= {0.0, 1.0}
    size = " x ".join(map(str, first.shape))
    reason = f"images of {size} {'black or white ' if binary else ''}pixels"
    fields = {"likelihood": "bernoulli" if binary else "normal", "reason": reason, "rule": "image"}
    fields |= {"kind": "image", "shape": first.shape, "dtype": str(first.dtype), **said}
    return Column(name, **fields)


def event_shape(shape: tuple[int, ...]) -> tuple[int, int, int]:
    """(H, W, C) of an image; C is 1 for one without channels."""
    height, width, *channels = shape
    return height, width, channels[0] if channels else 1


def pixels(cells: pd.Series, column: Column) -> Float[np.ndarray, "rows size"]:
    """Pixels in [0, 1], float32, NaN for a hole; whole numbers are divided by 255.

    Raises:
        InputError: a cell is no image, of another shape, or holds values outside its range.
    """
    arrays, hole = [], np.array([is_hole(cell) for cell in cells])
    empty = np.full(column.shape, np.nan, np.float32)
    for number, cell in enumerate(cells):
        cell = empty if hole[number] else cell
        if not isinstance(cell, np.ndarray) or cell.dtype.kind not in "bufi":
            raise InputError(f"Column {column.name!r}: row {number} holds {type(cell).__name__} instead of an image; "
                             "give an array of numbers, or None where it is missing.")  # fmt: skip
        if cell.shape != tuple(column.shape):
            raise InputError(f"Column {column.name!r}: the image of row {number} has shape {cell.shape}, not "
                             f"{tuple(column.shape)}; bring all images to one shape.")  # fmt: skip
        arrays.append(cell)
    kinds = {str(cell.dtype) for cell, out in zip(arrays, hole, strict=True) if not out}
    for kind in kinds - {"bool", "uint8", "float16", "float32", "float64"}:
        raise InputError(f"Column {column.name!r} holds images of {kind}; give uint8 (0 to 255) or floats in [0, 1].")
    if kinds <= {"uint8"} and not hole.any():
        values = np.stack(arrays).astype(np.float32) / np.float32(255)
    else:
        of_one = lambda a: a.astype(np.float32) / np.float32(255 if a.dtype == np.uint8 else 1)
        values = np.stack([of_one(cell) for cell in arrays])
    values = values.reshape(len(arrays), -1)
    there = values[~hole]
    if np.isnan(there).any():
        raise InputError(f"Column {column.name!r} has images with single pixels missing; an image is there as a whole "
                         "or not at all (None).")  # fmt: skip
    if there.size and (there.min() < 0 or there.max() > 1):
        raise InputError(f"Column {column.name!r} has pixels from {there.min():g} to {there.max():g}; give uint8 "
                         "(0 to 255) or floats in [0, 1].")  # fmt: skip
    return values


def restored(values: Float[np.ndarray, "rows size"], column: Column) -> pd.Series:
    """Images in the shape and type of the training table's; None for NaN."""
    dtype = np.dtype(column.dtype or "float32")
    cells = np.empty(len(values), dtype=object)
    for number, row in enumerate(values):
        if np.isnan(row).any():
            continue
        row = np.clip(row, 0, 1)
        row = row if dtype.kind == "f" else np.rint(row * (255 if dtype == np.uint8 else 1))
        cells[number] = row.astype(dtype).reshape(column.shape)
    return pd.Series(cells)


def stacked(cells: Any, column: Column) -> np.ndarray:
    """An array (N, *shape) of a column's images; missing ones are NaN, or 0 where the type has none."""
    filler = np.full(column.shape, np.nan if np.dtype(column.dtype).kind == "f" else 0).astype(column.dtype)
    return np.stack([filler if is_hole(cell) else cell for cell in cells])
