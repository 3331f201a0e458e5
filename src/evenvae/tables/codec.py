"""The feature cells of a table as numbers, and numbers as a table again."""

import dataclasses
import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Int, Shaped

from evenvae.errors import InputError
from evenvae.tables.columns.cell_checks import check_cells
from evenvae.tables.frames import as_frame, is_records, library_of
from evenvae.tables.native import to_library
from evenvae.tables.schema.column import Column
from evenvae.tables.schema.schema import Schema
from evenvae.tables.suggestions import nearest
from evenvae.tables.tasks import task_codes


@dataclasses.dataclass(frozen=True)
class Encoded:
    """The feature cells of N rows as numbers, in the order of the schema.

    Attributes:
        values: numbers, codes of levels, seconds of datetimes; NaN where a cell is missing. E is D, the number of
            features, if no cell is an image; the pixels of an image stand side by side. The type is float64, or
            float32 if all features are images.
        observed: which cells are not missing.
        tasks: the code of the task of every row in each of the T task columns, int32, -1 where it is unknown. T is 0
            for a table without tasks.
    """

    values: Float[np.ndarray, "N E"]
    observed: Bool[np.ndarray, "N D"]
    tasks: Int[np.ndarray, "N T"]

    @property
    def count(self) -> int:
        """How many rows there are."""
        return len(self.values)

    @property
    def observed_share(self) -> Float[np.ndarray, " D"]:
        """The share of each feature's cells that are not missing."""
        return self.observed.mean(axis=0)

    def take(self, rows: Shaped[np.ndarray, " n"] | slice) -> "Encoded":
        """Some of the rows, by their numbers, by a mask or by a slice."""
        return Encoded(self.values[rows], self.observed[rows], self.tasks[rows])


def encode(X: Any, schema: Schema, *, on_unseen: str = "missing") -> Encoded:
    """Encode the feature cells and the tasks of a table.

    Columns are matched by name (by place for arrays); columns that the schema does not have are ignored. Levels that
    the schema does not know and values outside the support of a column are treated as missing, with a `TableWarning`.

    Args:
        X: any table (see `as_frame`).
        schema: a complete one, from `Schema.infer` or `Schema.complete`.
        on_unseen: ``"missing"``, or ``"error"`` to refuse levels that the schema does not know.

    Raises:
        InputError: the table lacks a feature column, or an array has another number of columns than the schema.
    """
    if on_unseen not in ("missing", "error"):
        raise InputError(f"on_unseen={on_unseen!r} is not known; use 'missing' or 'error'.")
    frame = aligned(X, schema)
    # float32 where every feature is encoded in float32
    dtype = np.result_type(np.float32, *(column.codec.encoded_dtype for column in schema.features))
    values = np.empty((len(frame), schema.elements), dtype)
    for column, cells in _blocks(values, schema):
        cells[:] = column.encode(frame[column.name], on_unseen).reshape(cells.shape)
    return Encoded(values, ~np.isnan(values[:, schema.first]), task_codes(frame, schema))


def fingerprint(encoded: Encoded) -> str:
    """SHA-256 of the encoded cells, in hexadecimal.

    A saved model holds it, so that training rows can be told from others without being stored.
    """
    digest = hashlib.sha256(np.ascontiguousarray(encoded.values).tobytes())
    digest.update(np.ascontiguousarray(encoded.tasks).tobytes())
    return digest.hexdigest()


def aligned(X: Any, schema: Schema) -> pd.DataFrame:
    """The table as a pandas frame with the column names of the schema.

    Raises:
        InputError: the table lacks a feature column, or an array has another shape than the schema says.
    """
    alone = schema.columns[0] if len(schema.columns) == 1 else None
    if alone is not None and alone.is_image and isinstance(X, np.ndarray) and X.ndim < 3:
        size = ", ".join(map(str, alone.shape))
        raise InputError(f"The model takes images of shape (N, {size}), not an array of shape {X.shape}; a single "
                         "image is given as image[None].")  # fmt: skip
    frame = as_frame(X, schema.names if library_of(X) == "numpy" and not is_records(X) else None)
    for column in schema.features:
        if column.name not in frame.columns:
            raise InputError(
                f"The table has no column {column.name!r}, which the model was trained on; "
                f"{nearest(column.name, frame.columns)}."
            )
        check_cells(column.name, frame[column.name])
    return frame


