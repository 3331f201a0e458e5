"""Holes filled where they stand; every other cell, index and type as it was."""

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from jaxtyping import Bool, Float

from evenvae.errors import InputError
from evenvae.tables import images
from evenvae.tables.cells import observed_cells
from evenvae.tables.codec import aligned
from evenvae.tables.frames import is_records, library_of
from evenvae.tables.restore import arrow_array, natural
from evenvae.tables.schema import Column, Schema


def fill(X: Any, values: Float[np.ndarray, "N E"], schema: Schema, where: Bool[np.ndarray, "N D"] | None = None) -> Any:
    """``X`` with its missing feature cells (or those ``where``) taken from ``values``; all else as it was.

    The answer is of X's own kind: library, index, column order and dtypes. A cell whose value is NaN, or does
    not fit the column's dtype, stays as it is.

    Raises:
        InputError: ``values`` or ``where`` have another shape than the table's feature cells.
    """
    X = X.to_native() if hasattr(X, "to_native") else X
    X = X.collect() if library_of(X) == "polars" and hasattr(X, "collect") else X
    library = library_of(X)
    frame = aligned(X, schema)
    for name, array, width in (("values", values, schema.elements), ("where", where, len(schema.features))):
        if array is not None and array.shape != (len(frame), width):
            raise InputError(
                f"{name} has shape {array.shape}, but the table's feature cells are {(len(frame), width)}."
            )
    fillers = {}
    for position, (column, first) in enumerate(zip(schema.features, schema.first, strict=True)):
        hole = _holes(frame[column.name], column) if where is None else where[:, position]
        hole = hole & ~np.isnan(values[:, first])
        if hole.any():
            whole = slice(first, first + column.size) if column.shape else first
            fillers[column.name] = hole, natural(values[hole, whole], column)
    if library == "dict":
        return {name: _fill_values(cells, *fillers.get(str(name), (None, None))) for name, cells in X.items()}
    if library == "numpy" and np.asarray(X).ndim > 2:
        return _fill_values(X, *fillers.get(schema.features[0].name, (None, None)))
    if library == "numpy":
        return _fill_array(X, frame, fillers)
    if library == "pandas":
        out = X.copy()
        for name in X.columns:
            if str(name) in fillers:
                out[name] = _fill_pandas(X[name], *fillers[str(name)])
        return out
    for name, (hole, filler) in fillers.items():
        X = _fill_arrow(X, name, hole, filler) if library == "pyarrow" else _fill_polars(X, name, hole, filler)
    return X


def _holes(cells: pd.Series, column: Column) -> np.ndarray:
    if column.kind == "image":
        return np.array([images.is_hole(cell) for cell in cells])
    return ~observed_cells(cells, column.missing)


def _fill_values(given: Any, hole: np.ndarray | None, filler: Any) -> Any:
    if hole is None:
        return given
    if isinstance(given, list):
        replaced = dict(zip(np.flatnonzero(hole).tolist(), filler, strict=True))
        return [replaced.get(row, cell) for row, cell in enumerate(given)]
    array = np.array(given)
    array[hole] = list(filler)
    return array


def _fill_array(X: Any, frame: pd.DataFrame, fillers: dict[str, Any]) -> Any:
    if is_records(X):
        rows = [dict(row) for row in X]
        for name, (hole, filler) in fillers.items():
            for row, value in zip(np.flatnonzero(hole), filler.tolist(), strict=True):
                rows[row][name] = value
        return rows
    given = np.asarray(X)
    # fixed-width text would cut a longer level short
    array = np.array(given, dtype=object if given.dtype.kind in "US" else given.dtype)
    places = {name: place for place, name in enumerate(frame.columns)}
    for name, (hole, filler) in fillers.items():
        array[hole, places[name]] = filler.astype(object).to_numpy()
    return array.astype(str) if given.dtype.kind == "U" else array


def _fill_pandas(series: pd.Series, hole: np.ndarray, filler: pd.Series) -> pd.Series:
    series = series.copy()
    if isinstance(series.dtype, pd.CategoricalDtype):
        new = [level for level in filler.unique() if level not in series.cat.categories]
        series = series.cat.add_categories(new) if new else series
        series.iloc[np.flatnonzero(hole)] = filler.to_numpy()
        return series
    try:
        fitting = filler.astype(series.dtype)
    except (TypeError, ValueError):
        return series
    series.iloc[np.flatnonzero(hole)] = fitting.array  # type: ignore[call-overload]
    return series


def _fill_arrow(table: Any, name: str, hole: np.ndarray, filler: pd.Series) -> Any:
    place = table.schema.get_field_index(name)
    column = table.column(place)
    column = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    kind = column.type
    plain = column.dictionary_decode() if pa.types.is_dictionary(kind) else column
    replacement = arrow_array(filler, plain.type)
    if replacement.type != plain.type:
        return table
    order = np.arange(len(plain))
    order[hole] = len(plain) + np.arange(len(replacement))
    replaced = pa.concat_arrays([plain, replacement]).take(pa.array(order))
    if pa.types.is_dictionary(kind):
        replaced = replaced.dictionary_encode().cast(kind)
    return table.set_column(place, table.schema.field(place), replaced)


def _fill_polars(table: Any, name: str, hole: np.ndarray, filler: pd.Series) -> Any:
    import polars as pl

    column = table[name]
    spread = np.full(len(column), None, dtype=object)
    spread[hole] = filler.astype(object).to_numpy()
    temporal = column.dtype.is_temporal()
    new = pl.Series(name, [_python(v) for v in spread] if temporal else spread.tolist(), strict=False)
    try:
        new = new.cast(column.dtype)
    except (pl.exceptions.InvalidOperationError, pl.exceptions.ComputeError):
        return table
    return table.with_columns(column.zip_with(pl.Series(~hole), new))


def _python(value: Any) -> Any:
    if isinstance(value, pd.Timestamp):
        return value.tz_convert("UTC").to_pydatetime() if value.tz else value.to_pydatetime()
    return value.to_pytimedelta() if isinstance(value, pd.Timedelta) else value
