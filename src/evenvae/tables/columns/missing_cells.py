"""Which cells of a column are missing."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Bool, Int
from pandas.api import types

MISSING = (
    "",
    "NA",
    "N/A",
    "n/a",
    "#N/A",
    "#NA",
    "NaN",
    "nan",
    "NULL",
    "Null",
    "null",
    "None",
    "<NA>",
    "NaT",
    "?",
)
"""Texts that mean a missing cell in every column. A column of a schema may add its own texts. `.` and `-` are not in
the list, because they are levels in some tables."""


def observed_cells(cells: pd.Series, missing: tuple[Any, ...] = ()) -> Bool[np.ndarray, " rows"]:
    """Which cells hold a value.

    Args:
        cells: one column.
        missing: texts (of numbers as well) that mean a missing cell in this column, beside `MISSING`.
    """
    seen = cells.notna().to_numpy()
    dtype = cells.dtype
    if types.is_object_dtype(dtype) and _holds_arrays(cells):
        return np.array([not is_missing(cell) for cell in cells], bool)
    if types.is_object_dtype(dtype) or types.is_string_dtype(dtype) or isinstance(dtype, pd.CategoricalDtype):
        texts = {*MISSING, *missing}
        place, unique = distinct_cells(cells)
        spelled = np.array([isinstance(v, str) and v.strip() in texts for v in unique] + [False], bool)
        seen = seen & ~spelled[place]
    if missing and types.is_numeric_dtype(dtype):
        numbers = [number for number in map(number_or_none, missing) if number is not None]
        seen = seen & ~cells.isin(numbers).to_numpy(dtype=bool, na_value=False)
    return seen


def distinct_cells(cells: pd.Series) -> tuple[Int[np.ndarray, " rows"], Any]:
    """The place of every cell among the distinct ones, -1 for missing cells; and the distinct cells in their order."""
    # as an array, since pandas before 3 looks for a type of objects, and fails at whole numbers beyond every float
    return pd.factorize(cells.to_numpy() if cells.dtype == object else cells)


def observed_texts(texts: Iterable[str], missing: tuple[Any, ...] = ()) -> list[str]:
    """The distinct texts of a file's column that hold something; ``missing`` as in `observed_cells`."""
    empty = {*MISSING, *missing}
    return [text for text in dict.fromkeys(texts) if text.strip() not in empty]


def is_missing(cell: Any) -> bool:
    """Whether a cell of a column of arrays is missing: None, NaN, or an array that holds only NaN."""
    if isinstance(cell, np.ndarray):
        return cell.dtype.kind == "f" and bool(np.isnan(cell).all())
    return cell is None or cell is pd.NA or (isinstance(cell, float) and bool(np.isnan(cell)))


def number_or_none(text: Any) -> float | None:
    """The number that a text spells, or None."""
    try:
        return float(text)
    except (TypeError, ValueError, OverflowError):
        return None


def _holds_arrays(cells: pd.Series) -> bool:
    first = next((cell for cell in cells if isinstance(cell, np.ndarray) or not is_missing(cell)), None)
    return isinstance(first, np.ndarray)
