"""Missing cells filled in the table itself; every other cell, the index and the types stay as they were."""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
from jaxtyping import Bool, Float

from evenvae.errors import InputError
from evenvae.tables.codec import aligned, feature_values
from evenvae.tables.columns.missing_cells import observed_cells
from evenvae.tables.frames import is_records, library_of
from evenvae.tables.native import arrow_array
from evenvae.tables.schema.column import Column
from evenvae.tables.schema.schema import Schema


class Filler(NamedTuple):
    """What one column is filled with.

    Attributes:
        column: what is known of the column.
        place: its place among the columns of the table.
        missing: the rows to fill.
        cells: the new cells of these rows, in their order.
    """

    column: Column
    place: int
    missing: Bool[np.ndarray, " N"]
    cells: pd.Series


def fill(X: Any, values: Float[np.ndarray, "N E"], schema: Schema, where: Bool[np.ndarray, "N D"] | None = None) -> Any:
    """Fill the missing feature cells of a table.

    Args:
        X: any table (see `as_frame`).
        values: feature values, as in `Encoded`. A cell whose value is NaN, or does not fit the type of its column,
            stays as it is.
        schema: of the table.
        where: the feature cells to fill in place of the missing ones.

    Returns:
        A table of the same library, with the same index, column order and types.

    Raises:
        InputError: ``values`` or ``where`` have another shape than the feature cells of the table.
    """
    X = X.to_native() if hasattr(X, "to_native") else X
    X = X.collect() if library_of(X) == "polars" and hasattr(X, "collect") else X
    frame = aligned(X, schema)
    for name, array, width in (("values", values, schema.elements), ("where", where, len(schema.features))):
        if array is not None and array.shape != (len(frame), width):
            raise InputError(f"{name} has shape {array.shape}, but the feature cells of the table are "
                             f"{(len(frame), width)}.")  # fmt: skip
    fillers = {}
    for position, (column, cells) in enumerate(feature_values(values, schema)):
        missing = ~observed_cells(frame[column.name], column.missing) if where is None else where[:, position]
        missing = missing & ~np.isnan(cells.reshape(len(cells), -1)[:, 0])
        if missing.any():
            place = frame.columns.get_loc(column.name)
            fillers[column.name] = Filler(column, int(place), missing, column.decode(cells[missing]))
    return _FILL[library_of(X)](X, fillers)


def _fill_dict(X: Any, fillers: dict[str, Filler]) -> dict[Any, Any]:
    return {name: _fill_values(cells, fillers.get(str(name))) for name, cells in X.items()}


def _fill_values(given: Any, filler: Filler | None) -> Any:
    if filler is None:
        return given
    if isinstance(given, list):
        replaced = dict(zip(np.flatnonzero(filler.missing).tolist(), filler.cells, strict=True))
        return [replaced.get(row, cell) for row, cell in enumerate(given)]
    array = np.array(given)
    array[filler.missing] = list(filler.cells)
    return array


def _fill_numpy(X: Any, fillers: dict[str, Filler]) -> Any:
    if is_records(X):
        return _fill_records(X, fillers)
    given = np.asarray(X)
    if given.ndim > 2:
        return _fill_values(X, next(iter(fillers.values()), None))
    # a text of fixed width would cut a longer level short
    array = np.array(given, dtype=object if given.dtype.kind in "US" else given.dtype)
    for filler in fillers.values():
        array[filler.missing, filler.place] = filler.cells.astype(object).to_numpy()
    return array.astype(str) if given.dtype.kind == "U" else array


def _fill_records(X: list[dict[str, Any]], fillers: dict[str, Filler]) -> list[dict[str, Any]]:
    rows = [dict(row) for row in X]
    for name, filler in fillers.items():
        for row, value in zip(np.flatnonzero(filler.missing), filler.cells.tolist(), strict=True):
            rows[row][name] = value
    return rows


def _fill_pandas(X: pd.DataFrame, fillers: dict[str, Filler]) -> pd.DataFrame:
    out = X.copy()
    for name in X.columns:
        if str(name) in fillers:
            out[name] = _fill_series(X[name], fillers[str(name)])
    return out


def _fill_series(series: pd.Series, filler: Filler) -> pd.Series:
    series, rows = series.copy(), np.flatnonzero(filler.missing)
    if isinstance(series.dtype, pd.CategoricalDtype):
        new = [level for level in filler.cells.unique() if level not in series.cat.categories]
        series = series.cat.add_categories(new) if new else series
        series.iloc[rows] = filler.cells.to_numpy()
        return series
    try:
        fitting = filler.cells.astype(series.dtype)
    except (TypeError, ValueError):
        return series
    series.iloc[rows] = fitting.array  # type: ignore[call-overload]
    return series


def _fill_arrow(table: Any, fillers: dict[str, Filler]) -> Any:
    for name, filler in fillers.items():
        place = table.schema.get_field_index(name)
        column = table.column(place)
        column = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
        kind = column.type
        plain = column.dictionary_decode() if pa.types.is_dictionary(kind) else column
        replacement = arrow_array(filler.cells, plain.type)
        if replacement.type != plain.type:
            continue
        order = np.arange(len(plain))
        order[filler.missing] = len(plain) + np.arange(len(replacement))
        replaced = pa.concat_arrays([plain, replacement]).take(pa.array(order))
        if pa.types.is_dictionary(kind):
            replaced = replaced.dictionary_encode().cast(kind)
        table = table.set_column(place, table.schema.field(place), replaced)
    return table


def _fill_polars(table: Any, fillers: dict[str, Filler]) -> Any:
    import polars as pl

    for name, filler in fillers.items():
        column = table[name]
        spread = np.full(len(column), None, dtype=object)
        spread[filler.missing] = filler.cells.astype(object).to_numpy()
        new = pl.Series(name, filler.column.codec.as_python(spread.tolist()), strict=False)
        try:
            new = new.cast(column.dtype)
        except (pl.exceptions.InvalidOperationError, pl.exceptions.ComputeError):
            continue
        table = table.with_columns(column.zip_with(pl.Series(~filler.missing), new))
    return table


_FILL = {
    "dict": _fill_dict,
    "numpy": _fill_numpy,
    "pandas": _fill_pandas,
    "pyarrow": _fill_arrow,
    "polars": _fill_polars,
}
