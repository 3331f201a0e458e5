"""The coarsest unit of time that holds all cells of a column, as decimals are for numbers."""

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped

STEPS = {"day": 86_400, "hour": 3_600, "minute": 60, "second": 1}
"""Units that have one length, in seconds."""
CALENDAR = {"year": "Y", "month": "M"}
"""Units whose length depends on the date, with their names in NumPy."""
TICKS = 1_000_000
"""Ticks of a second. Times are exact to a microsecond: for dates of today, seconds in float64 are no finer."""
LONGEST = 2**63 // TICKS - 1
"""Seconds of the longest span of time that ticks can count, about 292,000 years."""
FIRST_DAY, LAST_DAY_ENDS = np.datetime64("0001-01-01"), np.datetime64("10000-01-01")
"""Begin and end of the years that ISO 8601 spells with four digits; datetimes of Python and texts know no others."""


def coarsest(ticks: Int[np.ndarray, " rows"], dates: bool = True) -> str | None:
    """The coarsest unit in which all times are whole; None where even seconds are too coarse.

    Args:
        ticks: microseconds, for dates since 1970 in local time.
        dates: whether the times are dates, which may be whole months or years.
    """
    if dates:
        times = ticks.astype("datetime64[us]")
        for unit, code in CALENDAR.items():
            if (times.astype(f"datetime64[{code}]").astype("datetime64[us]") == times).all():
                return unit
    return next((unit for unit, step in STEPS.items() if not (ticks % (step * TICKS)).any()), None)


def rounded(ticks: Int[np.ndarray, " rows"], unit: str | None) -> Int[np.ndarray, " rows"]:
    """Times, in microseconds, moved to the nearest whole unit."""
    if unit is None:
        return ticks
    if unit in STEPS:
        step = STEPS[unit] * TICKS
        return (ticks + step // 2) // step * step
    begin = ticks.astype("datetime64[us]").astype(f"datetime64[{CALENDAR[unit]}]")
    before, after = (
        time.astype("datetime64[us]").astype(np.int64) for time in (begin, begin + np.timedelta64(1, CALENDAR[unit]))
    )
    return np.where(ticks - before <= after - ticks, before, after)


def in_known_years(times: Shaped[np.ndarray, " rows"]) -> Bool[np.ndarray, " rows"]:
    """Which of these datetime64 of any unit lie between `FIRST_DAY` and `LAST_DAY_ENDS`; False for NaT."""
    if np.datetime_data(times.dtype)[0] == "ns":
        # nanoseconds end long before, and do not hold the bounds
        return ~np.isnat(times)
    first, end = FIRST_DAY.astype(times.dtype), LAST_DAY_ENDS.astype(times.dtype)
    return (times >= first) & (times < end)


def ticks_of(seconds: Float[np.ndarray, " rows"]) -> Int[np.ndarray, " rows"]:
    """Seconds as microseconds."""
    return np.round(seconds * TICKS).astype(np.int64)
