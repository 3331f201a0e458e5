"""Levels: texts, or values of any type with a discrete likelihood."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float
from pandas.api import types

from evenvae.errors import InputError
from evenvae.tables.columns.base import Codec, OnUnseen, Rules, plain, text_of, warn
from evenvae.tables.columns.fields import ColumnFields
from evenvae.tables.columns.identifiers import MANY_ROWS, named_as_identifier
from evenvae.tables.columns.missing_cells import MISSING, number_or_none, observed_cells
from evenvae.tables.columns.raw_cells import RawCells

POOLED = "(other)"
"""The name of the level that replaces all rare levels."""
MANY_LEVELS = 50
"""Where a column has more levels, those that occur only once are pooled."""
LONG_NAME = 40
"""Longer distinct texts are no names of rows, on average, unless the name of the column says so."""
LONG_TEXT = 12
"""Mean length from which mostly distinct texts are free text."""
_NUMBERS = r"^[+-]?[\d,.\s%$]*\d[\d,.\s%$]*$"


class Level(Codec):
    """Levels in sorted order, encoded as codes from 0."""

    kinds = ("level",)

    def kind_of(self, raw: RawCells) -> str | None:
        """Everything: this codec is the last of the registry."""
        del raw
        return "level"

    def handles(self, column: ColumnFields) -> bool:
        """Everything: this codec is the last of the registry."""
        del column
        return True

    def kind_with(self, kind: str, discrete: bool) -> str:
        """Texts with a numeric likelihood are numbers."""
        return kind if discrete else "number"

    def guess(self, raw: RawCells, rules: Rules) -> dict[str, Any]:
        """Identifier, free text, Bernoulli for two levels, categorical for more."""
        del rules
        distinct, rows = raw.distinct, len(raw.observed)
        texts = raw.observed.drop_duplicates().astype(str)
        length = float(texts.str.len().mean())
        if rows >= MANY_ROWS and distinct == rows and (length <= LONG_NAME or named_as_identifier(raw.name)):
            return {"role": "identifier", "reason": "texts, all distinct", "rule": "identifier"}
        if rows >= MANY_ROWS and distinct > 0.5 * rows and length > LONG_TEXT:
            return {"role": "ignored", "reason": f"free text: {distinct} distinct of {rows}", "rule": "text"}
        guessed = guess_levels(distinct)
        holds_text = types.is_object_dtype(raw.cells.dtype) or types.is_string_dtype(raw.cells.dtype)
        if distinct > 2 and holds_text and texts.head(200).str.match(_NUMBERS).mean() > 0.9:
            guessed["note"] = (
                "these levels look like numbers written as text; convert the column if they are quantities"
            )
        return guessed

    def complete(self, column: ColumnFields, raw: RawCells, given: Mapping[str, Any], rules: Rules) -> dict[str, Any]:
        """The levels, unless the schema lists them; rare levels are pooled."""
        found = {} if column.levels else self.find_levels(raw, rules)
        two = len(found.get("levels", column.levels)) == 2
        if column.likelihood == "bernoulli" and not two and "likelihood" not in given:
            found["likelihood"] = "categorical"
        return found

    def find_levels(self, raw: RawCells, rules: Rules) -> dict[str, Any]:
        """The fields that describe the levels."""
        counts = raw.observed.value_counts()
        levels = [plain_level(level) for level in counts.index]
        try:
            levels = sorted(levels)
        except TypeError:
            levels = sorted(levels, key=str)
        return pool_rare(levels, counts, rules.max_levels)

    def encode(
        self, cells: pd.Series, column: ColumnFields, on_unseen: OnUnseen = "missing"
    ) -> Float[np.ndarray, " rows"]:
        """See `Codec.encode`: the codes of the levels."""
        values, unseen = codes(cells, observed_cells(cells, column.missing), column)
        if unseen and on_unseen == "error":
            raise InputError(f"Column {column.name!r}: level {unseen[0]!r} was not seen in training; "
                             "correct the cell or leave it empty.")  # fmt: skip
        if unseen:
            shown = ", ".join(repr(v) for v in unseen[:5]) + (", ..." if len(unseen) > 5 else "")
            warn(f"Column {column.name!r}: {len(unseen)} levels were not seen in training ({shown}); "
                 "their cells are treated as missing.")  # fmt: skip
        return values

    def decode(self, values: Float[np.ndarray, " rows"], column: ColumnFields) -> pd.Series:
        """See `Codec.decode`. A value between two codes gives the level of the nearest code."""
        missing = np.isnan(values)
        levels = np.empty(column.cardinality + 1, dtype=object)
        levels[:-1] = column.levels
        code = np.clip(np.round(np.where(missing, 0, values)), 0, column.cardinality - 1).astype(int)
        return pd.Series(levels[np.where(missing, column.cardinality, code)], dtype=object)

    def as_objects(self, series: pd.Series, column: ColumnFields) -> pd.Series:
        """Cells as Python objects; None where a text is missing."""
        cells = series.astype(object)
        return cells.where(cells.notna(), None) if column.kind in self.kinds else cells

    def texts(self, values: pd.Series, column: ColumnFields, spelled: Sequence[str]) -> list[str]:
        """Each level as the file itself spells it, if the file holds it."""
        missing = {*MISSING, *column.missing}
        known = {loose_form(text): text for text in reversed(dict.fromkeys(spelled)) if text not in missing}
        return [known.get(loose_form(value)) or text_of(value, column.decimals) for value in values]


def guess_levels(distinct: int) -> dict[str, Any]:
    """The likelihood of so many levels."""
    if distinct == 2:
        return {"likelihood": "bernoulli", "reason": "two levels", "rule": "2"}
    return {"likelihood": "categorical", "reason": f"{distinct} levels", "rule": "2", "note": ""}


def pool_rare(levels: list[Any], counts: pd.Series, max_levels: int) -> dict[str, Any]:
    """Fields of a column with these levels, where the rare ones are pooled if there are too many.

    Args:
        levels: all levels in their order.
        counts: how often each level occurs, the most frequent one first.
        max_levels: the largest number of levels.
    """
    keep = set(levels)
    if len(levels) > max_levels:
        keep = {plain_level(level) for level in counts.index[: max_levels - 1]}
    elif len(levels) > MANY_LEVELS and all(isinstance(level, str) for level in levels):
        repeated = {plain_level(level) for level in counts.index[counts.to_numpy() > 1]}
        # pooling a single rare level would only rename it
        keep = repeated if len(levels) - len(repeated) > 1 else keep
    if len(keep) == len(levels):
        return {"levels": tuple(levels)}
    name = POOLED
    while name in keep:
        name = f"({name})"
    kept = (level for level in levels if level in keep)
    note = f"{len(levels) - len(keep)} rare levels are pooled into {name!r}"
    return {"levels": (*kept, name), "pooled": name, "note": note}


def plain_level(level: Any) -> Any:
    """A level as a Python object that JSON can hold; 1.0 becomes 1."""
    level = level.item() if hasattr(level, "item") else level
    if isinstance(level, float) and level == np.floor(level) and abs(level) < 2**53:
        return int(level)
    return plain(level)


def loose_form(value: Any) -> Any:
    """A form that is the same for 1, 1.0 and "1", for True and "true", and for "a" and " a"."""
    if isinstance(value, bool | np.bool_):
        return str(bool(value))
    text = str(value).strip()
    if text.lower() in ("true", "false"):
        return text.capitalize()
    number = number_or_none(text)
    return text if number is None else number


def codes(
    cells: pd.Series, seen: Bool[np.ndarray, " rows"], column: ColumnFields
) -> tuple[Float[np.ndarray, " rows"], list[Any]]:
    """The code of every cell, NaN where not ``seen`` or unknown; and the distinct unknown levels.

    If the column has a pooled level, every level that it does not list belongs to the pooled one.
    """
    exact = {(isinstance(level, bool), level): code for code, level in enumerate(column.levels)}
    loose: dict[Any, int] = {}
    for code, level in enumerate(column.levels):
        loose.setdefault(loose_form(level), code)
    rest = np.nan if column.pooled is None else float(column.cardinality - 1)
    place, unique = pd.factorize(cells[seen])
    found = np.full(len(unique), rest)
    unseen = []
    for i, value in enumerate(unique):
        code = exact.get((isinstance(value, bool | np.bool_), value))
        code = loose.get(loose_form(value)) if code is None else code
        if code is not None:
            found[i] = code
        elif column.pooled is None:
            unseen.append(value)
    out = np.full(len(cells), np.nan)
    out[seen] = found[place]
    return out, unseen
