"""One pandas column filled: in its own type where this holds the new cells, else in a wider one."""

import decimal
from typing import Any

import numpy as np
import pandas as pd
from pandas.api import types

from evenvae.tables.columns.level import loose_form
from evenvae.tables.columns.missing_cells import number_or_none
from evenvae.tables.filling.fillers import Filler


def filled_series(series: pd.Series, filler: Filler) -> pd.Series:
    """The column with its missing cells filled; index and name stay.

    The type of the column stays where it holds the new cells exactly, or as its precision allows. If not, it becomes
    the type that the column had in training, or, where other cells do not fit this, the common type of all cells.
    """
    rows = np.flatnonzero(filler.missing)
    if isinstance(series.dtype, pd.SparseDtype):
        dense = filled_series(series.sparse.to_dense(), filler)
        return dense.astype(pd.SparseDtype(dense.dtype, series.dtype.fill_value))
    if isinstance(series.dtype, pd.CategoricalDtype):
        return _filled_categories(series, filler, rows)
    cells = in_own_words(filler, series.dtype)
    fitting = fitted(cells, series.dtype, alone=filler.observed.empty)
    if fitting is None:
        return _widened(series, filler, cells, rows)
    out = series.copy()
    out.iloc[rows] = fitting.array  # type: ignore[call-overload]
    return out


def in_own_words(filler: Filler, dtype: Any = None) -> pd.Series:
    """The new cells as the column itself would hold them: numbers as texts among texts, levels as it spells them.

    Args:
        filler: the new cells.
        dtype: the type of the column; None for a list, which has none.
    """
    dtype = np.dtype(object) if dtype is None else dtype
    cells, column, observed = filler.cells, filler.column, filler.observed
    if types.is_datetime64_any_dtype(dtype) or types.is_timedelta64_dtype(dtype):
        moved = column.codec.in_dtype(filler.values, dtype) if filler.values.size else None
        return cells if moved is None else moved
    if _is_flag(cells) and types.is_numeric_dtype(dtype) and not types.is_bool_dtype(dtype) and not observed.empty:
        return cells.astype(float)
    if column.discrete and not observed.empty:
        own = {loose_form(value): value for value in observed.unique()}
        cells = pd.Series([own.get(loose_form(cell), cell) for cell in cells], dtype=object).infer_objects()
    first = None if observed.empty else observed.iloc[0]
    if isinstance(first, str) and not _all(cells, str):
        return pd.Series(column.codec.texts(cells, column, observed.astype(str).tolist()), dtype=object)
    if isinstance(first, float) and types.is_integer_dtype(cells.dtype):
        return cells.astype(float)
    if isinstance(first, decimal.Decimal) and types.is_numeric_dtype(cells.dtype):
        return pd.Series([decimal.Decimal(repr(value)) for value in cells.tolist()], dtype=object)
    if types.is_numeric_dtype(dtype) and cells.dtype.kind == "O":
        numbers = [number_or_none(cell) for cell in cells]
        return cells if None in numbers else pd.Series(numbers, dtype=float)
    return cells


def fitted(cells: pd.Series, dtype: Any, *, alone: bool) -> pd.Series | None:
    """The cells in a type; None where it does not hold them.

    Args:
        cells: new cells.
        dtype: of the column.
        alone: whether the column has no cell but these. A type that holds anything then says nothing.
    """
    if types.is_object_dtype(dtype):
        return None if alone else cells.astype(object)
    flags, numeric = _is_flag(cells), types.is_numeric_dtype(cells.dtype) or _all(cells, decimal.Decimal)
    if types.is_bool_dtype(dtype):
        return cells.astype(dtype) if flags else None
    if types.is_numeric_dtype(dtype):
        if flags or not numeric:
            return None
        values = cells.astype(float) if cells.dtype == object else cells
        if types.is_integer_dtype(dtype):
            return _as_integers(values, dtype)
        return values.astype(dtype)
    try:
        fits = _all(cells, str) if types.is_string_dtype(dtype) else not numeric and not _all(cells, str)
        return cells.astype(dtype) if fits else None
    except (TypeError, ValueError):
        return None


def _as_integers(values: pd.Series, dtype: Any) -> pd.Series | None:
    bounds = np.iinfo(getattr(dtype, "numpy_dtype", dtype))
    whole = [int(value) for value in values if float(value).is_integer()]
    if len(whole) < len(values) or (whole and not bounds.min <= min(whole) <= max(whole) <= bounds.max):
        return None
    return pd.Series(whole, dtype=dtype)


def _widened(series: pd.Series, filler: Filler, cells: pd.Series, rows: np.ndarray) -> pd.Series:
    if filler.observed.empty:
        # no cell says what the type should be, so that it is that of the training table
        made = filler.typed.set_axis(rows).reindex(range(len(series)))
        return made.set_axis(series.index).rename(series.name)
    common: Any = pd.concat([filler.observed.reset_index(drop=True), cells], ignore_index=True).dtype
    out = series.astype(common if types.is_numeric_dtype(common) else object)
    out.iloc[rows] = cells.astype(out.dtype).array  # type: ignore[call-overload]
    return out


def _filled_categories(series: pd.Series, filler: Filler, rows: np.ndarray) -> pd.Series:
    own = {loose_form(category): category for category in series.cat.categories}
    if not own:
        return _widened(series, filler, filler.cells, rows)
    cells = [own.get(loose_form(cell), cell) for cell in filler.cells]
    new = [cell for cell in dict.fromkeys(cells) if cell not in series.cat.categories]
    out = series.cat.add_categories(new) if new else series.copy()
    out.iloc[rows] = pd.Categorical(cells, dtype=out.dtype)
    return out


def _is_flag(cells: pd.Series) -> bool:
    return types.is_bool_dtype(cells.dtype) or _all(cells, bool)


def _all(cells: pd.Series, kind: type) -> bool:
    return cells.dtype.kind not in "iufc" and all(isinstance(cell, kind) for cell in cells)
