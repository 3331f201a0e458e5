"""Flags: true or false."""

from typing import Any

from pandas.api import types

from evenvae.tables.columns.base import Rules
from evenvae.tables.columns.fields import ColumnFields
from evenvae.tables.columns.level import Level, guess_levels
from evenvae.tables.columns.raw_cells import RawCells


class Flag(Level):
    """Two levels, False and True. A boolean type says so; texts such as "yes" and "no" are other levels."""

    def kind_of(self, raw: RawCells) -> str | None:
        """Every boolean type."""
        return "level" if self.fits(raw) else None

    def fits(self, raw: RawCells) -> bool:
        """Every boolean type."""
        return types.is_bool_dtype(raw.cells.dtype)

    def handles(self, column: ColumnFields) -> bool:
        """Discrete columns whose levels are booleans."""
        return column.discrete and bool(column.levels) and all(isinstance(level, bool) for level in column.levels)

    def guess(self, raw: RawCells, rules: Rules) -> dict[str, Any]:
        """Bernoulli."""
        del rules
        return guess_levels(raw.distinct)
