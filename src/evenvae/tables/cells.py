"""One column's cells as float64 numbers: numbers, codes of levels, seconds of moments."""

import warnings
from typing import Any

import numpy as np
import pandas as pd
from pandas.api import types

from evenvae.errors import InputError, TableWarning
from evenvae.tables.missing import MISSING
from evenvae.tables.schema import Column


def observed_cells(cells: pd.Series, missing: tuple[str, ...] = ()) -> np.ndarray:
    """(rows,) bool: what is not a hole in any spelling."""
    seen = cells.notna().to_numpy()
    dtype = cells.dtype
    if types.is_object_dtype(dtype) or types.is_string_dtype(dtype) or isinstance(dtype, pd.CategoricalDtype):
        holes = {*MISSING, *missing}
        place, unique = pd.factorize(cells)
        spelled = np.array([isinstance(v, str) and v.strip() in holes for v in unique] + [False], bool)
        seen = seen & ~spelled[place]
    if missing and types.is_numeric_dtype(dtype):
        numbers = [number for number in map(_number, missing) if number is not None]
        seen = seen & ~cells.isin(numbers).to_numpy(dtype=bool, na_value=False)
    return seen


def _number(text: Any) -> float | None:
    try:
        return float(text)
    except (TypeError, ValueError):
        return None


def _seconds(value: Any) -> float:
    if not hasattr(value, "hour"):
        return np.nan
    return value.hour * 3600 + value.minute * 60 + value.second + value.microsecond / 1e6


def numbers(cells: pd.Series, seen: np.ndarray, kind: str) -> np.ndarray:
    """(rows,) float64, NaN where not ``seen`` or not a number of this kind."""
    out = np.full(len(cells), np.nan)
    chosen: Any = cells[seen]
    if not len(chosen):
        return out
    if kind in ("datetime", "date"):
        moments: Any = chosen
        if not types.is_datetime64_any_dtype(moments.dtype):
            moments = pd.to_datetime(chosen.astype(str), errors="coerce", format="ISO8601", utc=True)
        if getattr(moments.dt, "tz", None) is not None:
            moments = moments.dt.tz_convert("UTC").dt.tz_localize(None)
        ticks = moments.astype("datetime64[us]").astype("int64").to_numpy()
        out[seen] = np.where(moments.isna(), np.nan, ticks / 1e6)
    elif kind == "time":
        moments = chosen.map({v: _seconds(v) for v in chosen.unique()})
        out[seen] = moments.to_numpy(float, na_value=np.nan)
    elif kind == "duration":
        out[seen] = (chosen / pd.Timedelta(seconds=1)).to_numpy(float, na_value=np.nan)
    elif types.is_numeric_dtype(chosen.dtype):
        out[seen] = chosen.to_numpy(dtype=float, na_value=np.nan)
    else:
        parsed: Any = pd.to_numeric(chosen.astype(str).str.strip(), errors="coerce")
        out[seen] = parsed.to_numpy(float)
    out[np.isinf(out)] = np.nan
    return out


def loose_form(value: Any) -> Any:
    """A form in which 1, 1.0 and "1", or True and "true", or "a" and " a" meet."""
    if isinstance(value, bool | np.bool_):
        return str(bool(value))
    text = str(value).strip()
    if text.lower() in ("true", "false"):
        return text.capitalize()
    number = _number(text)
    return text if number is None else number


def codes(cells: pd.Series, seen: np.ndarray, column: Column) -> tuple[np.ndarray, list]:
    """(rows,) float64 codes, NaN where not seen; and the unseen levels met.

    Where the column has a pooled level, every level that is not listed is of it.
    """
    exact = {(isinstance(level, bool), level): code for code, level in enumerate(column.levels)}
    loose: dict[Any, int] = {}
    for code, level in enumerate(column.levels):
        loose.setdefault(loose_form(level), code)
    rest = np.nan if column.pooled is None else float(column.cardinality - 1)
    place, unique = pd.factorize(cells[seen])
    found = np.full(len(unique), rest)
    strange = []
    for i, value in enumerate(unique):
        code = exact.get((isinstance(value, bool | np.bool_), value))
        code = loose.get(loose_form(value)) if code is None else code
        if code is not None:
            found[i] = code
        elif column.pooled is None:
            strange.append(value)
    out = np.full(len(cells), np.nan)
    out[seen] = found[place]
    return out, strange


def column_values(cells: pd.Series, column: Column, on_unseen: str = "missing") -> np.ndarray:
    """(rows,) float64 of a feature column; NaN for holes and for cells outside the column's support.

    ``on_unseen``: ``"missing"`` or ``"error"``. What is taken for missing although the cell holds something is
    said once, as a `TableWarning`.
    """
    seen = observed_cells(cells, column.missing)
    if column.nominal:
        values, strange = codes(cells, seen, column)
        if strange and on_unseen == "error":
            raise InputError(f"Column {column.name!r}: level {strange[0]!r} was not seen in training; "
                             "mend the cell or leave it empty.")  # fmt: skip
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
                f"Column {column.name!r} holds no numbers (first cell: {cells.iloc[seen.argmax()]!r}) but its "
                f"likelihood is {column.likelihood}; give it a likelihood that fits in the schema."
            )
        _warn(f"Column {column.name!r}: {int(lost.sum())} cells are not finite numbers and are treated as missing.")
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
