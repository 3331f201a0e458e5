"""The cells of one column as the table holds them, before a codec is chosen."""

import dataclasses
import functools
import numbers
import re
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Bool
from pandas.api import types

from evenvae.tables.columns import number_spelling, time_spelling
from evenvae.tables.columns.missing_cells import observed_cells

FEW_VALUES = 20
"""Whole numbers with at most this many distinct values may be codes: texts stay levels, numbers get a note."""
MOST_DIGITS = 15
"""Longer texts of digits are no quantities: a float does not hold them."""


@dataclasses.dataclass(frozen=True, eq=False)
class RawCells:
    """One column and what several codecs ask about it, computed when it is first asked for.

    Attributes:
        name: the name of the column.
        cells: all cells.
        missing: texts that mean a missing cell in this column, beside `MISSING`.
        text_format: how the texts are spelled, where the user says it.
    """

    name: str
    cells: pd.Series
    missing: tuple[Any, ...] = ()
    text_format: str | None = None

    @functools.cached_property
    def seen(self) -> Bool[np.ndarray, " rows"]:
        """Which cells are observed."""
        return observed_cells(self.cells, self.missing)

    @functools.cached_property
    def observed(self) -> pd.Series:
        """The observed cells."""
        chosen: Any = self.cells[self.seen]
        return chosen

    @functools.cached_property
    def classes(self) -> list[type]:
        """The classes of the observed cells."""
        return list(dict.fromkeys(map(type, self.observed)))

    @functools.cached_property
    def distinct(self) -> int:
        """How many distinct observed values there are."""
        return int(self.observed.nunique())

    @property
    def first(self) -> Any:
        """The first observed cell, or None where no cell is observed."""
        return self.observed.iloc[0] if len(self.observed) else None

    @property
    def is_category(self) -> bool:
        """Whether the table itself lists the levels (a pandas categorical)."""
        return isinstance(self.cells.dtype, pd.CategoricalDtype)

    @property
    def may_hold_objects(self) -> bool:
        """Whether the type of the column leaves open what its cells are: texts, or objects of any class."""
        return types.is_object_dtype(self.cells.dtype) or types.is_string_dtype(self.cells.dtype)

    @functools.cached_property
    def texts(self) -> list[str]:
        """The distinct observed cells where all of them are texts, else an empty list."""
        if not self.may_hold_objects or self.is_category or not isinstance(self.first, str):
            return []
        return self.observed.unique().tolist() if all(issubclass(found, str) for found in self.classes) else []

    @functools.cached_property
    def times(self) -> time_spelling.Found:
        """How the texts spell times."""
        if self.text_format:
            return time_spelling.told(self.text_format) if self.texts else time_spelling.Found()
        return time_spelling.find(self.texts) if self.texts else time_spelling.Found()

    @functools.cached_property
    def numbers(self) -> number_spelling.Found:
        """How the texts spell numbers."""
        if self.times.kind is not None:
            return number_spelling.Found()
        if self.texts and self.text_format:
            return number_spelling.told(self.name, self.text_format)
        if self.texts:
            return number_spelling.find(self.texts)
        mixed = self.may_hold_objects and not self.is_category and not self.holds_numbers
        if not mixed or not any(map(_is_number, self.classes)):
            return number_spelling.Found()
        # numbers beside texts: what they spell says at least what is in doubt
        return number_spelling.Found(doubt=number_spelling.find(self.observed.astype(str).unique().tolist()).doubt)

    @functools.cached_property
    def spells_numbers(self) -> bool:
        """Whether the texts are quantities: every one is a number, and they are neither codes nor few."""
        spelling = self.numbers.spelling
        if spelling is None or self.text_format:
            return spelling is not None
        if number_spelling.has_leading_zeros(self.texts):
            return False
        whole = spelling.plain and spelling.most == 0
        return not whole or (len(self.texts) > FEW_VALUES and max(map(len, self.texts)) <= MOST_DIGITS)

    @functools.cached_property
    def holds_numbers(self) -> bool:
        """Whether the cells are numbers in a column of objects, such as numbers beside None or beside texts of such."""
        if not types.is_object_dtype(self.cells.dtype):
            return False
        numeric = [_is_number(found) for found in self.classes]
        if not any(numeric) or not all(n or issubclass(c, str) for n, c in zip(numeric, self.classes, strict=True)):
            return False
        return all(numeric) or all(_is_plain(cell) for cell in self.observed.unique() if isinstance(cell, str))


def _is_number(found: type) -> bool:
    """Whether cells of a class are real numbers. For Python, a Decimal is a number that is not real."""
    return issubclass(found, numbers.Number) and not issubclass(found, bool | np.bool_ | complex | np.complexfloating)


def _is_plain(cell: Any) -> bool:
    """Whether a text is a number as Python writes it, without leading zeros."""
    return isinstance(cell, str) and re.fullmatch(r"\s*[+-]?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?\s*", cell) is not None
