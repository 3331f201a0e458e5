"""What all columns of quantities share: numbers, counts, datetimes and spans of time."""

import abc
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float

from evenvae.errors import InputError
from evenvae.likelihoods.grids import decimals_of
from evenvae.likelihoods.registry import family
from evenvae.tables.columns.absurd_numbers import is_absurd, without_absurd
from evenvae.tables.columns.base import Codec, OnUnseen, Rules, warn
from evenvae.tables.columns.fields import ColumnFields
from evenvae.tables.columns.missing_cells import distinct_cells, observed_cells
from evenvae.tables.columns.raw_cells import RawCells


class Quantity(Codec):
    """A codec whose cells are one real number each.

    A subclass says how observed cells become numbers (`parse`), which numbers a column can hold (`settle`) and how
    these become cells (`restore`). Bounds, the support of the likelihood and the warnings are the same for all.
    """

    needed: ClassVar[str] = "finite numbers"
    """What its cells must be; others count as missing."""

    @abc.abstractmethod
    def parse(self, observed: pd.Series, column: ColumnFields) -> Float[np.ndarray, " rows"]:
        """Observed cells as numbers; NaN for a cell that is not of this kind."""

    @abc.abstractmethod
    def restore(
        self, values: Float[np.ndarray, " rows"], missing: Bool[np.ndarray, " rows"], column: ColumnFields
    ) -> pd.Series:
        """Settled numbers as cells."""

    def grid(self, values: Float[np.ndarray, " rows"], column: ColumnFields) -> dict[str, Any]:
        """The fields that say which numbers between its bounds a column can hold: here, its decimals."""
        del column
        return {"decimals": decimals_of(values)}

    def on_grid(self, values: Float[np.ndarray, " rows"], column: ColumnFields) -> Float[np.ndarray, " rows"]:
        """The nearest numbers that the column can hold; NaN stays."""
        return values if column.decimals is None else np.round(values, column.decimals)

    def settle(self, values: Float[np.ndarray, " rows"], column: ColumnFields) -> Float[np.ndarray, " rows"]:
        """The nearest numbers that the column can hold, between its bounds; NaN stays."""
        if column.low is not None or column.high is not None:
            values = np.clip(values, column.low, column.high)
        return self.on_grid(values, column)

    def numbers(
        self, cells: pd.Series, seen: Bool[np.ndarray, " rows"], column: ColumnFields
    ) -> Float[np.ndarray, " rows"]:
        """All cells as numbers; NaN where not ``seen`` or not a number of this kind."""
        out = np.full(len(cells), np.nan)
        if seen.any():
            out[seen] = self.parse(cells[seen], column)
        return out

    def complete(self, column: ColumnFields, raw: RawCells, given: Mapping[str, Any], rules: Rules) -> dict[str, Any]:
        """Lowest and highest value, and the grid that holds all values."""
        del rules
        values = self.encode(raw.cells, column)
        values = without_absurd(values[~np.isnan(values)])
        if not values.size:
            raise InputError(
                f"Column {column.name!r} has no cell inside the support of {column.likelihood}; give it another "
                "likelihood in the schema."
            )
        found = {"low": float(values.min()), "high": float(values.max()), **self.grid(values, column)}
        return {name: value for name, value in found.items() if name not in given}

    def encode(
        self, cells: pd.Series, column: ColumnFields, on_unseen: OnUnseen = "missing"
    ) -> Float[np.ndarray, " rows"]:
        """See `Codec.encode`."""
        del on_unseen
        seen = observed_cells(cells, column.missing)
        values = self.numbers(cells, seen, column)
        wrong = seen & np.isnan(values)
        lost = seen & ~np.isfinite(values)
        if lost.any():
            if wrong.sum() == seen.sum():
                raise InputError(
                    f"Column {column.name!r} holds no numbers (first cell: {cells.iloc[seen.argmax()]!r}) but its "
                    f"likelihood is {column.likelihood}; give it a likelihood that fits in the schema."
                )
            warn_of_others(column.name, int(lost.sum()), self.needed)
            values[lost] = np.nan
        absurd = is_absurd(values, column)
        if absurd.any():
            warn_of_absurd(column.name, values, absurd)
            values[absurd] = np.nan
        if column.likelihood is None:
            return values
        likelihood = family(column.likelihood)
        with np.errstate(invalid="ignore"):
            outside = ~np.isnan(values) & ~likelihood.in_support(values)
        if outside.any():
            warn(f"Column {column.name!r}: {int(outside.sum())} cells are {likelihood.support_words}, outside the "
                 f"support of {column.likelihood}, and are treated as missing.")  # fmt: skip
            values[outside] = np.nan
        return values

    def decode(self, values: Float[np.ndarray, " rows"], column: ColumnFields) -> pd.Series:
        """See `Codec.decode`. Values are settled: held inside the bounds of the column and on its grid."""
        return self.restore(self.settle(values, column), np.isnan(values), column)


def warn_of_others(name: str, count: int, needed: str) -> None:
    """Say that so many cells are not what the column needs."""
    warn(f"Column {name!r}: {count} cells are not {needed} and are treated as missing.")


def warn_of_absurd(name: str, values: Float[np.ndarray, " rows"], absurd: Bool[np.ndarray, " rows"]) -> None:
    """Say which numbers count as missing because they are absurd."""
    first = int(absurd.argmax())
    warn(f"Column {name!r}: {int(absurd.sum())} cells are so large that all other values would look equal beside them, "
         f"first {values[first]:g} in row {first}, and are treated as missing.")  # fmt: skip


def of_distinct(
    observed: pd.Series, read: Callable[[list[Any]], Sequence[float] | np.ndarray]
) -> Float[np.ndarray, " rows"]:
    """The numbers of all cells, where each distinct cell is read once."""
    place, unique = distinct_cells(observed)
    return np.append(np.asarray(read(list(unique)), float), np.nan)[place]
