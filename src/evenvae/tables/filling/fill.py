"""`fill`: a table of any library with its missing cells filled."""

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from jaxtyping import Bool, Float

from evenvae.errors import InputError
from evenvae.tables.codec import aligned
from evenvae.tables.derived.computing import derive_filled
from evenvae.tables.filling import arrays, arrow
from evenvae.tables.filling.fillers import Filler, find_fillers
from evenvae.tables.filling.series import filled_series
from evenvae.tables.frames import arrow_types, is_records, library_of
from evenvae.tables.interchange import collected
from evenvae.tables.schema.schema import Schema


def fill(X: Any, values: Float[np.ndarray, "N E"], schema: Schema, where: Bool[np.ndarray, "N D"] | None = None) -> Any:
    """Fill the missing feature cells of a table, and those of its constant columns.

    Cells of columns with a formula are computed from their sources.
    Filled cells have the type of their column in the table. A column whose type cannot hold them gets the type that it
    had in training, or one that holds all its cells. Missing cells that stay, such as those of identifiers, are
    reported once, as a `TableWarning`.

    Args:
        X: any table (see `as_frame`).
        values: feature values, as in `Encoded`. A cell whose value is NaN stays as it is.
        schema: of the training table.
        where: the feature cells to fill in place of the missing ones.

    Returns:
        A table of the same library, with the same index, names and order.

    Raises:
        InputError: ``values`` or ``where`` are no numbers, or have another shape than the feature cells of the table.
    """
    X = collected(X)
    frame = aligned(X, schema)
    values, where = np.asarray(values), None if where is None else np.asarray(where)
    for name, array, width in (("values", values, schema.elements), ("where", where, len(schema.features))):
        if array is not None and array.dtype.kind not in "fiub":
            raise InputError(f"{name} must be an array of numbers, as encode gives it.")
        if array is not None and array.shape != (len(frame), width):
            raise InputError(f"{name} has shape {array.shape}, but the feature cells of the table are "
                             f"{(len(frame), width)}.")  # fmt: skip
    values, schema = derive_filled(values, frame, schema, where)
    fillers = find_fillers(frame, values, schema, where)
    library = library_of(X)
    if library == "pandas":
        return _pandas(X, fillers)
    if library == "dict":
        return arrays.filled_dict(X, fillers)
    if library == "numpy":
        return arrays.filled_records(X, fillers) if is_records(X) else arrays.filled_array(X, fillers)
    return (_arrow if library == "pyarrow" else _polars)(X, fillers, schema)


def _pandas(X: pd.DataFrame, fillers: dict[str, Filler]) -> pd.DataFrame:
    out = X.copy()
    for filler in fillers.values():
        series = X.iloc[:, filler.place]
        if isinstance(series.dtype, pd.ArrowDtype):
            filled: Any = pd.arrays.ArrowExtensionArray(arrow.filled_array(pa.array(series), filler, None))
            out.isetitem(filler.place, pd.Series(filled, index=X.index))
        else:
            out.isetitem(filler.place, filled_series(series, filler))
    return out


def _arrow(table: Any, fillers: dict[str, Filler], schema: Schema) -> Any:
    known = arrow_types(schema.native)
    for name, filler in fillers.items():
        column = table.column(filler.place)
        column = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
        trained = known[name].type if name in known else None
        filled = arrow.filled_array(column, filler, trained)
        field = table.schema.field(filler.place)
        table = table.set_column(filler.place, field.with_type(filled.type), filled)
    return table


def _polars(table: Any, fillers: dict[str, Filler], schema: Schema) -> Any:
    known = arrow_types(schema.native)
    for name, filler in fillers.items():
        trained = known[name].type if name in known else None
        table = table.with_columns(arrow.filled_polars(table[name], filler, trained))
    return table
