"""The functions that a formula may use."""

import dataclasses
import functools
import zoneinfo
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from evenvae.tables.columns.temporal import in_zone, timestamps
from evenvae.tables.columns.time_spelling import seconds_of
from evenvae.tables.formulas.cells import WORDS, Cells
from evenvae.tables.formulas.tree import Listing, Table, Value

MOST_DIGITS = 12
DAY = 86_400.0


class WrongArgumentError(Exception):
    """A function was given what it does not take; the evaluation says where."""


@dataclasses.dataclass(frozen=True)
class Function:
    """A function of a formula: how many arguments it takes, how it is written, and what it does.

    ``apply`` gets `Cells` for values, and the nodes of lists and tables. It raises `WrongArgumentError`.
    """

    apply: Callable[..., Cells]
    words: str
    least: int = 1
    most: int = 1


def _of(found: Any, *kinds: str) -> Cells:
    if not isinstance(found, Cells) or found.kind not in kinds:
        given = WORDS[found.kind] if isinstance(found, Cells) else "a list"
        wanted = " or ".join(WORDS[kind] for kind in kinds if kind != "flag" or len(kinds) == 1)
        raise WrongArgumentError(f"takes {wanted}, not {given}")
    return found


def _constant(found: Any, kind: str, what: str) -> Any:
    if not isinstance(found, Cells) or not found.constant or found.kind != kind:
        raise WrongArgumentError(f"takes {what} that is written in the formula")
    return found.texts[0] if kind == "text" else found.values[0]


def _number(function: Callable[[np.ndarray], np.ndarray]) -> Callable[[Any], Cells]:
    return lambda x: Cells("number", function(_of(x, "number", "flag").values))


def _round(x: Any, digits: Any = None) -> Cells:
    places = 0 if digits is None else _constant(digits, "number", "a number of digits")
    if places != int(places) or abs(places) > MOST_DIGITS:
        raise WrongArgumentError(f"takes a whole number of digits up to {MOST_DIGITS}")
    return Cells("number", np.round(_of(x, "number", "flag").values, int(places)))


def _over_rows(combine: Callable[[list[np.ndarray]], np.ndarray]) -> Callable[..., Cells]:
    def apply(*values: Any) -> Cells:
        numbers = all(isinstance(x, Cells) and x.kind in ("number", "flag") for x in values)
        kind = "number" if numbers else _of(values[0], "number", "time", "span", "clock").kind
        found = [_of(x, "number", "flag") if numbers else _of(x, kind) for x in values]
        return Cells(kind, combine([x.values for x in found]), zone=found[0].zone)

    return apply


def _sum(*values: Any) -> Cells:
    if any(isinstance(x, Cells) and x.kind in ("time", "clock") for x in values):
        raise WrongArgumentError("takes numbers or spans of time, not dates")
    return _over_rows(lambda found: functools.reduce(np.add, found))(*values)


def _of_text(function: Callable[[str], str]) -> Callable[[Any], Cells]:
    def apply(x: Any) -> Cells:
        cells = _of(x, "text")
        return replaced_texts(cells, [function(text) for text in cells.texts])

    return apply


def replaced_texts(cells: Cells, texts: list[str | None]) -> Cells:
    """Texts in place of others; None makes a cell missing."""
    new = Cells.of_texts([*texts, None])
    places = np.where(np.isnan(cells.values), len(texts), cells.values).astype(int)
    return dataclasses.replace(new, values=new.values[places])


def numbers_for_texts(cells: Cells, numbers: list[float]) -> np.ndarray:
    """A number for each cell of texts, from those of the distinct texts; NaN where a cell is missing."""
    listed = np.array([*numbers, np.nan])
    return listed[np.where(np.isnan(cells.values), len(numbers), cells.values).astype(int)]


def _prefix(x: Any, length: Any) -> Cells:
    count = _constant(length, "number", "a number of characters")
    if count != int(count) or count < 0:
        raise WrongArgumentError("takes a whole number of characters, 0 or more")
    return _of_text(lambda text: text[: int(count)])(x)


def _about(test: Callable[[str, str], bool]) -> Callable[[Any, Any], Cells]:
    def apply(x: Any, part: Any) -> Cells:
        cells, inner = _of(x, "text"), _constant(part, "text", "a text")
        return Cells("flag", numbers_for_texts(cells, [float(test(text, inner)) for text in cells.texts]))

    return apply


def local_times(cells: Cells) -> pd.Series:
    """Timestamps without a zone, as the clocks of the cells' zone show them."""
    missing = np.isnan(cells.values)
    times: Any = timestamps(cells.values, missing)
    if cells.kind == "clock" or cells.zone in (None, "UTC"):
        return times
    return in_zone(times, cells.zone).dt.tz_localize(None)


def _part(name: str, *kinds: str) -> Callable[[Any], Cells]:
    def apply(x: Any) -> Cells:
        times: Any = local_times(_of(x, *kinds))
        return Cells("number", getattr(times.dt, name).to_numpy(float, na_value=np.nan))

    return apply


def _date(x: Any) -> Cells:
    times: Any = local_times(_of(x, "time"))
    return Cells("time", seconds_of(times.dt.floor("D")))


@functools.cache
def _zones() -> frozenset[str]:
    """The time zones that exist; looking them up reads many files."""
    return frozenset(zoneinfo.available_timezones())


def _in_zone(x: Any, zone: Any) -> Cells:
    name = _constant(zone, "text", "the name of a time zone")
    if name not in _zones():
        raise WrongArgumentError(f"knows no time zone {name!r}; write one as 'Europe/Paris'")
    return dataclasses.replace(_of(x, "time"), zone=name)


