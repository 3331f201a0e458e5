"""Times of day and spans of time, as numbers of seconds."""

from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float
from pandas.api import types

from evenvae.tables.columns import digit_times, time_spelling
from evenvae.tables.columns.fields import ColumnFields
from evenvae.tables.columns.quantity import of_distinct
from evenvae.tables.columns.raw_cells import RawCells
from evenvae.tables.columns.temporal import Temporal, has, inside, timestamps
from evenvae.tables.columns.time_units import LONGEST


class TimeOfDay(Temporal):
    """Times of day: time objects, texts such as 9:30, or, where the schema says so, whole numbers such as 930. Values
    are seconds since midnight."""

    kinds = ("time",)
    what = needed = "times of day"

    def kind_of(self, raw: RawCells) -> str | None:
        """Objects that have an ISO format and no year; texts that are all times of day."""
        if raw.may_hold_objects and has(raw.first, "isoformat") and not hasattr(raw.first, "year"):
            return "time"
        return "time" if raw.times.kind == "time" else None

    def parse(self, observed: pd.Series, column: ColumnFields) -> Float[np.ndarray, " rows"]:
        """Seconds since midnight."""
        if types.is_numeric_dtype(observed.dtype):
            known = column.text_format == digit_times.CLOCK
            numbers = observed.to_numpy(dtype=float, na_value=np.nan)
            return digit_times.seconds(numbers, digit_times.CLOCK) if known else np.full(len(numbers), np.nan)
        return of_distinct(observed, lambda cells: [_seconds(cell) for cell in cells])

    def restore(
        self, values: Float[np.ndarray, " rows"], missing: Bool[np.ndarray, " rows"], column: ColumnFields
    ) -> pd.Series:
        """Time objects; texts or whole numbers where the column held such."""
        if column.text_format:
            return self.spelled(values, missing, column)
        return timestamps(values, missing).dt.time.astype(object).where(~missing, None)


class Duration(Temporal):
    """Spans of time. Values are seconds."""

    kinds = ("duration",)
    what = "spans of time"
    needed = "spans of time of at most 292,000 years"

    def kind_of(self, raw: RawCells) -> str | None:
        """Timedelta types, and timedelta objects."""
        objects = raw.may_hold_objects and has(raw.first, "total_seconds")
        return "duration" if types.is_timedelta64_dtype(raw.cells.dtype) or objects else None

    def parse(self, observed: pd.Series, column: ColumnFields) -> Float[np.ndarray, " rows"]:
        """Seconds; NaN where the cells are no spans of time."""
        del column
        if types.is_numeric_dtype(observed.dtype):
            return np.full(len(observed), np.nan)
        spans: Any = pd.to_timedelta(observed, errors="coerce")
        # pandas would make both sides nanoseconds, which end after 292 years
        seconds = spans.to_numpy() / np.timedelta64(1, "s")
        return np.where(np.abs(seconds) <= LONGEST, seconds, np.nan)

    def restore(
        self, values: Float[np.ndarray, " rows"], missing: Bool[np.ndarray, " rows"], column: ColumnFields
    ) -> pd.Series:
        """Timedeltas."""
        del column
        return timestamps(values, missing, "timedelta64[us]")

    def in_dtype(self, values: Float[np.ndarray, " rows"], dtype: Any) -> pd.Series | None:
        """Settled values in another type of spans of time."""
        return timestamps(inside(values, dtype), np.isnan(values), "timedelta64[us]").astype(dtype)


def _seconds(value: Any) -> float:
    if isinstance(value, str):
        return float(time_spelling.read_clock([value])[0])
    if not hasattr(value, "hour"):
        return np.nan
    return value.hour * 3600 + value.minute * 60 + value.second + value.microsecond / 1e6
