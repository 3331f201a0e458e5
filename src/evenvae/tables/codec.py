"""A table's feature cells as numbers, and numbers as a table again."""

import dataclasses
import hashlib
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Int

from evenvae.errors import InputError
from evenvae.tables import images
from evenvae.tables.cells import column_values
from evenvae.tables.frames import as_frame, is_records, library_of
from evenvae.tables.restore import natural, to_library, typed
from evenvae.tables.schema import Schema, nearest
from evenvae.tables.tasks import task_codes


@dataclasses.dataclass(frozen=True)
class Encoded:
    """Feature cells in schema order: float64 values (codes for levels), NaN where not ``observed``.

    E is D, the number of features, where no cell is an image; pixels stand side by side. Values are float32 where
    all features are images. ``tasks`` holds the code of every row's task in every task column, -1 where it is not
    known.
    """

    values: Float[np.ndarray, "N E"]
    observed: Bool[np.ndarray, "N D"]
    tasks: Int[np.ndarray, "N T"] | None = None


def encode(X: Any, schema: Schema, *, on_unseen: str = "missing") -> Encoded:
    """Numbers for every feature cell.

    Columns are matched by name (by place for arrays); more columns than the schema's are ignored. Levels that
    the schema does not know and values outside a column's support are taken for missing with a `TableWarning`.

    Args:
        X: any table (see `as_frame`).
        schema: complete, as `Schema.infer` or `Schema.complete` gives it.
        on_unseen: ``"missing"``, or ``"error"`` to refuse unseen levels.

    Raises:
        InputError: a feature column is not there, or an array has another number of columns.
    """
    if on_unseen not in ("missing", "error"):
        raise InputError(f"on_unseen={on_unseen!r} is not known; use 'missing' or 'error'.")
    frame = aligned(X, schema)
    features, first = schema.features, schema.first
    only_images = all(column.kind == "image" for column in features)
    values = np.empty((len(frame), schema.elements), np.float32 if only_images else np.float64)
    for column, place in zip(features, first, strict=True):
        cells = frame[column.name]
        if column.kind == "image":
            values[:, place : place + column.size] = images.pixels(cells, column)
        else:
            values[:, place] = column_values(cells, column, on_unseen)
    return Encoded(values, ~np.isnan(values[:, first]), task_codes(frame, schema))


def fingerprint(encoded: Encoded) -> str:
    """SHA-256 of the encoded cells, in hexadecimal: which rows a model was trained on, without the rows."""
    digest = hashlib.sha256(np.ascontiguousarray(encoded.values).tobytes())
    if encoded.tasks is not None:
        digest.update(np.ascontiguousarray(encoded.tasks).tobytes())
    return digest.hexdigest()


def aligned(X: Any, schema: Schema) -> Any:
    """The table as a pandas frame whose columns bear the schema's names."""
    if len(schema.columns) == 1 and schema.columns[0].kind == "image" and isinstance(X, np.ndarray) and X.ndim < 3:
        size = ", ".join(map(str, schema.columns[0].shape))
        raise InputError(f"The model takes images of shape (N, {size}), not an array of shape {X.shape}; a single "
                         "image is given as image[None].")  # fmt: skip
    frame = as_frame(X, schema.names if library_of(X) == "numpy" and not is_records(X) else None)
    for column in schema.features:
        if column.name not in frame.columns:
            raise InputError(
                f"The table has no column {column.name!r}, which the model was trained on; "
                f"{nearest(column.name, frame.columns)}."
            )
    return frame


def decode(
    values: Float[np.ndarray, "N E"],
    schema: Schema,
    like: Any = None,
    base: Any = None,
    tasks: Int[np.ndarray, "N T"] | None = None,
) -> Any:
    """A table from feature values (NaN gives a hole), in the library of ``like`` or of the training table.

    Columns that are not features come from ``base``, a table of as many rows, where it is given and has them.
    Else task columns hold the codes ``tasks`` (-1 gives a hole), constants are refilled, whole-number identifiers
    count the rows from 1, and the rest is empty.
    """
    rows = len(values)
    kept = None if base is None else aligned(base, schema)
    if kept is not None and len(kept) != rows:
        raise InputError(f"base has {len(kept)} rows where values have {rows}; give as many.")
    series, position = {}, 0
    for column in schema.columns:
        if column.role == "feature":
            whole = slice(position, position + column.size) if column.shape else position
            cells = natural(values[:, whole], column)
            position += column.size
        elif kept is not None and column.name in kept.columns:
            series[column.name] = kept[column.name].reset_index(drop=True)
            continue
        elif column.role == "task" and tasks is not None:
            code = tasks[:, [task.name for task in schema.tasks].index(column.name)]
            cells = natural(np.where(code < 0, np.nan, code), column)
        elif column.role == "constant":
            cells = pd.Series([column.value] * rows, dtype=object)
        elif column.role == "identifier" and "int" in column.dtype.lower():
            cells = pd.Series(np.arange(1, rows + 1))
        else:
            cells = pd.Series([None] * rows, dtype=object)
        series[column.name] = cells if column.kind == "image" else typed(cells, column)
    frame = pd.DataFrame(series, index=pd.RangeIndex(rows))
    return to_library(frame, schema, schema.library if like is None else library_of(like))
