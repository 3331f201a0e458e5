"""A number that is another one times a constant, plus a constant, possibly rounded: another unit, another origin."""

import numpy as np
from jaxtyping import Bool, Float

from evenvae.tables.formulas import spelled_constant
from evenvae.tables.relations.round_numbers import roundest, significant
from evenvae.tables.relations.sample import Sample
from evenvae.tables.relations.seen import Seen, beyond_chance, both

FEWEST_VALUES = 3
FEWEST_ROUNDED = 20
"""Distinct values that a rounded column must have; a few steps can be met by many lines."""
MOST_DIGITS = 15


def possible_exact(sample: Sample, target: int) -> Bool[np.ndarray, " D"]:
    """The columns that may lie on a line with a column without rounding, as far as a few rows show."""
    return _possible(sample, target, exact=True)


def possible_rounded(sample: Sample, target: int) -> Bool[np.ndarray, " D"]:
    """The columns that may lie near a line with a column, as far as a few rows show; rounding is hardly judged here."""
    return _possible(sample, target, exact=False)


def _possible(sample: Sample, target: int, exact: bool) -> Bool[np.ndarray, " D"]:
    own = sample.cells[target]
    # truth values have too few values for a line
    candidates = sample.of_kind("number") & ~sample.flags
    if not candidates[target] or np.isnan(own).all():
        return np.zeros(len(sample.kinds), bool)
    first, last = np.nanargmin(own), np.nanargmax(own)
    width = own[last] - own[first]
    if width == 0:
        return candidates
    steps = sample.cells - sample.cells[:, [first]]
    away = np.abs(own[first] + steps * (width / steps[:, [last]]) - own)
    # rounding moves a cell by a part of a step between two cells; what moves it without rounding is far less than this
    step = 1e-6 * width if exact else np.diff(np.unique(own[~np.isnan(own)])).min()
    return ~(away > 4 * step + 1e-7 * np.nanmax(np.abs(own))).any(axis=1) & candidates


def find_exact(target: Seen, source: Seen) -> str | None:
    """A formula such as ``1.8 * source + 32`` that gives the cells without rounding."""
    return _find(target, source, exact=True)


def find_rounded(target: Seen, source: Seen) -> str | None:
    """A formula such as ``2.54 * source`` that gives the cells after rounding."""
    return _find(target, source, exact=False)


def _find(target: Seen, source: Seen, exact: bool) -> str | None:
    if not (target.is_number and source.is_number) or target.column.is_datetime:
        return None
    if not exact and len(target.distinct) < FEWEST_ROUNDED:
        return None
    rows = both(target, source)
    if rows is None:
        return None
    few = rows.few
    half = 0.0 if exact else target.half
    if not _may_be(source.values[few], target.values[few], half):
        return None
    if min(len(target.distinct), len(source.distinct)) < FEWEST_VALUES or not beyond_chance(target, rows):
        return None
    x, y = source.values[rows.all], target.values[rows.all]
    line = _line(x, y, half)
    if line is None:
        return None
    if not exact and line == (1, 0):
        decimals = target.column.decimals
        return f"round({source.name}, {decimals})" if decimals else f"round({source.name})"
    return spelled(source.name, *line)


def spelled(name: str, factor: float, shift: float) -> str:
    """The formula of a line."""
    by = 1 / factor
    inverse = significant(by, 12)
    if factor == 1:
        first = name
    elif factor == -1:
        return f"{spelled_constant(shift)} - {name}" if shift else f"-{name}"
    elif abs(by) > 1 and abs(inverse - by) <= 1e-14 * abs(by) and len(repr(inverse)) < len(repr(factor)):
        first = f"{name} / {spelled_constant(inverse)}"
    else:
        first = f"{spelled_constant(factor)} * {name}"
    if not shift:
        return first
    return f"{first} {'+' if shift > 0 else '-'} {spelled_constant(abs(shift))}"


def _may_be(x: Float[np.ndarray, " some"], y: Float[np.ndarray, " some"], half: float) -> bool:
    """Whether a few rows lie on a line through the outermost two, as nearly as rounding allows."""
    first, last = x.argmin(), x.argmax()
    if x[first] == x[last] or y[first] == y[last]:
        return False
    slope = (y[last] - y[first]) / (x[last] - x[first])
    away = np.abs(y[first] + slope * (x - x[first]) - y)
    return bool(away.max() <= 4 * half + 1e-7 * np.abs(y).max())


def _line(x: Float[np.ndarray, " n"], y: Float[np.ndarray, " n"], half: float) -> tuple[float, float] | None:
    """The roundest factor and shift with which every row is met within half of the last decimal."""
    size = np.abs(x).max()
    centred = x / size - (x / size).mean()
    slope = float((centred * (y - y.mean())).sum() / (centred**2).sum() / size)
    if not np.isfinite(slope) or slope == 0 or not np.isfinite(1 / slope):
        return None
    slack = half + 1e-12 * np.abs(y).max()
    for digits in range(1, MOST_DIGITS + 1):
        for factor in (significant(slope, digits), 1 / significant(1 / slope, digits)):
            rest = y - factor * x
            shift = roundest(float(rest.max()) - slack, float(rest.min()) + slack)
            if shift is not None:
                return factor, shift
    return None
