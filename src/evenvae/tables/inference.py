"""The rules by which a column's values say what it is."""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from pandas.api import types

from evenvae.errors import InputError
from evenvae.tables import images
from evenvae.tables.cells import column_values, numbers, observed_cells
from evenvae.tables.frames import as_frame, library_of, origin_of
from evenvae.tables.schema import EDITABLE, NOMINAL, Column, Schema, check_column, nearest

POOLED = "(other)"
MANY_ROWS = 50
"""Fewer rows than this never make a column an identifier."""
_ID_NAME = re.compile(r"(^|[_\-. ])(id|uuid|guid|key|index|rownames?|nr|no)$|^unnamed|Id$|ID$", re.IGNORECASE)
_ISO = re.compile(r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?$")


def infer(
    X: Any,
    count_max: int,
    int_cat_max: int,
    max_levels: int,
    overrides: Mapping[str, Mapping[str, Any] | str],
) -> Schema:
    """See `Schema.infer`."""
    library = library_of(X)
    names = tuple(overrides) if library == "numpy" and len(overrides) == np.shape(X)[-1] else None
    frame: Any = as_frame(X, names)
    for name in overrides:
        if name not in frame.columns:
            raise InputError(f"The schema names a column {name!r} that the table does not have; "
                             f"{nearest(name, frame.columns)}.")  # fmt: skip
    columns = []
    for name in frame.columns:
        said = overrides.get(name, {})
        said = {"likelihood": said} if isinstance(said, str) else dict(said)
        for key in said:
            if key not in EDITABLE:
                raise InputError(f"Column {name!r} of the schema has an unknown key {key!r}; "
                                 f"{nearest(key, EDITABLE)}.")  # fmt: skip
        columns.append(_infer_column(name, frame[name], said, count_max, int_cat_max, max_levels))
    return Schema(tuple(columns), *origin_of(frame))


def _infer_column(
    name: str, cells: pd.Series, said: dict[str, Any], count_max: int, int_cat_max: int, max_levels: int
) -> Column:
    if images.holds_images(cells):
        return check_column(images.column_of(name, cells, said))
    missing = tuple(said.get("missing", ()))
    seen = observed_cells(cells, missing)
    base: dict[str, Any] = {"name": name, "dtype": str(cells.dtype), "missing": missing}
    if said.get("role", "feature") != "feature":
        return check_column(Column(**{"reason": "said in the schema", "rule": "schema", **base, **said}))
    if not seen.any():
        if said:
            raise InputError(
                f"Column {name!r} has no observed cell, so it cannot be learned; take it out of the schema or "
                'give it role = "ignored".'
            )
        return Column(**base, role="ignored", reason="every cell is missing", rule="empty")
    kind = said.get("kind") or _kind(cells, seen)
    if said.get("likelihood"):
        guessed: dict[str, Any] = {
            "reason": "said in the schema",
            "rule": "schema",
            "likelihood": said["likelihood"],
        }
        if said["likelihood"] not in NOMINAL and kind == "level":
            kind = "number"
    else:
        guessed = _guess(name, cells, seen, kind, count_max, int_cat_max)
        if guessed.get("role", "feature") != "feature" and not {"levels", "likelihood"} & set(said):
            return Column(**base, kind=kind, **guessed)
    column = Column(**{**base, "kind": kind, **guessed, **said})
    if column.nominal and column.kind == "number" and "kind" not in said:
        column = _replace(column, kind="level")
    if column.nominal:
        column = column if column.levels else _with_levels(column, cells, seen, max_levels)
        if column.likelihood == "bernoulli" and column.cardinality != 2 and "likelihood" not in said:
            column = _replace(column, likelihood="categorical")
        return check_column(column)
    return check_column(_with_bounds(check_column(column), cells, seen, said))


def _replace(column: Column, **changes: Any) -> Column:
    return Column(**{**{key: getattr(column, key) for key in ("name", *EDITABLE)}, **changes})


def _kind(cells: pd.Series, seen: np.ndarray) -> str:
    dtype = cells.dtype
    if types.is_bool_dtype(dtype) or isinstance(dtype, pd.CategoricalDtype):
        return "level"
    if types.is_datetime64_any_dtype(dtype):
        return "datetime"
    if types.is_timedelta64_dtype(dtype):
        return "duration"
    if types.is_numeric_dtype(dtype):
        return "number"
    chosen: Any = cells[seen]
    first = chosen.iloc[0]
    if not isinstance(first, str) and hasattr(first, "isoformat"):
        return "datetime" if hasattr(first, "hour") and hasattr(first, "year") else (
            "date" if hasattr(first, "year") else "time")  # fmt: skip
    if isinstance(first, str) and _ISO.match(first):
        some = chosen.drop_duplicates()
        if some.map(type).eq(str).all() and some.astype(str).str.match(_ISO).all():
            return "datetime"
    return "level"


def _guess(
    name: str, cells: pd.Series, seen: np.ndarray, kind: str, count_max: int, int_cat_max: int
) -> dict[str, Any]:
    chosen: Any = cells[seen]
    distinct = chosen.nunique()
    rows = len(chosen)
    if distinct <= 1:
        value = chosen.iloc[0]
        value = value.item() if hasattr(value, "item") else value
        plain = value if isinstance(value, str | int | float | bool) else str(value)
        return {"role": "constant", "reason": f"every observed cell is {plain!r}", "rule": "1", "value": plain}
    if kind in ("datetime", "date", "duration", "time"):
        what = "points in time" if kind != "duration" else "spans of time"
        return {"likelihood": "normal", "reason": f"{what}, as a real number of seconds", "rule": "time",
                "text_format": _text_format(chosen)}  # fmt: skip
    if kind == "level":
        return _guess_levels(name, chosen, distinct, rows)
    values = numbers(cells, seen, kind)[seen]
    values = values[~np.isnan(values)]
    low, high = float(values.min()), float(values.max())
    if not (values == np.round(values)).all():
        if low >= 0:
            zeros = float((values == 0).mean())
            note = _spike_note(zeros)
            return {"likelihood": "lognormal", "reason": "numbers from 0 up", "rule": "4", "note": note}
        return {"likelihood": "normal", "reason": "real numbers", "rule": "4"}
    if distinct == rows and rows >= MANY_ROWS and (high - low + 1 == rows or _ID_NAME.search(name)):
        return {"role": "identifier", "reason": "whole numbers, all distinct, that count or name the rows",
                "rule": "identifier"}  # fmt: skip
    note = ""
    if distinct <= 20:
        note = (
            f"{distinct} distinct whole numbers: if they are codes of levels, set "
            'likelihood = "categorical" for this column in the schema'
        )
    if distinct == 2:
        return {"likelihood": "bernoulli", "reason": "two distinct whole numbers", "rule": "3"}
    if distinct <= int_cat_max:
        return {"likelihood": "categorical", "reason": f"{distinct} distinct whole numbers", "rule": "3"}
    if low >= 0 and high <= count_max:
        return {"likelihood": "poisson", "reason": f"whole numbers from 0 to at most {count_max}", "rule": "3",
                "note": note}  # fmt: skip
    if low >= 0:
        zeros = float((values == 0).mean())
        reason = f"whole numbers from 0 up, beyond {count_max}"
        return {"likelihood": "lognormal", "reason": reason, "rule": "3",
                "note": note or _spike_note(zeros)}  # fmt: skip
    return {"likelihood": "normal", "reason": "whole numbers, some negative", "rule": "3", "note": note}


def _guess_levels(name: str, chosen: pd.Series, distinct: int, rows: int) -> dict[str, Any]:
    if not types.is_bool_dtype(chosen.dtype) and not isinstance(chosen.dtype, pd.CategoricalDtype):
        some = chosen.drop_duplicates().astype(str)
        length = float(some.str.len().mean())
        if rows >= MANY_ROWS and distinct == rows and (length <= 40 or _ID_NAME.search(name)):
            return {"role": "identifier", "reason": "texts, all distinct", "rule": "identifier"}
        if rows >= MANY_ROWS and distinct > 0.5 * rows and length > 12:
            return {"role": "ignored", "reason": f"free text: {distinct} distinct of {rows}", "rule": "text"}
    if distinct == 2:
        return {"likelihood": "bernoulli", "reason": "two levels", "rule": "2"}
    note = ""
    if types.is_object_dtype(chosen.dtype) or types.is_string_dtype(chosen.dtype):
        some = chosen.drop_duplicates().astype(str).head(200)
        if some.str.match(r"^[+-]?[\d,.\s%$]*\d[\d,.\s%$]*$").mean() > 0.9:
            note = "these levels look like numbers written as text; convert the column if they are quantities"
    return {"likelihood": "categorical", "reason": f"{distinct} levels", "rule": "2", "note": note}


def _spike_note(zeros: float) -> str:
    if zeros < 0.3:
        return ""
    return f"{zeros:.0%} of the cells are 0, which no continuous likelihood fits well"


def _text_format(chosen: pd.Series) -> str | None:
    first = chosen.iloc[0]
    if not isinstance(first, str):
        return None
    if len(first) == 10:
        return "%Y-%m-%d"
    separator = first[10]
    seconds = ":%S" if first.count(":") - (2 if "+" in first else 1) + ("+" in first) >= 1 else ""
    return f"%Y-%m-%d{separator}%H:%M{seconds}" + ("Z" if first.endswith("Z") else "")


def _with_levels(column: Column, cells: pd.Series, seen: np.ndarray, max_levels: int) -> Column:
    chosen: Any = cells[seen]
    if isinstance(cells.dtype, pd.CategoricalDtype):
        present = set(chosen.unique())
        levels = [_plain(level) for level in cells.cat.categories if level in present]
        categories = tuple(_plain(level) for level in cells.cat.categories)
        column = _replace(column, ordered=bool(cells.cat.ordered), categories=categories)
        counts = chosen.value_counts()
    else:
        counts = chosen.value_counts()
        levels = [_plain(level) for level in counts.index]
        try:
            levels = sorted(levels)
        except TypeError:
            levels = sorted(levels, key=str)
    keep = set(levels)
    text = all(isinstance(level, str) for level in levels)
    if len(levels) > max_levels:
        keep = {_plain(level) for level in counts.index[: max_levels - 1]}
    elif len(levels) > 50 and text:
        repeated = {_plain(level) for level in counts.index[counts.to_numpy() > 1]}
        # a single rare level would only be renamed by pooling
        keep = repeated if len(levels) - len(repeated) > 1 else keep
    if len(keep) < len(levels):
        pooled = len(levels) - len(keep)
        kept = [level for level in levels if level in keep]
        name = POOLED
        while name in keep:
            name = f"({name})"
        note = f"{pooled} rare levels are pooled into {name!r}"
        return _replace(column, levels=(*kept, name), pooled=name, note=note)
    return _replace(column, levels=tuple(levels))


def _plain(level: Any) -> Any:
    level = level.item() if hasattr(level, "item") else level
    if isinstance(level, float) and level == np.floor(level) and abs(level) < 2**53:
        return int(level)
    return level if isinstance(level, str | int | float | bool) else str(level)


def _with_bounds(column: Column, cells: pd.Series, seen: np.ndarray, said: dict[str, Any]) -> Column:
    values = column_values(cells, column)
    values = values[~np.isnan(values)]
    if not values.size:
        raise InputError(
            f"Column {column.name!r} has no cell inside the support of {column.likelihood}; give it another "
            "likelihood in the schema."
        )
    changes: dict[str, Any] = {}
    if "low" not in said:
        changes["low"] = float(values.min())
    if "high" not in said:
        changes["high"] = float(values.max())
    if "decimals" not in said:
        changes["decimals"] = _decimals(values)
    if column.kind == "datetime" and column.text_format is None:
        changes["text_format"] = _text_format(pd.Series(cells[seen]))
    return _replace(column, **changes)


def _decimals(values: np.ndarray) -> int | None:
    """Decimals that hold every value; None where there are more than six."""
    some = np.unique(values)[:20_000]
    for decimals in range(7):
        if (some == np.round(some, decimals)).all():
            return decimals
    return None
