"""Real numbers."""

import dataclasses
import decimal
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float
from pandas.api import types

from evenvae.errors import InputError
from evenvae.tables.columns import digit_times
from evenvae.tables.columns.absurd_numbers import LARGEST, without_absurd
from evenvae.tables.columns.base import Rules, text_of
from evenvae.tables.columns.fields import ColumnFields
from evenvae.tables.columns.missing_cells import observed_texts
from evenvae.tables.columns.number_spelling import NumberSpelling, spelling_of, told
from evenvae.tables.columns.quantity import Quantity, of_distinct, warn_of_absurd, warn_of_others
from evenvae.tables.columns.raw_cells import RawCells
from evenvae.tables.columns.whole_numbers import exact_bounds

MANY_ZEROS = 0.3
"""A larger share of zeros gets a note."""


class Number(Quantity):
    """Numbers of any size: in a numeric type, as Python objects, or as texts that spell them in one way."""

    kinds = ("number",)
    is_number = True

    def kind_of(self, raw: RawCells) -> str | None:
        """Every numeric type, numbers in a column of objects, and texts that all are numbers in one spelling."""
        if types.is_numeric_dtype(raw.cells.dtype) or raw.holds_numbers or raw.spells_numbers:
            return "number"
        return None

    def handles(self, column: ColumnFields) -> bool:
        """Every column with a numeric likelihood that no other codec handles, such as text that spells numbers."""
        return not column.discrete and (column.kind in self.kinds or column.likelihood is not None)

    def kind_with(self, kind: str, discrete: bool) -> str:
        """Numbers with a discrete likelihood are levels."""
        return "level" if discrete else kind

    def describe(self, raw: RawCells, given: Mapping[str, Any], rules: Rules) -> dict[str, Any]:
        """How the cells spell their numbers, and of what class they are; see `Codec.describe`."""
        found, spelled = super().describe(raw, given, rules), spelled_as(raw)
        if "text_format" in spelled and found.get("likelihood") and not given.get("likelihood"):
            found["reason"] = f"{found['reason']}, spelled as {spelled['text_format']}"
        return {**found, **spelled}

    def complete(self, column: ColumnFields, raw: RawCells, given: Mapping[str, Any], rules: Rules) -> dict[str, Any]:
        """Bounds and decimals; the bounds are exact beyond 2^53 too. Where whole numbers are all dates or times, also
        the format that says so."""
        if raw.texts and not column.text_format and raw.numbers.spelling is not None:
            # the user says that these texts are numbers
            spelled = {"text_format": raw.numbers.spelling.pattern}
            return spelled | self.complete(dataclasses.replace(column, **spelled), raw, given, rules)
        found = super().complete(column, raw, given, rules)
        if found.get("decimals", column.decimals) != 0:
            return found
        if "low" in found and "high" in found:
            found["low"], found["high"] = exact_bounds(raw, found["low"], found["high"])
        text_format = None if raw.texts else digit_times.format_of(self.observed_numbers(raw))
        return {**found, "text_format": text_format} if text_format and not column.text_format else found

    def learnable(self, raw: RawCells) -> RawCells:
        """The cells without infinite and absurd numbers, which would be levels, constants and bounds of the column."""
        values = self.numbers(raw.cells, raw.seen, ColumnFields(raw.name, **spelled_as(raw)))
        kept = without_absurd(values[~np.isnan(values)])
        infinite = np.isinf(values)
        absurd = (values < kept.min()) | (values > kept.max()) if kept.size else infinite
        if not absurd.any():
            return raw
        if infinite.any():
            warn_of_others(raw.name, int(infinite.sum()), self.needed)
        if (absurd & ~infinite).any():
            warn_of_absurd(raw.name, values, absurd & ~infinite)
        return dataclasses.replace(raw, cells=raw.cells.mask(absurd))

    def guess(self, raw: RawCells, rules: Rules) -> dict[str, Any]:
        """Lognormal from 0 up, else normal."""
        del rules
        values = self.numbers_to_learn(raw)
        if values.min() >= 0:
            return {"likelihood": "lognormal", "reason": "numbers from 0 up", "rule": "4", "note": zeros_note(values)}
        return {"likelihood": "normal", "reason": "real numbers", "rule": "4"}

    def observed_numbers(self, raw: RawCells) -> Float[np.ndarray, " observed"]:
        """The observed numbers, without those that count as missing."""
        values = self.numbers(raw.cells, raw.seen, ColumnFields(raw.name, **spelled_as(raw)))
        return without_absurd(values[~np.isnan(values)])

    def numbers_to_learn(self, raw: RawCells) -> Float[np.ndarray, " observed"]:
        """`observed_numbers`, of a column that has some.

        Raises:
            InputError: no number is left.
        """
        values = self.observed_numbers(raw)
        if not values.size:
            raise InputError(
                f"Column {raw.name!r} holds no number between -{LARGEST:g} and {LARGEST:g}; divide it by a constant, "
                'or give it role = "ignored" in the schema.'
            )
        return values

    def parse(self, observed: pd.Series, column: ColumnFields) -> Float[np.ndarray, " rows"]:
        """Numbers, or texts that spell them."""
        if types.is_numeric_dtype(observed.dtype):
            return observed.to_numpy(dtype=float, na_value=np.nan)
        return of_distinct(observed, lambda cells: _read(cells, _spelling(column)))

    def restore(
        self, values: Float[np.ndarray, " rows"], missing: Bool[np.ndarray, " rows"], column: ColumnFields
    ) -> pd.Series:
        """The numbers themselves; texts or decimals where the column holds such."""
        spelling = _spelling(column)
        if spelling is not None:
            of_text = decimal.Decimal if column.value_type == "Decimal" else str
            cells = zip(spelling.write(values), missing, strict=True)
            return pd.Series([None if lost else of_text(text) for text, lost in cells], dtype=object)
        return pd.Series(values)

    def texts(self, values: pd.Series, column: ColumnFields, spelled: Sequence[str]) -> list[str]:
        """Each number as the file itself spells its numbers; see `Codec.texts`."""
        spelling = spelling_of(observed_texts(spelled, column.missing))
        if spelling is None or any(isinstance(value, str) for value in values):
            return [text_of(value, column.decimals) for value in values]
        return spelling.write(values.to_numpy(float))


