"""The cells of a column as a formula computes with them."""

import dataclasses
from typing import Any, Literal

import numpy as np
import pandas as pd
from jaxtyping import Float
from pandas.api import types

from evenvae.tables.columns.datetimes import zone_of
from evenvae.tables.columns.level import codes
from evenvae.tables.columns.missing_cells import distinct_cells, number_or_none, observed_cells
from evenvae.tables.columns.quantity import Quantity
from evenvae.tables.columns.time_spelling import offset_of
from evenvae.tables.formulas.tree import Value
from evenvae.tables.schema.column import Column

Kind = Literal["number", "flag", "text", "time", "span", "clock"]
WORDS: dict[str, str] = {
    "number": "numbers",
    "flag": "truth values",
    "text": "texts",
    "time": "dates",
    "span": "spans of time",
    "clock": "times of day",
}
"""The kinds of cells in messages."""


@dataclasses.dataclass(frozen=True, eq=False)
class Cells:
    """One value in every row, or a single value for all rows.

    Attributes:
        kind: what the cells are.
        values: numbers; 1 and 0 for true and false; places among ``texts``; seconds since 1970 in UTC (time), of a
            span, or since midnight (clock). NaN where a cell is missing or cannot be computed.
        texts: the distinct texts.
        ordered: whether the order of the texts has a meaning.
        zone: the time zone in which a time is read, such as "Europe/Paris"; None is UTC.
        constant: whether the formula gives the value itself.
    """

    kind: Kind
    values: Float[np.ndarray, " rows"]
    texts: tuple[str, ...] = ()
    ordered: bool = False
    zone: str | None = None
    constant: bool = False

    @classmethod
    def of_constant(cls, value: Value) -> "Cells":
        """A constant of a formula."""
        if isinstance(value, str):
            return cls("text", np.zeros(1), (value,), constant=True)
        return cls("flag" if isinstance(value, bool) else "number", np.array([float(value)]), constant=True)

    @classmethod
    def of_texts(cls, cells: list[str | None]) -> "Cells":
        """Texts; None where a cell is missing."""
        place, unique = pd.factorize(np.array(cells, dtype=object))
        return cls("text", np.where(place < 0, np.nan, place), tuple(map(str, unique)))

    @classmethod
    def of_column(cls, cells: pd.Series, column: Column) -> "Cells":
        """The cells of a column of a table; for a column that is not modelled, their type decides what they are."""
        if column.role not in ("feature", "task"):
            return _by_type(cells, column.missing)
        seen = observed_cells(cells, column.missing)
        if column.discrete or column.role == "task":
            return _of_levels(cells, seen, column)
        codec = column.codec
        if not isinstance(codec, Quantity):
            return _by_type(cells, column.missing)
        return cls.of_values(codec.numbers(cells, seen, column), column)

    @classmethod
    def of_values(cls, values: Float[np.ndarray, " rows"], column: Column) -> "Cells":
        """The encoded values of a feature, such as codes of levels; NaN where a cell is missing."""
        if not column.discrete:
            kind = "time" if column.is_datetime else {"time": "clock", "duration": "span"}.get(column.kind, "number")
            return cls(kind, values, zone=_zone(column))  # type: ignore[arg-type]
        kind, levels = kind_of_levels(column)
        if kind == "text":
            return cls(kind, values, tuple(map(str, levels)), column.has_order)
        listed = np.array([np.nan if isinstance(level, str) else float(level) for level in [*levels, np.nan]])
        return cls(kind, listed[np.where(np.isnan(values), len(levels), values).astype(int)])


def kind_of_levels(column: Column) -> tuple[Kind, tuple]:
    """Whether the levels of a column are texts, numbers or truth values; and the levels."""
    own = [level for level in column.levels if level != column.pooled]
    if own and all(isinstance(level, bool) for level in own):
        return "flag", column.levels
    if own and all(isinstance(level, int | float) and not isinstance(level, bool) for level in own):
        return "number", column.levels
    return "text", column.levels


def _of_levels(cells: pd.Series, seen: np.ndarray, column: Column) -> Cells:
    """Levels; a text that is no level of the column stands for itself."""
    place, unique = distinct_cells(cells.where(pd.Series(seen, index=cells.index)))
    found, _ = codes(pd.Series(list(unique), dtype=object), np.ones(len(unique), bool), column)
    kind, levels = kind_of_levels(column)
    values, texts = np.full(len(unique) + 1, np.nan), list(map(str, levels))
    rest = column.cardinality - 1 if column.pooled is not None else -1
    for i, cell in enumerate(unique):
        known = not np.isnan(found[i]) and (found[i] != rest or str(cell) == column.pooled)
        if kind == "text":
            values[i] = found[i] if known else len(texts)
            texts += [] if known else [str(cell)]
        else:
            number = number_or_none(levels[int(found[i])] if known else cell)
            values[i] = np.nan if number is None else number
    return Cells(kind, values[place], tuple(texts) if kind == "text" else (), kind == "text" and column.has_order)


def _by_type(cells: pd.Series, missing: tuple[Any, ...]) -> Cells:
    seen = observed_cells(cells, missing)
    if types.is_bool_dtype(cells.dtype) or types.is_numeric_dtype(cells.dtype):
        kind: Kind = "flag" if types.is_bool_dtype(cells.dtype) else "number"
        return Cells(kind, np.where(seen, cells.to_numpy(dtype=float, na_value=np.nan), np.nan))
    observed = cells[seen]
    if len(observed) and all(isinstance(cell, int | float | np.number) for cell in observed):
        numbers = np.full(len(cells), np.nan)
        numbers[seen] = observed.astype(float)
        return Cells("flag" if all(isinstance(cell, bool) for cell in observed) else "number", numbers)
    return Cells.of_texts([str(cell) if good else None for cell, good in zip(cells, seen, strict=True)])


def _zone(column: Column) -> str | None:
    if not column.is_datetime:
        return None
    offset = offset_of(column.text_format)
    fixed = f"UTC{'-' if offset < 0 else '+'}{abs(offset) // 3600:02d}:{abs(offset) // 60 % 60:02d}"
    return zone_of(column) or (fixed if offset else None)
