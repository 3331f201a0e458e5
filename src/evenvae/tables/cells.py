"""One column's cells as float64 numbers: numbers, codes of levels, seconds of moments."""

import warnings
from typing import Any

import numpy as np
import pandas as pd
from pandas.api import types

from evenvae.errors import InputError, TableWarning
from evenvae.tables.missing import MISSING
from evenvae.tables.schema import Column

EPOCH = pd.Timestamp("1970-01-01")


def observed_cells(cells: pd.Series, missing: tuple[str, ...] = ()) -> np.ndarray:
    """(rows,) bool: what is not a hole in any spelling."""
    seen = cells.notna().to_numpy()
    if types.is_object_dtype(cells.dtype) or types.is_string_dtype(cells.dtype):
        seen = seen & ~cells.isin((*MISSING, *missing)).to_numpy(dtype=bool, na_value=False)
    if missing and types.is_numeric_dtype(cells.dtype):
        numbers = [number for number in map(_number, missing) if number is not None]
        seen = seen & ~cells.isin(numbers).to_numpy(dtype=bool, na_value=False)
    return seen


def _number(text: Any) -> float | None:
    try:
        return float(text)
    except (TypeError, ValueError):
        return None


def numbers(cells: pd.Series, seen: np.ndarray, kind: str) -> np.ndarray:
    """(rows,) float64, NaN where not ``seen`` or not a number of this kind."""
    out = np.full(len(cells), np.nan)
    chosen = cells[seen]
    if not len(chosen):
        return out
    if kind in ("datetime", "date"):
        moments = chosen
        if not types.is_datetime64_any_dtype(moments.dtype):
            moments = pd.to_datetime(chosen.astype(str), errors="coerce", format="ISO8601", utc=True)
        if getattr(moments.dt, "tz", None) is not None:
            moments = moments.dt.tz_convert("UTC").dt.tz_localize(None)
        out[seen] = ((moments - EPOCH) / pd.Timedelta(seconds=1)).to_numpy(float, na_value=np.nan)
    elif kind == "duration":
        out[seen] = (chosen / pd.Timedelta(seconds=1)).to_numpy(float, na_value=np.nan)
    elif types.is_numeric_dtype(chosen.dtype):
        out[seen] = chosen.to_numpy(dtype=float, na_value=np.nan)
    else:
        out[seen] = pd.to_numeric(chosen.astype(str).str.strip(), errors="coerce").to_numpy(float)
    out[np.isinf(out)] = np.nan
    return out


def level_index(levels: tuple, cells: pd.Series) -> tuple[pd.Index, pd.Series]:
    """Levels and cells in a common form, so that 1, 1.0 and "1" meet."""
    numeric_levels = all(isinstance(v, int | float | np.number) and not isinstance(v, bool) for v in levels)
    if isinstance(cells.dtype, pd.CategoricalDtype):
        cells = cells.astype(cells.cat.categories.dtype)
    numeric_cells = types.is_numeric_dtype(cells.dtype) and not types.is_bool_dtype(cells.dtype)
    if numeric_cells and not numeric_levels and levels:
        converted = [_number(level) for level in levels]
        if all(value is not None for value in converted[:-1]) and not all(isinstance(v, bool) for v in levels):
            numbers = [np.nan if value is None else value for value in converted]
            return pd.Index(numbers, dtype=float), cells.astype(float)
    if numeric_cells and numeric_levels:
        return pd.Index(levels, dtype=float), cells.astype(float)
    if numeric_levels and not numeric_cells and levels:
        parsed = pd.to_numeric(cells.astype(str), errors="coerce")
        return pd.Index(levels, dtype=float), parsed.astype(float)
    text = lambda value: str(value).strip() if isinstance(value, str) else str(value)
    unique = cells.drop_duplicates()
    table = {value: text(value) for value in unique}
    return pd.Index([text(level) for level in levels], dtype=object), cells.map(table).astype(object)


def codes(cells: pd.Series, seen: np.ndarray, column: Column) -> tuple[np.ndarray, list]:
    """(rows,) float64 codes, NaN where not seen; and the unseen levels met. Rare ones go to the pooled level."""
    out = np.full(len(cells), np.nan)
    if not seen.any():
        return out, []
    index, chosen = level_index(column.levels, cells[seen])
    found = index.get_indexer(chosen)
    strange = found < 0
    if column.pooled is not None:
        found = np.where(strange, len(column.levels) - 1, found)
        strange = np.zeros_like(strange)
    values = found.astype(float)
    values[strange] = np.nan
    out[seen] = values
    return out, list(pd.unique(cells[seen][strange]))


def column_values(cells: pd.Series, column: Column) -> np.ndarray:
    """(rows,) float64 of a feature column; NaN for holes and for cells outside the column's support.

    What is taken for missing although the cell holds something is said once, as a `TableWarning`.
    """
    seen = observed_cells(cells, column.missing)
    if column.nominal:
        values, strange = codes(cells, seen, column)
        if strange:
            shown = ", ".join(repr(v) for v in strange[:5]) + (", ..." if len(strange) > 5 else "")
            _warn(f"Column {column.name!r}: {len(strange)} levels were not seen in training ({shown}); "
                  "their cells are treated as missing.")  # fmt: skip
        return values
    values = numbers(cells, seen, column.kind)
    lost = seen & np.isnan(values)
    if lost.any():
        if len(cells) and lost.sum() == seen.sum() and seen.any():
            raise InputError(
                f"Column {column.name!r} holds no numbers (first cell: {cells[seen].iloc[0]!r}) but its likelihood "
                f"is {column.likelihood}; give it a likelihood that fits in the schema."
            )
        _warn(f"Column {column.name!r}: {int(lost.sum())} cells are no finite numbers and are treated as missing.")
    outside = np.zeros(len(values), bool)
    with np.errstate(invalid="ignore"):
        if column.likelihood in ("lognormal", "poisson"):
            outside = values < 0
        if column.likelihood == "poisson":
            outside |= values != np.round(values)
    outside &= ~np.isnan(values)
    if outside.any():
        what = "negative" if column.likelihood == "lognormal" else "negative or not whole"
        _warn(f"Column {column.name!r}: {int(outside.sum())} cells are {what}, outside the support of "
              f"{column.likelihood}, and are treated as missing.")  # fmt: skip
        values[outside] = np.nan
    return values


def _warn(message: str) -> None:
    warnings.warn(message, TableWarning, stacklevel=4)
