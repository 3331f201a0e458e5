"""Datetimes and dates, as numbers of seconds since 1970."""

import dataclasses
import datetime
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float
from pandas.api import types

from evenvae.tables.columns import digit_times, time_spelling
from evenvae.tables.columns.base import Rules
from evenvae.tables.columns.fields import ColumnFields
from evenvae.tables.columns.quantity import of_distinct
from evenvae.tables.columns.raw_cells import RawCells
from evenvae.tables.columns.temporal import Temporal, has, in_zone, inside, shifted, timestamps
from evenvae.tables.columns.time_units import TICKS, coarsest, rounded, ticks_of


class Datetime(Temporal):
    """Points in time: a datetime or period type, datetime objects, texts that spell them in one way, or, where the
    schema says so, whole numbers such as 20240131. Values are seconds since 1970 in UTC."""

    kinds = ("datetime",)
    is_datetime = True
    needed = "points in time of the years 1 to 9999"

    def kind_of(self, raw: RawCells) -> str | None:
        """Datetime and period types; objects with a date and an hour; texts that are all datetimes."""
        dtype = raw.cells.dtype
        if types.is_datetime64_any_dtype(dtype) or isinstance(dtype, pd.PeriodDtype):
            return "datetime"
        if raw.may_hold_objects and has(raw.first, "isoformat", "hour", "year"):
            return "datetime"
        return "datetime" if raw.times.kind == "datetime" else None

    def complete(self, column: ColumnFields, raw: RawCells, given: Mapping[str, Any], rules: Rules) -> dict[str, Any]:
        """Bounds, unit and decimals, how the datetimes are spelled, and the type of objects."""
        objects = _type_of_objects(raw)
        column = dataclasses.replace(column, value_type=objects)
        return {**super().complete(column, raw, given, rules), "value_type": objects}

    def parse(self, observed: pd.Series, column: ColumnFields) -> Float[np.ndarray, " rows"]:
        """Seconds since 1970 in UTC; a datetime without a zone counts as UTC."""
        if isinstance(observed.dtype, pd.PeriodDtype):
            return _seconds_of_periods(observed)
        if types.is_datetime64_any_dtype(observed.dtype):
            return time_spelling.seconds_of(observed)
        if types.is_numeric_dtype(observed.dtype):
            numbers = observed.to_numpy(dtype=float, na_value=np.nan)
            known = column.text_format in digit_times.FORMATS
            return digit_times.seconds(numbers, str(column.text_format)) if known else np.full(len(numbers), np.nan)
        return of_distinct(observed, lambda cells: time_spelling.read(map(str, cells), column.text_format))

    def grid(self, values: Float[np.ndarray, " rows"], column: ColumnFields) -> dict[str, Any]:
        """The coarsest unit of local time, and the decimals of a second."""
        unit = coarsest(ticks_of(values) + _ahead(values, column))
        return {**super().grid(values, column), "unit": unit}

    def on_grid(self, values: Float[np.ndarray, " rows"], column: ColumnFields) -> Float[np.ndarray, " rows"]:
        """Rounded to the unit of the column in local time."""
        if column.unit in (None, "second", "minute"):
            return super().on_grid(values, column)
        known = np.where(np.isnan(values), 0, values)
        local = rounded(ticks_of(known) + _ahead(known, column), column.unit)
        return np.where(np.isnan(values), np.nan, _utc(local, column) / TICKS)

    def restore(
        self, values: Float[np.ndarray, " rows"], missing: Bool[np.ndarray, " rows"], column: ColumnFields
    ) -> pd.Series:
        """Timestamps, in the time zone of the column; periods, objects, texts or numbers where it held such."""
        if column.text_format:
            return self.spelled(values, missing, column)
        times = in_zone(timestamps(values, missing), zone_of(column))
        if column.dtype.startswith("period["):
            return times.dt.to_period(pd.PeriodDtype(column.dtype[7:-1]).freq)
        if column.value_type.startswith("datetime "):
            cells = zip(times, missing, strict=True)
            return pd.Series([None if lost else time.to_pydatetime() for time, lost in cells], dtype=object)
        return times

    def in_dtype(self, values: Float[np.ndarray, " rows"], dtype: Any) -> pd.Series | None:
        """Settled values in a datetime type other than the column's own."""
        times = timestamps(inside(values, dtype), np.isnan(values))
        return in_zone(times, getattr(dtype, "tz", None)).astype(dtype)


class Date(Datetime):
    """Date objects, without a time. Values are seconds since 1970, at midnight."""

    kinds = ("date",)

    def kind_of(self, raw: RawCells) -> str | None:
        """Objects with a year and no hour."""
        holds = raw.may_hold_objects and has(raw.first, "isoformat", "year") and not hasattr(raw.first, "hour")
        return "date" if holds else None

    def restore(
        self, values: Float[np.ndarray, " rows"], missing: Bool[np.ndarray, " rows"], column: ColumnFields
    ) -> pd.Series:
        """Date objects; texts where the column held texts."""
        if column.text_format:
            return super().restore(values, missing, column)
        return timestamps(values, missing).dt.date.astype(object).where(~missing, None)


def zone_of(column: ColumnFields) -> str | None:
    """The time zone of the cells, from the type of the column or of its objects; None where they have none."""
    for text in (column.dtype, column.value_type.removeprefix("datetime ")):
        if text.startswith("datetime64[") and "," in text:
            return text.split(",")[1].strip(" ]")
    return None


def _type_of_objects(raw: RawCells) -> str:
    """The class and the type of datetimes in a column of objects; empty for any other column."""
    if not raw.may_hold_objects or not has(raw.first, "isoformat", "hour", "year"):
        return ""
    made = pd.Series(raw.observed.tolist())
    dtype = str(made.dtype) if types.is_datetime64_any_dtype(made.dtype) else "datetime64[us]"
    plain = isinstance(raw.first, datetime.datetime) and not isinstance(raw.first, pd.Timestamp)
    return f"datetime {dtype}" if plain else dtype


def _seconds_of_periods(periods: pd.Series) -> Float[np.ndarray, " rows"]:
    """Where each period begins; NaN outside the years 1 to 9999, which timestamps may not hold."""
    known = periods.dt.year.between(1, 9999).to_numpy()
    kept: Any = periods[known]
    found = np.full(len(periods), np.nan)
    found[known] = time_spelling.seconds_of(kept.dt.to_timestamp())
    return found


def _ahead(values: Float[np.ndarray, " rows"], column: ColumnFields) -> Any:
    """Microseconds by which local time is ahead of UTC at each point in time."""
    zone = zone_of(column)
    if zone is None:
        return time_spelling.offset_of(column.text_format) * TICKS
    return shifted(ticks_of(values), zone) - ticks_of(values)


def _utc(local: Any, column: ColumnFields) -> Any:
    zone = zone_of(column)
    if zone is None:
        return local - time_spelling.offset_of(column.text_format) * TICKS
    times = pd.Series(local.astype("datetime64[us]"))
    # an hour that the clock shows twice is taken the first time, one that it skips begins when it goes on
    times = times.dt.tz_localize(zone, ambiguous=np.ones(len(times), bool), nonexistent="shift_forward")
    return times.dt.tz_convert("UTC").dt.tz_localize(None).astype("datetime64[us]").astype(np.int64).to_numpy()
