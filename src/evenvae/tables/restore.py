"""Numbers as the cells they stand for: levels, rounded numbers, moments, in the column's own type."""

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from jaxtyping import Float

from evenvae.tables import images
from evenvae.tables.frames import arrow_types
from evenvae.tables.schema import Column, Schema

TICKS = 1_000_000
"""Moments are exact to a microsecond: float64 seconds hold no more for today's dates."""


def natural(values: Float[np.ndarray, "rows ..."], column: Column) -> pd.Series:
    """One feature's values as the table would hold them; None, NaN or NaT for NaN."""
    if column.kind == "image":
        return images.restored(values, column)
    hole = np.isnan(values)
    if column.nominal:
        levels = np.empty(column.cardinality + 1, dtype=object)
        levels[:-1] = column.levels
        code = np.clip(np.round(np.where(hole, 0, values)), 0, column.cardinality - 1).astype(int)
        return pd.Series(levels[np.where(hole, column.cardinality, code)], dtype=object)
    if column.low is not None or column.high is not None:
        values = np.clip(values, column.low, column.high)
    if column.decimals is not None:
        values = np.round(values, column.decimals)
    if column.kind in ("duration", "datetime", "date", "time"):
        return _moments(values, hole, column)
    if column.decimals == 0 and not hole.any() and (not values.size or np.abs(values).max() < 2**62):
        return pd.Series(values.astype(np.int64))
    return pd.Series(values)


def _moments(values: np.ndarray, hole: np.ndarray, column: Column) -> pd.Series:
    ticks = np.round(np.where(hole, 0, values) * TICKS).astype(np.int64)
    unit = "timedelta64[us]" if column.kind == "duration" else "datetime64[us]"
    moments = pd.Series(np.where(hole, np.array("NaT", dtype=unit), ticks.astype(unit)))
    if column.kind == "duration":
        return moments
    if column.text_format:
        return moments.dt.strftime(column.text_format).astype(object).where(~hole, None)
    if column.kind != "datetime":
        parts = moments.dt.date if column.kind == "date" else moments.dt.time
        return parts.astype(object).where(~hole, None)
    if column.dtype.startswith("datetime64[") and "," in column.dtype:
        zone = column.dtype.split(",")[1].strip(" ]")
        return moments.dt.tz_localize("UTC").dt.tz_convert(zone)
    return moments


def typed(series: Any, column: Column) -> pd.Series:
    """The series in the column's dtype, where its values fit: holes or a pooled level may not."""
    if column.dtype == "category":
        known = list(column.categories or column.levels)
        known += [level for level in series.dropna().unique() if level not in known]
        return series.astype(pd.CategoricalDtype(known or None, column.ordered))
    try:
        if column.dtype == "bool" and series.isna().any():
            return series
        return series.astype(column.dtype) if column.dtype else series
    except (TypeError, ValueError):
        return series.infer_objects()


def arrow_array(series: Any, kind: Any) -> Any:
    """A pyarrow array of type ``kind``, or of its own where the values do not fit it."""
    array: Any = pa.array(series, from_pandas=True)
    try:
        if pa.types.is_dictionary(kind):
            plain = array.dictionary_decode() if pa.types.is_dictionary(array.type) else array
            return plain.cast(kind.value_type).dictionary_encode().cast(kind)
        return array if array.type == kind else array.cast(kind)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return array


def to_library(frame: pd.DataFrame, schema: Schema, library: str) -> Any:
    """A pandas frame as a table of one of `frames.LIBRARIES`, in the types of the training table."""
    if library == "pandas":
        return frame
    if library == "dict":
        shaped = {column.name: column for column in schema.features if column.kind == "image"}
        whole = lambda name: images.stacked(frame[name], shaped[name]) if name in shaped else frame[name].to_numpy()
        return {name: whole(name) for name in frame.columns}
    if library == "numpy" and len(schema.columns) == 1 and schema.columns[0].kind == "image":
        return images.stacked(frame[schema.columns[0].name], schema.columns[0])
    if library == "numpy":
        kinds = {dtype.kind for dtype in frame.dtypes if isinstance(dtype, np.dtype)}
        plain = all(isinstance(dtype, np.dtype) for dtype in frame.dtypes)
        if plain and kinds <= set("iuf"):
            return frame.to_numpy()
        if plain and kinds <= set("iufb"):
            return frame.to_numpy(dtype=float)
        cells = {name: frame[name].astype(object) for name in frame.columns}
        text = {column.name for column in schema.columns if column.kind == "level"}
        return pd.DataFrame(
            {name: c.where(c.notna(), None) if name in text else c for name, c in cells.items()}
        ).to_numpy(dtype=object)
    known = arrow_types(schema.native)
    fields, arrays = [], []
    for name in frame.columns:
        field = known.get(name)
        array = pa.array(frame[name], from_pandas=True) if field is None else arrow_array(frame[name], field.type)
        fields.append(field if field is not None and field.type == array.type else pa.field(name, array.type))
        arrays.append(array)
    table = pa.Table.from_arrays(arrays, schema=pa.schema(fields))
    if library == "pyarrow":
        return table
    import polars as pl

    return pl.from_arrow(table)
