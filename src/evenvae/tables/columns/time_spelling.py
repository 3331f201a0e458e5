"""How the texts of a column spell points in time, and times of day.

A spelling is a format as of `datetime.strftime`, with three additions: ``%-d``, ``%-m``, ``%-H`` and ``%-I`` write no
leading zero, ``%3f`` writes three digits of a second, and an offset such as ``+02:00`` at the end stands for itself.
"""

import dataclasses
import re
from collections.abc import Callable, Iterable, Sequence

import numpy as np
import pandas as pd
from jaxtyping import Float, Int

from evenvae.tables.columns.time_units import TICKS, in_known_years

FIRST, MOST = 200, 0.9
"""Where fewer than this share of the first texts have a shape, a column is not looked at any further."""
INVALID = "the cells look like dates, but not all of them are valid dates in one format"
_ISO = re.compile(
    r"(?P<date>\d{4}-\d{2}-\d{2})(?:(?P<separator>[T ])(?P<clock>\d{2}:\d{2}(?::\d{2}(?:\.(?P<fraction>\d+))?)?)"
    r"(?P<offset>Z|[+-]\d{2}(?::?\d{2})?)?)?"
)
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,6}))?)?( ?[AaPp]\.?[Mm]\.?)?")
_TWO, _YEAR, _NAME = r"(\d{1,2})", r"(\d{4}|\d{2})", r"([A-Za-z]{3,9})\.?"
_DATES = tuple(
    (re.compile(rf"{date}(?:(?P<separator>,? |T)(?P<clock>{_CLOCK.pattern}))?"), orders)
    for date, orders in (
        (rf"{_TWO}([./-]){_TWO}([./-]){_YEAR}", ("d1m2Y", "m1d2Y")),
        (rf"(\d{{4}})([./-]){_TWO}([./-]){_TWO}", ("Y1m2d",)),
        (r"(\d{4})([./-])(\d{2})", ("Y1m",)),
        (rf"{_TWO}(\.? |-){_NAME}( |-){_YEAR}", ("d1b2Y",)),
        (rf"{_NAME}( ){_TWO}(,? ){_YEAR}", ("b1d2Y",)),
    )
)
"""Shapes of dates in texts, and the orders in which their parts may stand."""
_OFFSET = re.compile(r"(Z|[+-]\d{2}:?\d{2})$")


@dataclasses.dataclass(frozen=True)
class Found:
    """What `find` says of texts.

    Attributes:
        kind: "datetime" or "time"; None where the texts are neither.
        text_format: how they are spelled.
        doubt: what is not certain, as a sentence; empty where all is.
    """

    kind: str | None = None
    text_format: str | None = None
    doubt: str = ""


def find(texts: Sequence[str]) -> Found:
    """How the distinct texts of a column spell times; nothing where most of them do not."""
    texts = [text.strip() for text in texts]
    for shape, describe in ((_ISO, _iso), (_CLOCK, _clock), *((shape, _dates_in(orders)) for shape, orders in _DATES)):
        if sum(shape.fullmatch(text) is not None for text in texts[:FIRST]) < MOST * len(texts[:FIRST]):
            continue
        cells = [shape.fullmatch(text) for text in texts]
        other = [text for text, cell in zip(texts, cells, strict=True) if cell is None]
        if not other:
            return describe(texts, [cell for cell in cells if cell is not None])
        if len(other) <= (1 - MOST) * len(texts):
            return Found(doubt=f"most cells look like dates or times, but {other[0]!r} does not; if it means a missing "
                               f'cell, set missing = ["{other[0]}"]')  # fmt: skip
    return Found()


def told(text_format: str) -> Found:
    """What the user says of texts; nothing where the format is not one of times."""
    if not text_format.startswith("%") and not re.search(r"%-?[YmdHIMSbByp]", text_format):
        return Found()
    return Found("datetime" if re.search(r"%-?[Yymd]", text_format) else "time", text_format)


def is_iso(text_format: str) -> bool:
    """Whether a format is one of ISO 8601."""
    return text_format.startswith("%Y-%m-%d")


