"""A table's feature cells as numbers, and numbers as a table again."""

import dataclasses
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Bool, Float

from evenvae.errors import InputError
from evenvae.tables.cells import EPOCH, column_values, observed_cells
from evenvae.tables.frames import as_frame, library_of
from evenvae.tables.schema import Column, Schema, nearest


@dataclasses.dataclass(frozen=True)
class Encoded:
    """Feature cells in schema order: float64 values (codes for levels), NaN where not ``observed``."""

    values: Float[np.ndarray, "N D"]
    observed: Bool[np.ndarray, "N D"]


def encode(X: Any, schema: Schema) -> Encoded:
    """Numbers for every feature cell.

    Columns are matched by name (by place for arrays); more columns than the schema's are ignored.

    Raises:
        InputError: a feature column is not there, or an array has another number of columns.
    """
    frame = aligned(X, schema)
    columns = [column_values(frame[column.name], column) for column in schema.features]
    values = np.stack(columns, axis=1) if columns else np.empty((len(frame), 0))
    return Encoded(values, ~np.isnan(values))


def aligned(X: Any, schema: Schema) -> pd.DataFrame:
    """The table as a frame whose columns bear the schema's names."""
    frame = as_frame(X, schema.names if library_of(X) == "numpy" and not _dicts(X) else None)
    for column in schema.features:
        if column.name not in frame.columns:
            raise InputError(
                f"The table has no column {column.name!r}, which the model was trained on; "
                f"{nearest(column.name, frame.columns)}."
            )
    return frame


def _dicts(X: Any) -> bool:
    return isinstance(X, list) and bool(X) and isinstance(X[0], dict)


def decode(values: Float[np.ndarray, "N D"], schema: Schema, like: Any = None) -> Any:
    """A table from feature values, in the library of ``like`` or of the training table.

    Constants are refilled, whole-number identifiers count the rows from 1, other columns that are not modelled
    are empty.
    """
    library = schema.library if like is None else library_of(like)
    rows = len(values)
    series, position = {}, 0
    for column in schema.columns:
        if column.role == "feature":
            series[column.name] = natural(values[:, position], column)
            position += 1
        elif column.role == "constant":
            series[column.name] = pd.Series([column.value] * rows)
        elif column.role == "identifier" and "int" in column.dtype.lower():
            series[column.name] = pd.Series(np.arange(1, rows + 1))
        else:
            series[column.name] = pd.Series([None] * rows, dtype=object)
    frame = pd.DataFrame({c.name: _typed(series[c.name], c) for c in schema.columns})
    return _to_library(frame, library)


def natural(values: Float[np.ndarray, " rows"], column: Column) -> pd.Series:
    """One feature's values as the table would hold them: levels, rounded numbers, moments."""
    if column.nominal:
        levels = np.empty(column.cardinality, dtype=object)
        levels[:] = column.levels
        return pd.Series(levels[np.clip(np.round(values), 0, column.cardinality - 1).astype(int)])
    if column.low is not None or column.high is not None:
        values = np.clip(values, column.low, column.high)
    if column.decimals is not None:
        values = np.round(values, column.decimals)
    if column.kind == "duration":
        return pd.Series(pd.to_timedelta(values, unit="s"))
    if column.kind in ("datetime", "date"):
        moments = pd.Series(EPOCH + pd.to_timedelta(np.round(values, 6), unit="s"))
        if column.text_format:
            return moments.dt.strftime(column.text_format)
        if column.kind == "date":
            return moments.dt.date
        zone = column.dtype.split(",")[1].strip(" ]") if "," in column.dtype else None
        return moments.dt.tz_localize("UTC").dt.tz_convert(zone) if zone else moments
    if column.decimals == 0 and (not values.size or np.abs(values).max() < 2**62):
        return pd.Series(values.astype(np.int64))
    return pd.Series(values)


def _typed(series: pd.Series, column: Column) -> pd.Series:
    """The column's own dtype, where its values still fit."""
    if column.dtype == "category":
        categories = pd.CategoricalDtype(list(column.levels) or None, column.ordered)
        return series.astype(categories)
    if not column.dtype or column.role in ("identifier", "ignored") and series.isna().all():
        return series
    try:
        return series.astype(column.dtype)
    except (TypeError, ValueError):
        return series


def _to_library(frame: pd.DataFrame, library: str) -> Any:
    if library == "pandas":
        return frame
    if library == "numpy":
        kinds = {dtype.kind for dtype in frame.dtypes if isinstance(dtype, np.dtype)}
        plain = all(isinstance(dtype, np.dtype) for dtype in frame.dtypes) and kinds <= set("iufb")
        return frame.to_numpy(dtype=float) if plain else frame.to_numpy(dtype=object)
    table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
    if library == "pyarrow":
        return table
    return nw.from_arrow(table, backend=library).to_native()


def fill(X: Any, values: Float[np.ndarray, "N D"], schema: Schema) -> Any:
    """``X`` with its missing feature cells taken from ``values``; everything else as it was.

    The answer is of X's own kind: library, index, column order and dtypes.
    """
    library = library_of(X)
    frame = aligned(X, schema)
    if library == "numpy":
        return _fill_array(X, frame, values, schema)
    out = X.copy() if library == "pandas" else X
    for position, column in enumerate(schema.features):
        hole = ~observed_cells(frame[column.name], column.missing)
        if hole.any():
            filler = natural(values[hole, position], column)
            if library == "pandas":
                name = next(n for n in X.columns if str(n) == column.name)
                out[name] = _fill_series(X[name], hole, filler)
            else:
                out = _fill_arrow(out, column.name, hole, filler, library)
    return out


def _fill_array(X: Any, frame: pd.DataFrame, values: np.ndarray, schema: Schema) -> np.ndarray:
    array = np.array(frame.to_numpy(dtype=object) if _dicts(X) else np.asarray(X))
    for position, column in enumerate(schema.features):
        hole = ~observed_cells(frame[column.name], column.missing)
        if hole.any():
            place = list(frame.columns).index(column.name)
            array[hole, place] = natural(values[hole, position], column).to_numpy()
    return array


def _fill_series(series: pd.Series, hole: np.ndarray, filler: pd.Series) -> pd.Series:
    series = series.copy()
    if isinstance(series.dtype, pd.CategoricalDtype):
        new = [level for level in filler.unique() if level not in series.cat.categories]
        series = series.cat.add_categories(new) if new else series
    series.iloc[np.flatnonzero(hole)] = filler.to_numpy()
    return series


def _fill_arrow(table: Any, name: str, hole: np.ndarray, filler: pd.Series, library: str) -> Any:
    if library == "polars":
        column = table[name]
        arrow = column.to_arrow()
    else:
        arrow = table.column(name).combine_chunks()
    kind = arrow.type
    plain = arrow.dictionary_decode() if pa.types.is_dictionary(kind) else arrow
    replacement = pa.array(filler.tolist(), from_pandas=True)
    if pa.types.is_string(plain.type) or pa.types.is_large_string(plain.type) or "view" in str(plain.type):
        plain, replacement = plain.cast(pa.string()), pc.cast(replacement, pa.string())
    replaced = pc.replace_with_mask(plain, pa.array(hole), replacement.cast(plain.type, safe=False))
    if library == "polars":
        import polars as pl

        new = pl.from_arrow(replaced).alias(name)  # type: ignore[union-attr]
        return table.with_columns(new.cast(column.dtype) if new.dtype != column.dtype else new)
    replaced = replaced.dictionary_encode() if pa.types.is_dictionary(kind) else replaced.cast(kind)
    return table.set_column(table.schema.get_field_index(name), name, replaced)