def _days(x: Any) -> Cells:
    return Cells("number", _of(x, "span").values / DAY)


def _missing(x: Any) -> Cells:
    return Cells("flag", np.isnan(_of(x, *WORDS).values).astype(float))


def _bin(x: Any, edges: Any, labels: Any) -> Cells:
    cells = _of(x, "number", "flag")
    if not isinstance(edges, Listing) or not isinstance(labels, Listing):
        raise WrongArgumentError("takes a list of edges and a list of labels, as in [18, 35] and ['a', 'b', 'c']")
    borders = [edge for edge in edges.values if isinstance(edge, float)]
    if len(borders) < len(edges.values) or not borders or sorted(set(borders)) != borders:
        raise WrongArgumentError("takes edges that are numbers, each larger than the one before")
    if len(labels.values) != len(borders) + 1:
        raise WrongArgumentError(f"takes one label more than edges: {len(borders) + 1} labels for {len(borders)} edges")
    place = np.where(np.isnan(cells.values), np.nan, np.searchsorted(borders, cells.values, side="right"))
    return chosen(place, labels.values)


def _lookup(x: Any, table: Any) -> Cells:
    cells = _of(x, "number", "flag", "text")
    if not isinstance(table, Table) or not table.keys:
        raise WrongArgumentError("takes a table, as in {'a': 1, 'b': 2}")
    if len({(isinstance(key, str), key) for key in table.keys}) < len(table.keys):
        raise WrongArgumentError("takes each key of its table once")
    if any(isinstance(key, str) != (cells.kind == "text") for key in table.keys):
        raise WrongArgumentError(f"takes keys that are {WORDS[cells.kind]} like its column")
    place = {key: float(i) for i, key in enumerate(table.keys)}
    if cells.kind == "text":
        return chosen(numbers_for_texts(cells, [place.get(text, np.nan) for text in cells.texts]), table.values)
    unique, inverse = np.unique(cells.values, return_inverse=True)
    return chosen(np.array([place.get(key, np.nan) for key in unique.tolist()])[inverse], table.values)


def chosen(place: np.ndarray, values: tuple[Value, ...]) -> Cells:
    """The values at these places of a list; NaN gives a missing cell.

    Raises:
        WrongArgumentError: texts stand beside numbers in the list.
    """
    kinds = {type(value) for value in values}
    if str in kinds and len(kinds) > 1:
        raise WrongArgumentError("takes texts or numbers, not both in one list")
    if str in kinds:
        texts = tuple(map(str, values))
        return replaced_texts(Cells("text", place, texts), list(texts))
    found = np.array([*map(float, values), np.nan])[np.where(np.isnan(place), len(values), place).astype(int)]
    return Cells("flag" if kinds == {bool} else "number", found)


TIMES = ("time",)
CLOCKS = ("time", "clock")
MANY = 100
FUNCTIONS: dict[str, Function] = {
    "abs": Function(_number(np.abs), "abs(number)"),
    "round": Function(_round, "round(number) or round(number, digits)", 1, 2),
    "floor": Function(_number(np.floor), "floor(number)"),
    "ceil": Function(_number(np.ceil), "ceil(number)"),
    "min": Function(_over_rows(lambda found: functools.reduce(np.minimum, found)), "min(a, b, ...)", 2, MANY),
    "max": Function(_over_rows(lambda found: functools.reduce(np.maximum, found)), "max(a, b, ...)", 2, MANY),
    "sum": Function(_sum, "sum(a, b, ...)", 1, MANY),
    "length": Function(
        lambda x: Cells("number", numbers_for_texts(_of(x, "text"), [float(len(text)) for text in x.texts])),
        "length(text)",
    ),
    "lower": Function(_of_text(str.lower), "lower(text)"),
    "upper": Function(_of_text(str.upper), "upper(text)"),
    "startswith": Function(_about(str.startswith), "startswith(text, 'part')", 2, 2),
    "endswith": Function(_about(str.endswith), "endswith(text, 'part')", 2, 2),
    "contains": Function(_about(lambda text, part: part in text), "contains(text, 'part')", 2, 2),
    "prefix": Function(_prefix, "prefix(text, length)", 2, 2),
    "year": Function(_part("year", *TIMES), "year(date)"),
    "quarter": Function(_part("quarter", *TIMES), "quarter(date)"),
    "month": Function(_part("month", *TIMES), "month(date)"),
    "day": Function(_part("day", *TIMES), "day(date)"),
    "day_of_year": Function(_part("day_of_year", *TIMES), "day_of_year(date)"),
    "weekday": Function(_part("day_of_week", *TIMES), "weekday(date)"),
    "hour": Function(_part("hour", *CLOCKS), "hour(time)"),
    "minute": Function(_part("minute", *CLOCKS), "minute(time)"),
    "second": Function(_part("second", *CLOCKS), "second(time)"),
    "date": Function(_date, "date(time)"),
    "days": Function(_days, "days(span)"),
    "in_zone": Function(_in_zone, "in_zone(time, 'Europe/Paris')", 2, 2),
    "bin": Function(_bin, "bin(number, [edges], [labels])", 3, 3),
    "lookup": Function(_lookup, "lookup(column, {key: value})", 2, 2),
    "missing": Function(_missing, "missing(column)"),
}
"""The functions by name. ``bin`` gives its first label below the first edge, and an edge belongs to the bin above it;
``weekday`` is 0 on Mondays."""