def read(texts: Iterable[str], text_format: str | None) -> Float[np.ndarray, " texts"]:
    """Seconds since 1970 in UTC of texts in a format, or else in ISO 8601; NaN where a text is in neither."""
    texts = [text.strip() for text in texts]
    if text_format is None or is_iso(text_format):
        return _read_iso(texts)
    offset = offset_of(text_format)
    plain = re.sub(r"%-", "%", re.sub(r"%\df", "%f", _OFFSET.sub("", text_format) if offset else text_format))
    times: pd.Series = pd.to_datetime(pd.Series(texts, dtype=object), format=plain, errors="coerce")
    found = seconds_of(times) - offset
    lost = np.isnan(found)
    if lost.any():
        found[lost] = _read_iso([text for text, missing in zip(texts, lost, strict=True) if missing])
    return found


def read_clock(texts: Iterable[str]) -> Float[np.ndarray, " texts"]:
    """Seconds since midnight of texts such as ``9:30``, ``09:30:15`` or ``9:30 pm``; NaN for any other."""
    return np.array([_clock_seconds(text.strip()) for text in texts], float)


def write(ticks: Int[np.ndarray, " rows"], text_format: str) -> list[str]:
    """Microseconds since 1970 in UTC as texts."""
    times = pd.Series((ticks + offset_of(text_format) * TICKS).astype("datetime64[us]"))
    marks = re.findall(r"%-[dmHI]|%[1-6]f", text_format)
    if not marks:
        return times.dt.strftime(text_format).tolist()
    return [_written(time, text_format) for time in times]


def offset_of(text_format: str | None) -> int:
    """Seconds by which the texts of a format are ahead of UTC."""
    found = _OFFSET.search(text_format or "")
    if found is None or found[0] == "Z":
        return 0
    sign, digits = found[0][0], found[0][1:].replace(":", "")
    return (1 if sign == "+" else -1) * (int(digits[:2]) * 3600 + int(digits[2:]) * 60)


def seconds_of(times: pd.Series) -> Float[np.ndarray, " rows"]:
    """Seconds since 1970 in UTC of timestamps; a time without a zone counts as UTC. NaN for a time outside the years 1
    to 9999."""
    if getattr(times.dt, "tz", None) is not None:
        times = times.dt.tz_convert("UTC").dt.tz_localize(None)
    known = in_known_years(times.to_numpy())
    # seconds since the year 1 fit into microseconds, those of a damaged file may not
    ticks = times.where(known).astype("datetime64[us]").astype("int64").to_numpy()
    return np.where(known, ticks / TICKS, np.nan)


def _written(time: pd.Timestamp, text_format: str) -> str:
    parts = {"d": time.day, "m": time.month, "H": time.hour, "I": (time.hour - 1) % 12 + 1}
    out = re.sub(r"%-([dmHI])", lambda mark: str(parts[mark[1]]), text_format)
    out = re.sub(r"%([1-6])f", lambda mark: f"{time.microsecond:06d}"[: int(mark[1])], out)
    return time.strftime(out)


def _read_iso(texts: Sequence[str]) -> Float[np.ndarray, " texts"]:
    given = pd.Series([text if _ISO.fullmatch(text) else None for text in texts], dtype=object)
    return seconds_of(pd.to_datetime(given, errors="coerce", format="ISO8601", utc=True))


def _iso_format(cells: Sequence[re.Match[str]]) -> str:
    """The format that holds every cell: the finest clock, the most frequent separator and offset."""
    clocks = [cell for cell in cells if cell["clock"]]
    if not clocks:
        return "%Y-%m-%d"
    digits = max(len(cell["fraction"] or "") for cell in clocks)
    seconds = any(cell["clock"].count(":") == 2 for cell in clocks)
    fraction = f".%{min(digits, 6)}f" if digits else ""
    offset = _most_frequent([cell["offset"] or "" for cell in clocks])
    offset = offset + ":00" if len(offset) == 3 else offset
    separator = _most_frequent([cell["separator"] for cell in clocks])
    return f"%Y-%m-%d{separator}%H:%M{':%S' if seconds else ''}{fraction}{offset}"


