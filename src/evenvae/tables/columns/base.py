"""What a codec is: everything that depends on the kind of a column."""

import abc
import dataclasses
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
from jaxtyping import Float

from evenvae.errors import InputError, TableWarning
from evenvae.tables.columns.fields import ColumnFields
from evenvae.tables.columns.raw_cells import RawCells
from evenvae.tables.columns.typed_levels import cell_class, restored, type_of

OnUnseen = Literal["missing", "error"]
GIVEN = {"reason": "said in the schema", "rule": "schema"}
"""Reason and rule of a column that the user has described."""


@dataclasses.dataclass(frozen=True)
class Rules:
    """The thresholds of the inference.

    Attributes:
        count_max: whole numbers from 0 to at most this are counts.
        int_cat_max: whole numbers with at most this many distinct values are levels.
        max_levels: if there are more levels, the rarest are pooled into one.
    """

    count_max: int = 1000
    int_cat_max: int = 2
    max_levels: int = 10_000


class Codec(abc.ABC):
    """One kind of column: recognised, described, encoded as numbers, decoded, and written in its own library.

    The inference asks the codecs in the order of the registry: the first one that has a `kind_of` the cells and `fits`
    them describes the column. Afterwards, the codec of a complete column is the first one that `handles` it.

    Codecs hold no state, so one object serves all columns.
    """

    kinds: ClassVar[tuple[str, ...]]
    """The values of `Column.kind` that this codec knows. They stand in saved schemas."""
    is_image: ClassVar[bool] = False
    """Whether every cell is an image."""
    is_number: ClassVar[bool] = False
    """Whether every cell is a plain number."""
    is_datetime: ClassVar[bool] = False
    """Whether every cell is a point in time with a date; values are then seconds since 1970."""
    encoded_dtype: ClassVar[type] = np.float64
    """The type of the encoded values."""

    # Inference

    def learnable(self, raw: RawCells) -> RawCells:
        """The cells that say what the column is: all of them, or those that do not count as missing."""
        return raw

    @abc.abstractmethod
    def kind_of(self, raw: RawCells) -> str | None:
        """The kind of the cells, one of `kinds`; None where the cells are not of this codec."""

    def fits(self, raw: RawCells) -> bool:
        """Whether this codec takes the column, where several codecs share a kind."""
        del raw
        return True

    def handles(self, column: ColumnFields) -> bool:
        """Whether this is the codec of a column that was described before."""
        return column.kind in self.kinds and not column.discrete

    def kind_with(self, kind: str, discrete: bool) -> str:
        """The kind to store for cells of ``kind`` when their likelihood is ``discrete`` or not."""
        del discrete
        return kind

    def describe(self, raw: RawCells, given: Mapping[str, Any], rules: Rules) -> dict[str, Any]:
        """Fields of the column, before those that the user has given are put over them.

        Args:
            raw: the cells.
            given: what the user's schema says of the column.
            rules: the thresholds.

        Raises:
            InputError: the schema describes the column, and no cell of it is observed.
        """
        if given.get("role", "feature") != "feature":
            return dict(GIVEN)
        if not raw.seen.any():
            if given:
                raise InputError(
                    f"Column {raw.name!r} has no observed cell, so it cannot be learned; take it out of the schema or "
                    'give it role = "ignored".'
                )
            return {"role": "ignored", "reason": "every cell is missing", "rule": "empty"}
        kind = {"kind": given.get("kind") or self.kind_of(raw)}
        if given.get("likelihood"):
            return {**kind, **GIVEN, "likelihood": given["likelihood"]}
        return {**kind, **(_constant(raw) if raw.distinct <= 1 else self.guess(raw, rules))}

    @abc.abstractmethod
    def guess(self, raw: RawCells, rules: Rules) -> dict[str, Any]:
        """Role or likelihood, reason, rule and note, from at least two distinct observed values."""

    def complete(self, column: ColumnFields, raw: RawCells, given: Mapping[str, Any], rules: Rules) -> dict[str, Any]:
        """Fields that follow from the likelihood and the cells: levels, bounds, decimals.

        Fields that the user has ``given`` are left out.
        """
        del column, raw, given, rules
        return {}

    # Cells to numbers and back

    @abc.abstractmethod
    def encode(
        self, cells: pd.Series, column: ColumnFields, on_unseen: OnUnseen = "missing"
    ) -> Float[np.ndarray, "rows *size"]:
        """The cells as numbers, (rows,) or (rows, size); NaN for missing cells and for those outside the support.

        A cell that holds something and is treated as missing nevertheless is reported once for every column, as a
        `TableWarning`.

        Args:
            cells: one column of a table.
            column: what is known of it.
            on_unseen: ``"missing"``, or ``"error"`` to refuse levels that were not seen in training.

        Raises:
            InputError: the cells are not of this kind, or a level is refused.
        """

    def settle(self, values: Float[np.ndarray, " rows"], column: ColumnFields) -> Float[np.ndarray, " rows"]:
        """The nearest values that the column can hold; NaN stays."""
        del column
        return values

    @abc.abstractmethod
    def decode(self, values: Float[np.ndarray, "rows *size"], column: ColumnFields) -> pd.Series:
        """The cells that the numbers encode; None, NaN or NaT for NaN."""

    def constant(self, column: ColumnFields, rows: int) -> pd.Series:
        """So many cells that hold the value of a constant column, in its own type."""
        value = restored([column.value], column.value_type)[0] if column.value_type else column.value
        return self.typed(pd.Series([value] * rows, dtype=object), column)

    # Cells in the library of the table

    def typed(self, series: pd.Series, column: ColumnFields) -> pd.Series:
        """Decoded cells in the dtype of the column. Where they do not fit it, they keep a dtype of their own."""
        try:
            if column.dtype == "bool" and series.isna().any():
                return series
            return series.astype(column.dtype) if column.dtype else series
        except (TypeError, ValueError):
            return series.infer_objects()

    def in_dtype(self, values: Float[np.ndarray, " rows"], dtype: Any) -> pd.Series | None:
        """Settled values as cells of another pandas type of times; None where the cells are no times."""
        del values, dtype
        return None

    def as_objects(self, series: pd.Series, column: ColumnFields) -> pd.Series:
        """Cells as Python objects, for a NumPy array of objects."""
        del column
        return series.astype(object)

    def as_array(self, series: pd.Series, column: ColumnFields) -> np.ndarray:
        """A whole column as one array, for a dict of arrays."""
        del column
        return series.to_numpy()

    def as_python(self, cells: Sequence[Any]) -> list[Any]:
        """Cells as objects that polars takes; None stays None."""
        return list(cells)

    def texts(self, values: pd.Series, column: ColumnFields, spelled: Sequence[str]) -> list[str]:
        """The cells as texts for a text file.

        Args:
            values: the cells.
            column: what is known of the column.
            spelled: how the file spells the other cells of the column.
        """
        del spelled
        return [text_of(value, column.decimals) for value in values]


