"""Levels that JSON cannot hold, as texts with the name of their type, and back."""

import datetime
import decimal
import re
from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd

PLAIN = (str, bool, int, float)
"""Types of levels that JSON holds by itself."""
_CLASSES: dict[str, Callable[[str], Any]] = {
    "date": datetime.date.fromisoformat,
    "time": datetime.time.fromisoformat,
    "datetime": datetime.datetime.fromisoformat,
    "Timestamp": pd.Timestamp,
    "Timedelta": pd.Timedelta,
    "timedelta": lambda text: datetime.timedelta(seconds=pd.Timedelta(text).total_seconds()),
    "Decimal": decimal.Decimal,
}
"""Classes of single cells that can be read from their text."""
_INTERVAL = re.compile(r"([\[(])(.+), (.+)([\])])")


def type_of(levels: pd.Index) -> str:
    """The name of the type of levels; empty where pandas gives a list of the same values this type by itself."""
    dtype = levels.dtype
    if isinstance(dtype, pd.IntervalDtype | pd.PeriodDtype | pd.DatetimeTZDtype) or dtype.kind in "mM":
        return str(dtype)
    named = cell_class(list(levels))
    if named is not None:
        return named
    usual = pd.Index(list(levels)).dtype if len(levels) else object
    # a schema holds 1.0 as 1, so that floats need their type
    return "" if dtype == usual and dtype.kind != "f" else str(dtype)


def restored(levels: Sequence[Any], value_type: str) -> pd.Index:
    """Levels in their own type from what a schema holds of them.

    Args:
        levels: texts, or values that JSON holds.
        value_type: what `type_of` gave.
    """
    if not value_type:
        return pd.Index(list(levels), dtype=None if len(levels) else object)
    if value_type in _CLASSES:
        return pd.Index([_CLASSES[value_type](str(level)) for level in levels], dtype=object)
    if value_type.startswith("interval"):
        return _intervals([str(level) for level in levels], value_type)
    if value_type.startswith("period"):
        return pd.PeriodIndex([str(level) for level in levels], dtype=value_type)
    if value_type.startswith("datetime64") and "," in value_type:
        utc = pd.to_datetime([str(level) for level in levels], utc=True, format="ISO8601")
        return pd.DatetimeIndex(utc).tz_convert(value_type.split(",")[1].strip(" ]")).astype(value_type)
    if value_type.startswith("timedelta64"):
        return pd.to_timedelta([str(level) for level in levels]).astype(value_type)
    return pd.Index(list(levels)).astype(value_type)


def cell_class(levels: Sequence[Any]) -> str | None:
    """The name of the class of single cells that JSON cannot hold; None where cells are plain or can't be restored."""
    names = {type(level).__name__ for level in levels if not isinstance(level, PLAIN)}
    return names.pop() if len(names) == 1 and names <= _CLASSES.keys() else None


def _intervals(levels: list[str], value_type: str) -> pd.IntervalIndex:
    found = [_INTERVAL.fullmatch(level) for level in levels]
    left, right = ([match[place] for match in found if match] for place in (2, 3))
    dtype: Any = pd.api.types.pandas_dtype(value_type)
    bound: Any = dtype.subtype
    as_bounds = lambda texts: pd.Index(texts if bound.kind in "mM" else [float(text) for text in texts]).astype(bound)
    return pd.IntervalIndex.from_arrays(as_bounds(left), as_bounds(right), closed=dtype.closed)