def _most_frequent(texts: Sequence[str]) -> str:
    found, counts = np.unique(np.array(texts, dtype=object).astype(str), return_counts=True)
    return str(found[counts.argmax()])


def _clock_format(cells: Sequence[re.Match[str]]) -> str:
    twelve = any(cell[5] for cell in cells)
    padded = all(len(cell[1]) == 2 for cell in cells)
    digits = max(len(cell[4] or "") for cell in cells)
    seconds = ":%S" if any(cell[3] for cell in cells) else ""
    half = next((cell[5] for cell in cells if cell[5]), "")
    hour = ("%" if padded else "%-") + ("I" if twelve else "H")
    return f"{hour}:%M{seconds}{f'.%{digits}f' if digits else ''}" + (" %p" if " " in half else "%p" if twelve else "")


def _clock_seconds(text: str) -> float:
    found = _CLOCK.fullmatch(text)
    if found is None:
        return np.nan
    hour, minute, second = int(found[1]), int(found[2]), int(found[3] or 0)
    if found[5]:
        if not 1 <= hour <= 12:
            return np.nan
        hour = hour % 12 + 12 * ("p" in found[5].lower())
    if hour > 23 or minute > 59 or second > 59:
        return np.nan
    return hour * 3600 + minute * 60 + second + float(f"0.{found[4] or 0}")


def _iso(texts: Sequence[str], cells: Sequence[re.Match[str]]) -> Found:
    text_format = _iso_format(cells)
    return Found("datetime", text_format) if np.isfinite(read(texts, text_format)).all() else Found(doubt=INVALID)


def _clock(texts: Sequence[str], cells: Sequence[re.Match[str]]) -> Found:
    if np.isfinite(read_clock(texts)).all():
        return Found("time", _clock_format(cells))
    return Found(doubt="the cells look like spans of time; give them in hours, minutes or seconds, as numbers")


def _dates_in(orders: Sequence[str]) -> Callable[[Sequence[str], Sequence[re.Match[str]]], Found]:
    """What describes dates that are not in ISO 8601, with or without a clock, whose parts may have these orders."""

    def describe(texts: Sequence[str], cells: Sequence[re.Match[str]]) -> Found:
        formats = [_date_format(cells, order) for order in orders]
        fitting = [text_format for text_format in formats if np.isfinite(read(texts, text_format)).all()]
        return _chosen(texts, fitting) if fitting else Found(doubt=INVALID)

    return describe


def _chosen(texts: Sequence[str], fitting: list[str]) -> Found:
    if len(fitting) == 1:
        return Found("datetime", fitting[0])
    # with dots the day stands first everywhere; with slashes, the month in most files
    day_first, month_first = fitting
    dotted = "." in day_first.split()[0]
    chosen, other = (month_first, day_first) if "/" in day_first else (day_first, month_first)
    if dotted:
        return Found("datetime", chosen)
    return Found("datetime", chosen, f"day and month cannot be told apart (as in {texts[0]!r}); they are read as "
                                     f'{chosen}; if that is wrong, set text_format = "{other}"')  # fmt: skip


def _date_format(cells: Sequence[re.Match[str]], order: str) -> str:
    """The format of dates whose parts stand in this order: letters are parts, digits the separators between them."""
    out = ""
    for group, mark in enumerate(order, 1):
        values = [cell[group] for cell in cells]
        if mark.isdigit():
            out += _most_frequent(values)
        elif mark == "Y":
            out += "%Y" if all(len(value) == 4 for value in values) else "%y"
        elif mark == "b":
            out += "%b" if all(len(value) == 3 for value in values) else "%B"
        else:
            out += ("%" if all(len(value) == 2 for value in values) else "%-") + mark
    clocks = [_CLOCK.fullmatch(cell["clock"]) for cell in cells if cell["clock"]]
    if not clocks:
        return out
    separators = [cell["separator"] for cell in cells if cell["clock"]]
    return out + _most_frequent(separators) + _clock_format([clock for clock in clocks if clock])