def text_of(value: Any, decimals: int | None) -> str:
    """One value as text; a float with ten digits, or as a whole number where the column has no ``decimals``."""
    if isinstance(value, bool | np.bool_ | str):
        return str(value)
    if isinstance(value, float | np.floating):
        if decimals is None:
            return f"{value:.10g}"
        return str(int(value)) if decimals == 0 else repr(float(value))
    return value.isoformat(sep=" ") if isinstance(value, pd.Timestamp) else str(value)


def plain(value: Any) -> Any:
    """A value as a Python object that JSON can hold: str, int, float or bool; the text of anything else."""
    value = value.item() if hasattr(value, "item") else value
    return value if isinstance(value, str | int | float | bool) else str(value)


def warn(message: str) -> None:
    """Report that cells are treated as missing."""
    warnings.warn(message, TableWarning, stacklevel=5)


def _constant(raw: RawCells) -> dict[str, Any]:
    value = plain(raw.first)
    found = {"role": "constant", "reason": f"every observed cell is {value!r}", "rule": "1", "value": value,
             "missing_share": float(1 - raw.seen.mean())}  # fmt: skip
    if raw.is_category:
        categories = raw.cells.cat.categories
        return {**found, "kind": "level", "value_type": type_of(categories), "ordered": bool(raw.cells.cat.ordered),
                "categories": tuple(map(plain, categories))}  # fmt: skip
    named = cell_class([raw.first]) or (type_of(pd.Index(raw.observed.iloc[:1])) if isinstance(value, str) else "")
    return {**found, "value_type": named}
