"""A part of a date: its year, month, weekday, hour, or the date without its time; also in another time zone."""

import dataclasses

import numpy as np
from jaxtyping import Bool

from evenvae.tables.formulas import spelled_constant
from evenvae.tables.formulas.functions import FUNCTIONS
from evenvae.tables.relations.lookups import FEWEST_ROWS, table_of
from evenvae.tables.relations.sample import Sample
from evenvae.tables.relations.seen import Rows, Seen, beyond_chance, both, spread

PARTS = ("year", "month", "day", "hour", "minute", "second", "weekday", "day_of_year", "quarter")
NAMED = ("weekday", "month", "quarter", "hour")
"""Parts that tables also give by name, such as Monday."""
ZONES = (
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Phoenix",
    "America/Los_Angeles",
    "America/Toronto",
    "America/Mexico_City",
    "America/Sao_Paulo",
    "America/Bogota",
    "America/Argentina/Buenos_Aires",
    "Europe/London",
    "Europe/Paris",
    "Europe/Athens",
    "Europe/Moscow",
    "Europe/Istanbul",
    "Africa/Lagos",
    "Africa/Cairo",
    "Africa/Johannesburg",
    "Africa/Nairobi",
    "Asia/Dubai",
    "Asia/Karachi",
    "Asia/Kolkata",
    "Asia/Dhaka",
    "Asia/Bangkok",
    "Asia/Shanghai",
    "Asia/Tokyo",
    "Australia/Sydney",
    "Australia/Perth",
    "Pacific/Auckland",
    "Pacific/Honolulu",
    "UTC",
)
"""Time zones in which a date may have been read; zones with the same clocks are listed once."""
FEW = 48
"""Most parts are ruled out by so many rows."""
DAY = 86_400.0


def possible(sample: Sample, target: int) -> Bool[np.ndarray, " D"]:
    """The columns that hold dates or times."""
    del target
    return sample.of_kind("time", "clock")


def find(target: Seen, source: Seen) -> str | None:
    """A formula such as ``month(source)`` or ``hour(in_zone(source, 'Europe/Paris'))``."""
    rows = both(target, source) if source.cells.kind in ("time", "clock") else None
    if rows is None:
        return None
    parts = _parts(source)
    own = target.values[source.memory["few"]]
    for (part, zone), values in parts.items():
        if (target.cells.kind == "time") != (part == "date") or not (part == "date" or target.is_number):
            continue
        with np.errstate(invalid="ignore"):
            if ((values != own) & ~np.isnan(own)).any() or (part != "date" and not _in_range(part, target)):
                continue
        if (_part(source, part, zone, rows.all) == target.values[rows.all]).all() and beyond_chance(target, rows):
            return spelled(source, part, zone)
    if source.cells.kind == "clock" or not target.column.discrete:
        return None
    return next(filter(None, (_named(target, part, source, rows) for part in NAMED)), None)


def spelled(source: Seen, part: str, zone: str | None) -> str:
    """The formula of a part of a date, read in a zone or as it is."""
    return f"{part}(in_zone({source.name}, {spelled_constant(zone)}))" if zone else f"{part}({source.name})"


def _parts(source: Seen) -> dict[tuple[str, str | None], np.ndarray]:
    """Every part of a few cells, read as they are and on the clocks of several zones."""
    if "parts" not in source.memory:
        few = spread(np.flatnonzero(source.observed), FEW)
        within_days = source.cells.kind == "time" and bool((source.values[few] % DAY != 0).any())
        zones = [None, *(zone for zone in ZONES if zone != (source.cells.zone or "UTC"))] if within_days else [None]
        parts = ("date", *PARTS) if source.cells.kind == "time" else PARTS[3:6]
        source.memory["few"] = few
        source.memory["parts"] = {
            (part, zone): _part(source, part, zone, few) for zone in zones for part in parts if _differs(part, zone)
        }
    return source.memory["parts"]


def _differs(part: str, zone: str | None) -> bool:
    """Whether a part may be another one in another zone; seconds are not, and minutes hardly ever."""
    return zone is None or part not in ("minute", "second")


def _part(source: Seen, part: str, zone: str | None, rows: np.ndarray) -> np.ndarray:
    cells = dataclasses.replace(source.cells, values=source.values[rows], zone=zone or source.cells.zone)
    return FUNCTIONS[part].apply(cells).values


def _in_range(part: str, target: Seen) -> bool:
    low, high = {"year": (1, 9999), "day_of_year": (1, 366), "month": (1, 12), "day": (1, 31), "hour": (0, 23),
                 "weekday": (0, 6), "quarter": (1, 4)}.get(part, (0, 59))  # fmt: skip
    return target.whole and bool(low <= target.distinct[0] and target.distinct[-1] <= high)


def _named(target: Seen, part: str, source: Seen, rows: Rows) -> str | None:
    """A table from a part of the date to the levels of the target."""
    few = rows.few
    if len(rows.all) < FEWEST_ROWS or table_of(target, _part(source, part, None, few), few) is None:
        return None
    return table_of(target, _part(source, part, None, rows.all), rows.all, spelled(source, part, None))
