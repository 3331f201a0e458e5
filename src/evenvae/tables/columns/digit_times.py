"""Dates and times of day that whole numbers spell: 20240131, 202401 and 1430."""

import numpy as np
import pandas as pd
from jaxtyping import Float

DATE, MONTH, CLOCK = "%Y%m%d", "%Y%m", "%H%M"
FORMATS = {DATE: ("datetime", "dates as yyyymmdd"), MONTH: ("datetime", "months as yyyymm"),
           CLOCK: ("time", "times of day as hhmm")}  # fmt: skip
"""The formats, with the kind of column that they make and the same in words."""
FEWEST = {DATE: 10, MONTH: 10, CLOCK: 30}
"""So many distinct numbers are not valid times by chance."""
FIRST_YEAR, LAST_YEAR = 1800, 2199


def format_of(values: Float[np.ndarray, " rows"]) -> str | None:
    """The format in which all numbers are times, where they are too many to be so by chance; else None."""
    distinct = np.unique(values)
    for text_format, fewest in FEWEST.items():
        valid = len(distinct) >= fewest and (snapped(distinct, text_format) == distinct).all()
        if valid and (text_format != CLOCK or _spread(distinct)):
            return text_format
    return None


def seconds(values: Float[np.ndarray, " rows"], text_format: str) -> Float[np.ndarray, " rows"]:
    """Seconds since 1970, or since midnight, of valid numbers; NaN for numbers that are no times."""
    valid = snapped(values, text_format) == values
    if text_format == CLOCK:
        return np.where(valid, values // 100 * 3600 + values % 100 * 60, np.nan)
    whole = np.where(valid, values, 20000101 if text_format == DATE else 200001).astype(np.int64)
    times = pd.to_datetime(pd.Series(whole.astype(str)), format=text_format).astype("datetime64[s]")
    return np.where(valid, times.astype(np.int64).to_numpy(), np.nan)


def numbers(seconds: Float[np.ndarray, " rows"], text_format: str) -> Float[np.ndarray, " rows"]:
    """The numbers that spell times; undoes `seconds`. NaN stays."""
    missing = np.isnan(seconds)
    whole = np.where(missing, 0, np.round(seconds)).astype(np.int64)
    if text_format == CLOCK:
        return np.where(missing, np.nan, whole // 3600 * 100 + whole % 3600 // 60)
    spelled = pd.Series(whole.astype("datetime64[s]")).dt.strftime(text_format).astype(float).to_numpy()
    return np.where(missing, np.nan, spelled)


def snapped(values: Float[np.ndarray, " rows"], text_format: str) -> Float[np.ndarray, " rows"]:
    """The nearest smaller numbers that are times, for numbers that are none; NaN stays."""
    whole = np.round(values)
    if text_format == CLOCK:
        hour = np.clip(whole // 100, 0, 24)
        minute = np.where(hour == 24, 0, np.minimum(whole % 100, 59))
        return np.where(np.isnan(values), np.nan, hour * 100 + minute)
    month = whole // 100 if text_format == DATE else whole
    year = np.clip(month // 100, FIRST_YEAR, LAST_YEAR)
    month = np.clip(month % 100, 1, 12)
    if text_format == MONTH:
        return np.where(np.isnan(values), np.nan, year * 100 + month)
    day = np.clip(whole % 100, 1, _days(year, month))
    return np.where(np.isnan(values), np.nan, (year * 100 + month) * 100 + day)


def _days(year: Float[np.ndarray, " rows"], month: Float[np.ndarray, " rows"]) -> Float[np.ndarray, " rows"]:
    lengths = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], float)
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    of_month = lengths[np.nan_to_num(month, nan=1).astype(int) - 1]
    return of_month + (leap & (month == 2))


def _spread(distinct: Float[np.ndarray, " distinct"]) -> bool:
    """Whether numbers lie in several hours and minutes, which counts and years do not."""
    return len(np.unique(distinct // 100)) >= 5 and len(np.unique(distinct % 100)) >= 10