def decode(
    values: Float[np.ndarray, "N E"],
    schema: Schema,
    like: Any = None,
    base: Any = None,
    tasks: Int[np.ndarray, "N T"] | None = None,
    empty: Mapping[str, Bool[np.ndarray, " N"]] | None = None,
    before: int = 0,
) -> Any:
    """Make a table of numbers.

    Columns that are not features come from ``base`` if it has them. Otherwise task columns come from ``tasks``,
    constants are filled in, identifiers that are whole numbers go on from the largest one of the training table, and
    all other columns are empty.

    Args:
        values: feature values as in `Encoded`; NaN gives a missing cell.
        schema: of the training table.
        like: a table of the library that the result is made in; None for the library of the training table. A pandas
            table with as many rows also gives its row labels.
        base: a table with the same number of rows.
        tasks: codes of tasks; -1 gives a missing cell. None gives empty task columns.
        empty: by name of a constant column, the rows in which its cell is missing.
        before: new rows that were decoded before these, after which identifiers go on.

    Raises:
        InputError: ``values`` do not fit the schema; ``base`` has another number of rows, or lacks a feature column.
    """
    values = np.asarray(values)
    if values.ndim != 2 or values.shape[1] != schema.elements or values.dtype.kind not in "fiub":
        raise InputError(
            f"values must be an array of numbers of shape (rows, {schema.elements}), not {values.dtype} of shape "
            f"{values.shape}."
        )
    rows = len(values)
    kept = None if base is None else aligned(base, schema)
    if kept is not None and len(kept) != rows:
        raise InputError(f"base has {len(kept)} rows where values have {rows}; give the same number.")
    features = {column.name: cells for column, cells in feature_values(values, schema)}
    places = {column.name: place for place, column in enumerate(schema.tasks)}
    series = {}
    for column in schema.columns:
        if column.name in features:
            cells = column.decode(features[column.name])
        elif kept is not None and column.name in kept.columns:
            series[column.name] = kept[column.name].reset_index(drop=True)
            continue
        elif column.name in places and tasks is not None:
            code = tasks[:, places[column.name]]
            cells = column.decode(np.where(code < 0, np.nan, code))
        else:
            cells = _unmodelled(column, rows, before)
            if empty and column.name in empty:
                cells = cells.mask(empty[column.name])
        series[column.name] = column.codec.typed(cells, column)
    frame = pd.DataFrame(series, index=pd.RangeIndex(rows))
    if isinstance(like, pd.DataFrame) and len(like) == rows:
        frame.index = like.index
    return to_library(frame, schema, schema.library if like is None else library_of(like))


def feature_values(
    values: Float[np.ndarray, "N E"], schema: Schema
) -> Iterator[tuple[Column, Float[np.ndarray, "N *size"]]]:
    """Each feature with its values: (N,), or (N, size) for images."""
    for column, cells in _blocks(values, schema):
        yield column, cells if column.shape else cells[:, 0]


def _blocks(values: Float[np.ndarray, "N E"], schema: Schema) -> Iterator[tuple[Column, Float[np.ndarray, "N size"]]]:
    """Each feature with its part of the values, which is a view."""
    for column, first in zip(schema.features, schema.first, strict=True):
        yield column, values[:, first : first + column.size]


def _unmodelled(column: Column, rows: int, before: int) -> pd.Series:
    """Cells of a column that no model knows: its constant value, new whole numbers that name rows, or nothing."""
    if column.role == "constant":
        return column.codec.constant(column, rows)
    if column.role == "identifier" and "int" in column.dtype.lower():
        # new rows are other rows: their numbers go on where those of the table end
        return pd.Series(np.arange(before + 1, before + rows + 1) + int(column.high or 0))
    return pd.Series([None] * rows, dtype=object)