def spelled_as(raw: RawCells) -> dict[str, Any]:
    """The fields of a column whose cells spell numbers, as texts and decimals do; empty for any other column."""
    if raw.holds_numbers and isinstance(raw.first, decimal.Decimal):
        spelling = spelling_of([str(cell) for cell in raw.observed.unique()])
        return {"value_type": "Decimal", "text_format": spelling.pattern} if spelling else {}
    if not raw.spells_numbers or raw.numbers.spelling is None:
        return {}
    return {"text_format": raw.numbers.spelling.pattern, "doubt": raw.numbers.doubt}


def zeros_note(values: Float[np.ndarray, " observed"]) -> str:
    """A note for a continuous column with many zeros."""
    zeros = float((values == 0).mean())
    return f"{zeros:.0%} of the cells are 0, which no continuous likelihood fits well" if zeros >= MANY_ZEROS else ""


def _spelling(column: ColumnFields) -> NumberSpelling | None:
    """The spelling of a column of texts; None where it has none, or where its format is one of times."""
    if not column.text_format or column.text_format.startswith("%"):
        return None
    return told(column.name, column.text_format).spelling


def _read(cells: list[Any], spelling: NumberSpelling | None) -> Float[np.ndarray, " cells"]:
    plain = np.array([_as_float(cell) for cell in cells], float)
    if spelling is None:
        return plain
    texts = np.array([isinstance(cell, str) for cell in cells], bool)
    spelled = spelling.read([cell if isinstance(cell, str) else "" for cell in cells])
    # where a point is a thousands mark, no text may be read as Python reads it
    return np.where(np.isnan(spelled) if spelling.plain else ~texts, plain, spelled)


def _as_float(value: Any) -> float:
    try:
        return float(value.strip() if isinstance(value, str) else value)
    except (TypeError, ValueError, OverflowError):
        return np.nan
