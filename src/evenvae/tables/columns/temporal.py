"""What datetimes, dates, times of day and spans of time share: seconds with a normal likelihood."""

import dataclasses
import datetime
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Int

from evenvae.tables.columns import digit_times, time_spelling
from evenvae.tables.columns.base import Rules
from evenvae.tables.columns.fields import ColumnFields
from evenvae.tables.columns.missing_cells import observed_texts
from evenvae.tables.columns.quantity import Quantity, warn_of_others
from evenvae.tables.columns.raw_cells import RawCells
from evenvae.tables.columns.time_units import TICKS, coarsest, rounded, ticks_of


class Temporal(Quantity):
    """A codec of times. They have a unit, the coarsest that holds all of them, or else decimals of a second."""

    what = "points in time"

    def learnable(self, raw: RawCells) -> RawCells:
        """The cells without times of a time type that no clock shows, as a damaged file may hold them."""
        if raw.cells.dtype.kind not in "mM" and not isinstance(raw.cells.dtype, pd.PeriodDtype):
            return raw
        lost = raw.seen & np.isnan(self.numbers(raw.cells, raw.seen, ColumnFields(raw.name)))
        if not lost.any():
            return raw
        warn_of_others(raw.name, int(lost.sum()), self.needed)
        return dataclasses.replace(raw, cells=raw.cells.mask(lost))

    def guess(self, raw: RawCells, rules: Rules) -> dict[str, Any]:
        """Normal."""
        del rules
        spelled = self.spelled_as(raw)
        said = f", spelled as {spelled['text_format']}" if spelled else ""
        return {"likelihood": "normal", "reason": f"{self.what}, as a real number of seconds{said}", "rule": "time",
                **spelled}  # fmt: skip

    def spelled_as(self, raw: RawCells) -> dict[str, Any]:
        """How texts, or whole numbers, spell the times; empty for any other column."""
        if raw.times.kind is not None:
            return {"text_format": raw.times.text_format, "doubt": raw.times.doubt}
        if pd.api.types.is_numeric_dtype(raw.cells.dtype):
            text_format = digit_times.format_of(raw.observed.to_numpy(dtype=float))
            return {"text_format": text_format} if text_format else {}
        return {}

    def complete(self, column: ColumnFields, raw: RawCells, given: Mapping[str, Any], rules: Rules) -> dict[str, Any]:
        """Bounds, unit and decimals, and how the times are spelled."""
        spelled = {name: value for name, value in self.spelled_as(raw).items() if name not in given}
        return {**super().complete(dataclasses.replace(column, **spelled), raw, given, rules), **spelled}

    def grid(self, values: Float[np.ndarray, " rows"], column: ColumnFields) -> dict[str, Any]:
        """The coarsest unit, and the decimals of a second."""
        return {**super().grid(values, column), "unit": coarsest(ticks_of(values), dates=False)}

    def on_grid(self, values: Float[np.ndarray, " rows"], column: ColumnFields) -> Float[np.ndarray, " rows"]:
        """Rounded to the unit of the column, or to the decimals of a second."""
        if column.unit is None:
            return super().on_grid(values, column)
        known = np.where(np.isnan(values), 0, values)
        return np.where(np.isnan(values), np.nan, rounded(ticks_of(known), column.unit) / TICKS)

    def spelled(
        self, values: Float[np.ndarray, " rows"], missing: Bool[np.ndarray, " rows"], column: ColumnFields
    ) -> pd.Series:
        """Times as texts in the format of the column; as whole numbers where its cells are such."""
        text_format = str(column.text_format)
        if text_format in digit_times.FORMATS and _is_numeric(column.dtype):
            return pd.Series(digit_times.numbers(np.where(missing, np.nan, values), text_format))
        texts = time_spelling.write(ticks_of(np.where(missing, 0, values)), text_format)
        return pd.Series([None if lost else text for text, lost in zip(texts, missing, strict=True)], dtype=object)

    def texts(self, values: pd.Series, column: ColumnFields, spelled: Sequence[str]) -> list[str]:
        """Each time as the file itself spells its times; see `Codec.texts`."""
        found = time_spelling.find(observed_texts(spelled, column.missing))
        if found.text_format is None or any(isinstance(value, str) for value in values):
            return super().texts(values, column, spelled)
        seconds = self.numbers(values, values.notna().to_numpy(), column)
        return time_spelling.write(ticks_of(seconds), found.text_format)

    def as_python(self, cells: Sequence[Any]) -> list[Any]:
        """Datetimes and timedeltas of Python, because polars does not take those of pandas."""
        return [_python(cell) for cell in cells]


def timestamps(
    values: Float[np.ndarray, " rows"], missing: Bool[np.ndarray, " rows"], unit: str = "datetime64[us]"
) -> pd.Series:
    """Seconds as timestamps or timedeltas, exact to a microsecond; NaT where missing."""
    ticks = ticks_of(np.where(missing, 0, values))
    return pd.Series(np.where(missing, np.array("NaT", dtype=unit), ticks.astype(unit)))


def inside(values: Float[np.ndarray, " rows"], dtype: Any) -> Float[np.ndarray, " rows"]:
    """Seconds that a pandas type of times can hold: the nearest ones. A type in nanoseconds ends in the year 2262."""
    unit = np.timedelta64(1, np.datetime_data(getattr(dtype, "base", dtype))[0])
    # one second is left for rounding
    most = np.iinfo(np.int64).max * (unit / np.timedelta64(1, "s")) - 1
    return np.clip(values, -most, most)


def in_zone(times: Any, zone: str | datetime.tzinfo | None) -> Any:
    """Timestamps in UTC without a zone as those of a time zone; as they are for None."""
    return times if zone is None else times.dt.tz_localize("UTC").dt.tz_convert(zone)


def shifted(ticks: Int[np.ndarray, " rows"], zone: str) -> Int[np.ndarray, " rows"]:
    """Microseconds since 1970 in UTC as the clocks of a time zone show them."""
    times = in_zone(pd.Series(ticks.astype("datetime64[us]")), zone).dt.tz_localize(None)
    return times.astype("datetime64[us]").astype(np.int64).to_numpy()


def has(value: Any, *attributes: str) -> bool:
    """Whether an object that is no text has all these attributes."""
    return not isinstance(value, str) and all(hasattr(value, attribute) for attribute in attributes)


def _is_numeric(dtype: str) -> bool:
    return dtype.lower().startswith(("int", "uint", "float"))


def _python(value: Any) -> Any:
    if isinstance(value, pd.Timestamp):
        return value.tz_convert("UTC").to_pydatetime() if value.tz else value.to_pydatetime()
    return value.to_pytimedelta() if isinstance(value, pd.Timedelta) else value
