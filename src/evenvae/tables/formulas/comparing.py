"""Comparisons of cells: numbers, texts, levels with an order, and dates with texts that spell them."""

import datetime
import re
import zoneinfo

import numpy as np
import pandas as pd
from jaxtyping import Float

from evenvae.tables.formulas.cells import WORDS, Cells
from evenvae.tables.formulas.functions import numbers_for_texts
from evenvae.tables.formulas.tree import Value
from evenvae.tables.suggestions import nearest

SIGNS = {"==": np.equal, "!=": np.not_equal, "<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal}
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
LONGEST_TIME = 40
"""Longer texts spell no date and no span of time."""
_PLURAL = {"time": "a date such as '2020-12-31'", "clock": "a time such as '10:30'", "span": "a span such as '2 days'"}


Sides = tuple[np.ndarray, np.ndarray]
"""Numbers of the left and of the right side, each (rows,) or (1,)."""


class IncomparableError(Exception):
    """Two kinds of cells cannot be compared; the evaluation says where."""


def compared(a: Cells, sign: str, b: Cells) -> Float[np.ndarray, " rows"]:
    """1 where a comparison holds, 0 where it does not, NaN where a side is missing.

    Raises:
        IncomparableError: the sides are of different kinds.
    """
    left, right = _comparable(a, b, sign)
    holds = SIGNS[sign](left, right)
    return np.where(np.isnan(left) | np.isnan(right), np.nan, holds.astype(float))


def contained(cells: Cells, values: tuple[Value, ...]) -> Float[np.ndarray, " rows"]:
    """1 where a cell is one of the values, 0 where it is none, NaN where it is missing.

    Raises:
        IncomparableError: a value is of another kind than the cells.
    """
    texts, numbers = (
        [v for v in values if isinstance(v, str)],
        [float(v) for v in values if not isinstance(v, str)],
    )
    if cells.kind == "text" and not numbers:
        inside = numbers_for_texts(cells, [float(text in texts) for text in cells.texts])
    elif cells.kind in _PLURAL and not numbers:
        inside = np.isin(cells.values, _spelled(Cells.of_texts([*texts]), cells)).astype(float)
    elif cells.kind in ("number", "flag") and not texts:
        inside = np.isin(cells.values, numbers).astype(float)
    else:
        strange = WORDS["number" if cells.kind == "text" or not texts else "text"]
        raise IncomparableError(f"{WORDS[cells.kind]} cannot be compared with {strange}")
    return np.where(np.isnan(cells.values), np.nan, inside)


def as_span(cells: Cells, other: Cells) -> Cells:
    """A constant text such as '2 days' as a span of time where the other side is a date or a span."""
    if not (cells.constant and cells.kind == "text" and other.kind in ("time", "span")):
        return cells
    seconds = _span(cells.texts[0])
    return cells if np.isnan(seconds) else Cells("span", np.array([seconds]))


def _comparable(a: Cells, b: Cells, sign: str) -> Sides:
    """Numbers of both sides, whose order is that of the cells."""
    numbers = ("number", "flag")
    if a.kind in numbers and b.kind in numbers:
        return a.values, b.values
    if a.kind == "text" and b.kind == "text":
        return _ranks(a, b, sign)
    if a.kind in _PLURAL and b.kind == "text":
        return a.values, _spelled(b, a)
    if b.kind in _PLURAL and a.kind == "text":
        return _spelled(a, b), b.values
    if a.kind == b.kind:
        return a.values, b.values
    raise IncomparableError(f"{WORDS[a.kind]} cannot be compared with {WORDS[b.kind]}")


def _ranks(a: Cells, b: Cells, sign: str) -> Sides:
    """Places of texts in their common order: that of the levels where it has a meaning, else that of the alphabet."""
    ordered = next((cells.texts for cells in (a, b) if cells.ordered), None)
    if sign not in ("==", "!=") and ordered is not None:
        for cells in (a, b):
            strange = [text for text in cells.texts if text not in ordered]
            if strange and (cells.constant or cells.ordered):
                raise IncomparableError(f"{strange[0]!r} is no level of the column; {nearest(strange[0], ordered)}")
    order = {text: float(place) for place, text in enumerate(ordered or sorted({*a.texts, *b.texts}))}
    if sign in ("==", "!="):
        order = {text: float(place) for place, text in enumerate(sorted({*a.texts, *b.texts}))}
    ranks = [numbers_for_texts(cells, [order.get(text, np.nan) for text in cells.texts]) for cells in (a, b)]
    return ranks[0], ranks[1]


def _spelled(texts: Cells, other: Cells) -> Float[np.ndarray, " rows"]:
    """The seconds that texts spell, as the other side counts them."""
    read = {"time": lambda text: time_of(text, other.zone), "clock": _clock, "span": _span}[other.kind]
    seconds = [read(text) for text in texts.texts]
    for text, found in zip(texts.texts, seconds, strict=True):
        if np.isnan(found):
            raise IncomparableError(f"{WORDS[other.kind]} are compared with a text that is none: {text[:40]!r}; write "
                                    f"{_PLURAL[other.kind]}")  # fmt: skip
    return numbers_for_texts(texts, seconds)


def time_of(text: str, zone: str | None) -> float:
    """Seconds since 1970 of a date in ISO 8601, in the zone if the text names none; NaN for other texts."""
    text = text.strip()
    if len(text) > LONGEST_TIME:
        return np.nan
    full = text + {4: "-01-01", 7: "-01"}.get(len(text), "") if re.fullmatch(r"\d{4}(-\d{2})?", text) else text
    try:
        found = datetime.datetime.fromisoformat(full)
        if found.tzinfo is None:
            found = found.replace(tzinfo=_zone(zone))
        return (found - EPOCH).total_seconds()
    except (ValueError, OverflowError, zoneinfo.ZoneInfoNotFoundError):
        return np.nan


def _zone(name: str | None) -> datetime.tzinfo:
    """A time zone by its name, or by an offset such as "UTC+02:00"."""
    offset = re.fullmatch(r"UTC([+-])(\d{2}):(\d{2})", name or "")
    if offset is None:
        return zoneinfo.ZoneInfo(name) if name else datetime.UTC
    ahead = datetime.timedelta(hours=int(offset[2]), minutes=int(offset[3]))
    return datetime.timezone(ahead if offset[1] == "+" else -ahead)


def _clock(text: str) -> float:
    try:
        found = datetime.time.fromisoformat(text.strip())
    except ValueError:
        return np.nan
    return found.hour * 3600 + found.minute * 60 + found.second + found.microsecond / 1e6


def _span(text: str) -> float:
    if len(text) > LONGEST_TIME or not re.search(r"\d", text):
        return np.nan
    try:
        return pd.Timedelta(text).total_seconds()
    except (ValueError, OverflowError):
        return np.nan
