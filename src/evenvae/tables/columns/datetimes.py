"""Datetimes, dates, times of day and spans of time, as numbers of seconds."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float
from pandas.api import types

from evenvae.tables.columns.base import Rules
from evenvae.tables.columns.fields import ColumnFields
from evenvae.tables.columns.quantity import Quantity
from evenvae.tables.columns.raw_cells import RawCells

TICKS = 1_000_000
"""Ticks of a second. Times are exact to a microsecond: for dates of today, seconds in float64 are no finer."""
_ISO = re.compile(r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?$")


class Temporal(Quantity):
    """What datetimes, dates, times and spans share: seconds with a normal likelihood."""

    what = "points in time"

    def guess(self, raw: RawCells, rules: Rules) -> dict[str, Any]:
        """Normal."""
        del rules
        return {"likelihood": "normal", "reason": f"{self.what}, as a real number of seconds", "rule": "time",
                "text_format": text_format(raw.first)}  # fmt: skip

    def as_python(self, cells: Sequence[Any]) -> list[Any]:
        """Datetimes and timedeltas of Python, because polars does not take those of pandas."""
        return [_python(cell) for cell in cells]


class Datetime(Temporal):
    """Points in time: a datetime type, datetime objects, or texts in ISO 8601. Values are seconds since 1970 in UTC."""

    kinds = ("datetime",)
    is_datetime = True

    def kind_of(self, raw: RawCells) -> str | None:
        """Datetime types; objects with a date and an hour; texts that are all in ISO 8601."""
        if types.is_datetime64_any_dtype(raw.cells.dtype):
            return "datetime"
        if not _may_hold_objects(raw):
            return None
        first = raw.first
        if not isinstance(first, str):
            return "datetime" if _has(first, "isoformat", "hour", "year") else None
        if not _ISO.match(first):
            return None
        some = raw.observed.drop_duplicates()
        iso = some.map(type).eq(str).all() and some.astype(str).str.match(_ISO).all()
        return "datetime" if iso else None

    def complete(self, column: ColumnFields, raw: RawCells, given: Mapping[str, Any], rules: Rules) -> dict[str, Any]:
        """Bounds and decimals, and how texts spell the datetimes."""
        found = super().complete(column, raw, given, rules)
        return found if column.text_format is not None else {**found, "text_format": text_format(raw.first)}

    def parse(self, observed: pd.Series) -> Float[np.ndarray, " rows"]:
        """Seconds since 1970 in UTC; a datetime without a zone counts as UTC."""
        times: Any = observed
        if not types.is_datetime64_any_dtype(times.dtype):
            times = pd.to_datetime(observed.astype(str), errors="coerce", format="ISO8601", utc=True)
        if getattr(times.dt, "tz", None) is not None:
            times = times.dt.tz_convert("UTC").dt.tz_localize(None)
        ticks = times.astype("datetime64[us]").astype("int64").to_numpy()
        return np.where(times.isna(), np.nan, ticks / TICKS)

    def restore(
        self, values: Float[np.ndarray, " rows"], missing: Bool[np.ndarray, " rows"], column: ColumnFields
    ) -> pd.Series:
        """Timestamps, in the time zone of the column; texts where the column held texts."""
        times = timestamps(values, missing)
        if column.text_format:
            return times.dt.strftime(column.text_format).astype(object).where(~missing, None)
        if column.dtype.startswith("datetime64[") and "," in column.dtype:
            zone = column.dtype.split(",")[1].strip(" ]")
            return times.dt.tz_localize("UTC").dt.tz_convert(zone)
        return times


class Date(Datetime):
    """Dates without a time. Values are seconds since 1970, at midnight."""

    kinds = ("date",)

    def kind_of(self, raw: RawCells) -> str | None:
        """Objects with a year and no hour."""
        first = raw.first if _may_hold_objects(raw) else None
        return "date" if _has(first, "isoformat", "year") and not hasattr(first, "hour") else None

    def restore(
        self, values: Float[np.ndarray, " rows"], missing: Bool[np.ndarray, " rows"], column: ColumnFields
    ) -> pd.Series:
        """Date objects; texts where the column held texts."""
        if column.text_format:
            return super().restore(values, missing, column)
        return timestamps(values, missing).dt.date.astype(object).where(~missing, None)


class TimeOfDay(Temporal):
    """Times of day. Values are seconds since midnight."""

    kinds = ("time",)

    def kind_of(self, raw: RawCells) -> str | None:
        """Objects that have an ISO format and no year."""
        first = raw.first if _may_hold_objects(raw) else None
        return "time" if _has(first, "isoformat") and not hasattr(first, "year") else None

    def parse(self, observed: pd.Series) -> Float[np.ndarray, " rows"]:
        """Seconds since midnight."""
        seconds = observed.map({time: _seconds(time) for time in observed.unique()})
        return seconds.to_numpy(float, na_value=np.nan)

    def restore(
        self, values: Float[np.ndarray, " rows"], missing: Bool[np.ndarray, " rows"], column: ColumnFields
    ) -> pd.Series:
        """Time objects; texts where the schema gives a format for them."""
        times = timestamps(values, missing)
        if column.text_format:
            return times.dt.strftime(column.text_format).astype(object).where(~missing, None)
        return times.dt.time.astype(object).where(~missing, None)


class Duration(Temporal):
    """Spans of time. Values are seconds."""

    kinds = ("duration",)
    what = "spans of time"

    def kind_of(self, raw: RawCells) -> str | None:
        """Timedelta types."""
        return "duration" if types.is_timedelta64_dtype(raw.cells.dtype) else None

    def parse(self, observed: pd.Series) -> Float[np.ndarray, " rows"]:
        """Seconds; NaN where the cells are no spans of time."""
        try:
            seconds: Any = observed / pd.Timedelta(seconds=1)
        except TypeError:
            return np.full(len(observed), np.nan)
        return seconds.to_numpy(float, na_value=np.nan)

    def restore(
        self, values: Float[np.ndarray, " rows"], missing: Bool[np.ndarray, " rows"], column: ColumnFields
    ) -> pd.Series:
        """Timedeltas."""
        del column
        return timestamps(values, missing, "timedelta64[us]")


def timestamps(
    values: Float[np.ndarray, " rows"], missing: Bool[np.ndarray, " rows"], unit: str = "datetime64[us]"
) -> pd.Series:
    """Seconds as timestamps or timedeltas, exact to a microsecond; NaT where missing."""
    ticks = np.round(np.where(missing, 0, values) * TICKS).astype(np.int64)
    return pd.Series(np.where(missing, np.array("NaT", dtype=unit), ticks.astype(unit)))


def text_format(first: Any) -> str | None:
    """The format of a text in ISO 8601; None for anything that is no text."""
    if not isinstance(first, str) or len(first) < 10:
        return None
    if len(first) == 10:
        return "%Y-%m-%d"
    separator = first[10]
    seconds = ":%S" if first.count(":") - (2 if "+" in first else 1) + ("+" in first) >= 1 else ""
    return f"%Y-%m-%d{separator}%H:%M{seconds}" + ("Z" if first.endswith("Z") else "")


def _may_hold_objects(raw: RawCells) -> bool:
    dtype = raw.cells.dtype
    return not (
        raw.is_category
        or types.is_bool_dtype(dtype)
        or types.is_datetime64_any_dtype(dtype)
        or types.is_timedelta64_dtype(dtype)
        or types.is_numeric_dtype(dtype)
    )


def _has(value: Any, *attributes: str) -> bool:
    return not isinstance(value, str) and all(hasattr(value, attribute) for attribute in attributes)


def _seconds(value: Any) -> float:
    if not hasattr(value, "hour"):
        return np.nan
    return value.hour * 3600 + value.minute * 60 + value.second + value.microsecond / 1e6


def _python(value: Any) -> Any:
    if isinstance(value, pd.Timestamp):
        return value.tz_convert("UTC").to_pydatetime() if value.tz else value.to_pydatetime()
    return value.to_pytimedelta() if isinstance(value, pd.Timedelta) else value
