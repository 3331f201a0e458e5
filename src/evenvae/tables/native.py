"""A pandas frame as a table of another library, with the column types of the training table."""

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from evenvae.tables.frames import arrow_types
from evenvae.tables.schema.schema import Schema


def to_library(frame: pd.DataFrame, schema: Schema, library: str) -> Any:
    """The frame as a table of a library.

    Args:
        frame: decoded cells, with the columns of the schema.
        schema: of the training table; its column types are used where the cells fit them.
        library: one of `frames.LIBRARIES`.
    """
    labels = schema.labels or schema.names
    if library == "pandas":
        return frame.set_axis(pd.Index(labels), axis=1) if schema.labels else frame
    if library == "dict":
        features = {column.name: column for column in schema.features}
        return {
            label: features[name].codec.as_array(frame[name], features[name])
            if name in features
            else frame[name].to_numpy()
            for label, name in zip(labels, frame.columns, strict=True)
        }
    if library == "numpy":
        return _to_numpy(frame, schema)
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


def _to_numpy(frame: pd.DataFrame, schema: Schema) -> np.ndarray:
    if len(schema.columns) == 1 and schema.columns[0].is_image:
        (column,) = schema.columns
        return column.codec.as_array(frame[column.name], column)
    kinds = {dtype.kind for dtype in frame.dtypes if isinstance(dtype, np.dtype)}
    plain = all(isinstance(dtype, np.dtype) for dtype in frame.dtypes)
    if plain and kinds <= set("iuf"):
        return frame.to_numpy()
    if plain and kinds <= set("iufb"):
        return frame.to_numpy(dtype=float)
    objects = {column.name: column.codec.as_objects(frame[column.name], column) for column in schema.columns}
    return pd.DataFrame(objects).to_numpy(dtype=object)


def arrow_array(series: pd.Series, kind: pa.DataType) -> pa.Array:
    """A pyarrow array of type ``kind``, or of another type where the values do not fit it."""
    array: Any = pa.array(series, from_pandas=True)
    try:
        if pa.types.is_dictionary(kind):
            plain = array.dictionary_decode() if pa.types.is_dictionary(array.type) else array
            return plain.cast(kind.value_type).dictionary_encode().cast(kind)
        return array if array.type == kind else array.cast(kind)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return array
