"""What all columns of quantities share: numbers, counts, datetimes and spans of time."""

import abc
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float

from evenvae.errors import InputError
from evenvae.likelihoods.registry import family
from evenvae.tables.columns.base import Codec, OnUnseen, Rules, warn
from evenvae.tables.columns.fields import ColumnFields
from evenvae.tables.columns.missing_cells import observed_cells
from evenvae.tables.columns.raw_cells import RawCells

MOST_DECIMALS = 6


class Quantity(Codec):
    """A codec whose cells are one real number each.

    A subclass says how observed cells become numbers (`parse`) and how numbers become cells (`restore`). Bounds,
    decimals, the support of the likelihood and the warnings are the same for all.
    """

    @abc.abstractmethod
    def parse(self, observed: pd.Series) -> Float[np.ndarray, " rows"]:
        """Observed cells as numbers; NaN for a cell that is not of this kind."""

    @abc.abstractmethod
    def restore(
        self, values: Float[np.ndarray, " rows"], missing: Bool[np.ndarray, " rows"], column: ColumnFields
    ) -> pd.Series:
        """Numbers, already clipped and rounded, as cells."""

    def numbers(self, cells: pd.Series, seen: Bool[np.ndarray, " rows"]) -> Float[np.ndarray, " rows"]:
        """All cells as numbers; NaN where not ``seen``, not a number of this kind, or infinite."""
        out = np.full(len(cells), np.nan)
        if seen.any():
            out[seen] = self.parse(cells[seen])
        out[np.isinf(out)] = np.nan
        return out

    def complete(self, column: ColumnFields, raw: RawCells, given: Mapping[str, Any], rules: Rules) -> dict[str, Any]:
        """Lowest and highest value, and the decimals that hold all values."""
        del rules
        values = self.encode(raw.cells, column)
        values = values[~np.isnan(values)]
        if not values.size:
            raise InputError(
                f"Column {column.name!r} has no cell inside the support of {column.likelihood}; give it another "
                "likelihood in the schema."
            )
        found = {"low": float(values.min()), "high": float(values.max()), "decimals": decimals_of(values)}
        return {name: value for name, value in found.items() if name not in given}

    def encode(
        self, cells: pd.Series, column: ColumnFields, on_unseen: OnUnseen = "missing"
    ) -> Float[np.ndarray, " rows"]:
        """See `Codec.encode`."""
        del on_unseen
        seen = observed_cells(cells, column.missing)
        values = self.numbers(cells, seen)
        lost = seen & np.isnan(values)
        if lost.any():
            if lost.sum() == seen.sum():
                raise InputError(
                    f"Column {column.name!r} holds no numbers (first cell: {cells.iloc[seen.argmax()]!r}) but its "
                    f"likelihood is {column.likelihood}; give it a likelihood that fits in the schema."
                )
            warn(f"Column {column.name!r}: {int(lost.sum())} cells are not finite numbers and are treated as missing.")
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
        """See `Codec.decode`. Values are clipped to the bounds of the column and rounded to its decimals."""
        missing = np.isnan(values)
        if column.low is not None or column.high is not None:
            values = np.clip(values, column.low, column.high)
        if column.decimals is not None:
            values = np.round(values, column.decimals)
        return self.restore(values, missing, column)


def decimals_of(values: Float[np.ndarray, " rows"]) -> int | None:
    """How many decimals hold every value exactly; None where more than six are needed."""
    some = np.unique(values)[:20_000]
    for decimals in range(MOST_DECIMALS + 1):
        if (some == np.round(some, decimals)).all():
            return decimals
    return None
