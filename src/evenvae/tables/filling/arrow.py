"""One arrow or polars column filled: in its own type where this holds the new cells, else in a wider one."""

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from evenvae.tables.filling.fillers import Filler
from evenvae.tables.filling.series import in_own_words
from evenvae.tables.native import arrow_array


def filled_array(array: pa.Array, filler: Filler, trained: pa.DataType | None) -> pa.Array:
    """The column with its missing cells filled; see `series.filled_series`.

    Args:
        array: the column.
        filler: the new cells.
        trained: the type of the column in the training table, where it was one of arrow.
    """
    kind = array.type
    plain = array.dictionary_decode() if pa.types.is_dictionary(kind) else array
    cells = in_own_words(filler, filler.observed.dtype) if not filler.observed.empty else filler.cells
    replacement = _exact(cells, plain.type)
    if replacement is None and filler.observed.empty:
        # no cell says what the type should be, so that it is that of the training table
        kind = trained or pa.array(filler.typed, from_pandas=True).type
        replacement = arrow_array(filler.cells, kind)
        return _put(pa.nulls(len(array), replacement.type), replacement, filler)
    if replacement is None:
        wide = _wider(plain.type, cells)
        replacement, plain = pa.array(cells, from_pandas=True).cast(wide), plain.cast(wide)
        return _put(plain, replacement, filler)
    filled = _put(plain, replacement, filler)
    return filled.dictionary_encode().cast(kind) if pa.types.is_dictionary(kind) else filled


def filled_polars(column: Any, filler: Filler, trained: pa.DataType | None) -> Any:
    """A polars column with its missing cells filled; see `filled_array`."""
    import polars as pl

    array = column.to_arrow()
    filled = filled_array(array, filler, trained)
    made = pl.Series(column.name, pl.from_arrow(filled))
    if filled.type != array.type or made.dtype == column.dtype:
        return made
    try:
        return made.cast(column.dtype)
    except (pl.exceptions.InvalidOperationError, pl.exceptions.ComputeError):
        # an enum does not take a level that it does not list
        return made.cast(pl.String)


def _put(array: pa.Array, replacement: pa.Array, filler: Filler) -> pa.Array:
    order = np.arange(len(array))
    order[filler.missing] = len(array) + np.arange(len(replacement))
    return pa.concat_arrays([array, replacement]).take(pa.array(order))


def _exact(cells: pd.Series, kind: pa.DataType) -> pa.Array | None:
    """The cells in a type; None where it does not hold them, or holds them as something else."""
    natural: Any = pa.array(cells, from_pandas=True)
    if pa.types.is_null(kind) or _family(natural.type) != _family(kind):
        return None
    made = arrow_array(cells, kind)
    return made if made.type == kind else None


def _family(kind: pa.DataType) -> str:
    """Which types may stand for each other."""
    families = {
        "text": (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view),
        "flag": (pa.types.is_boolean,),
        "number": (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal),
        "time": (pa.types.is_timestamp, pa.types.is_date),
    }
    return next((name for name, tests in families.items() if any(test(kind) for test in tests)), str(kind)[:4])


def _wider(kind: pa.DataType, cells: pd.Series) -> pa.DataType:
    natural: Any = pa.array(cells, from_pandas=True).type
    return pa.float64() if _family(kind) == _family(natural) == "number" else pa.string()
