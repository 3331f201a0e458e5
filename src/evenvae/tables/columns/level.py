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
from evenvae.tables.columns.missing_cells import MISSING, distinct_cells, number_or_none, observed_cells
from evenvae.tables.columns.number_spelling import has_leading_zeros
from evenvae.tables.columns.raw_cells import RawCells
from evenvae.tables.columns.typed_levels import cell_class, restored, type_of

POOLED = "(other)"
"""The name of the level that replaces all rare levels."""
MANY_LEVELS = 50
"""Where a column has more levels, those that occur only once are pooled."""
MOST_POOLED = 0.5
"""Where a larger share of the cells is pooled, little of the column is learned, and `fit` says so."""
LONG_NAME = 40
"""Longer distinct texts are no names of rows, on average, unless the name of the column says so."""
LONG_TEXT = 12
"""Mean length from which mostly distinct texts are free text."""
CODES = "digits with leading zeros are taken for codes, not for quantities"
NUMBERS = "these levels look like numbers written as text; give them a numeric likelihood if they are quantities"


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
        length = float(raw.observed.drop_duplicates().astype(str).str.len().mean())
        notes = {"doubt": raw.times.doubt or raw.numbers.doubt}
        if distinct > 2 and raw.numbers.spelling is not None:
            notes["note"] = CODES if has_leading_zeros(raw.texts) else NUMBERS
        if rows >= MANY_ROWS and distinct == rows and (length <= LONG_NAME or named_as_identifier(raw.name)):
            return {"role": "identifier", "reason": "texts, all distinct", "rule": "identifier", **notes}
        if rows >= MANY_ROWS and distinct > 0.5 * rows and length > LONG_TEXT:
            return {"role": "ignored", "reason": f"free text: {distinct} distinct of {rows}", "rule": "text", **notes}
        return {**guess_levels(distinct), **notes}

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
        try:
            ordered = sorted(counts.index)
        except TypeError:
            ordered = sorted(counts.index, key=str)
        levels = [plain_level(level) for level in ordered]
        return {"value_type": _type_of(counts.index), **pool_rare(levels, counts, rules.max_levels)}

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
        levels[:-1] = own_levels(column)
        code = np.clip(np.round(np.where(missing, 0, values)), 0, column.cardinality - 1).astype(int)
        return pd.Series(levels[np.where(missing, column.cardinality, code)], dtype=object)

    def typed(self, series: pd.Series, column: ColumnFields) -> pd.Series:
        """Decoded cells in the dtype of the column, with all its categories; see `Codec.typed`."""
        if column.dtype != "category":
            return super().typed(series, column)
        known = restored(column.categories or [c for c in column.levels if c != column.pooled], column.value_type)
        new = [level for level in series.dropna().unique() if level not in known]
        categories = pd.Index([*known, *new], dtype=object) if new else known
        return series.astype(pd.CategoricalDtype(categories if len(categories) else None, column.ordered))

    def as_objects(self, series: pd.Series, column: ColumnFields) -> pd.Series:
        """Cells as Python objects; None where a text is missing."""
        cells = series.astype(object)
        return cells.where(cells.notna(), None) if column.kind in self.kinds else cells

    def texts(self, values: pd.Series, column: ColumnFields, spelled: Sequence[str]) -> list[str]:
        """Each level as the file itself spells it, if the file holds it."""
        missing = {*MISSING, *column.missing}
        known = {loose_form(text): text for text in reversed(dict.fromkeys(spelled)) if text not in missing}
        return [known.get(loose_form(value)) or text_of(value, column.decimals) for value in values]


def own_levels(column: ColumnFields) -> list[Any]:
    """The levels in the type that the cells of the column have."""
    named = column.levels if column.pooled is None else column.levels[:-1]
    own = restored(named, column.value_type) if column.value_type else named
    return [*own, *column.levels[len(named) :]]


def _type_of(levels: pd.Index) -> str:
    """The type of levels that are not plain texts, numbers or truth values."""
    found = pd.Index(list(levels)) if levels.dtype == object else levels
    plain = types.is_numeric_dtype(found.dtype) or isinstance(found.dtype, pd.StringDtype)
    return "" if plain else type_of(found) if found.dtype != object else cell_class(list(found)) or ""


def guess_levels(distinct: int) -> dict[str, Any]:
    """The likelihood of so many levels."""
    if distinct == 2:
        return {"likelihood": "bernoulli", "reason": "two levels", "rule": "2"}
    return {"likelihood": "categorical", "reason": f"{distinct} levels", "rule": "2"}


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
    share = 1 - sum(int(count) for level, count in counts.items() if plain_level(level) in keep) / max(counts.sum(), 1)
    found = {"note": f"{len(levels) - len(keep)} rare levels are pooled into {name!r}"}
    if share > MOST_POOLED:
        found["doubt"] = (
            f"{share:.0%} of the cells have rare levels, which are pooled into {name!r}; if these texts have parts "
            'with a meaning, split them into columns, otherwise set role = "ignored"'
        )
    return {"levels": (*kept, name), "pooled": name, **found}


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
        if isinstance(level, bool):
            # truth values with missing cells become 0.0 and 1.0 in many tables
            loose.setdefault(float(level), code)
    rest = np.nan if column.pooled is None else float(column.cardinality - 1)
    place, unique = distinct_cells(cells[seen])
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
