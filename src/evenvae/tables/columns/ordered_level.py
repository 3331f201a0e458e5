"""Levels that the table itself lists in an order: pandas categories, polars enums, arrow dictionaries."""

from typing import Any

from evenvae.tables.columns.base import Rules
from evenvae.tables.columns.fields import ColumnFields
from evenvae.tables.columns.level import Level, guess_levels, plain_level, pool_rare
from evenvae.tables.columns.raw_cells import RawCells
from evenvae.tables.columns.typed_levels import type_of


class OrderedLevel(Level):
    """Levels in the order of the table, which has a meaning if the table says so."""

    def kind_of(self, raw: RawCells) -> str | None:
        """Every categorical type."""
        return "level" if raw.is_category else None

    def fits(self, raw: RawCells) -> bool:
        """Every categorical type."""
        return raw.is_category

    def handles(self, column: ColumnFields) -> bool:
        """Every discrete column of a categorical type."""
        return column.discrete and column.dtype == "category"

    def guess(self, raw: RawCells, rules: Rules) -> dict[str, Any]:
        """Levels, however many there are: the table says so."""
        del rules
        return guess_levels(raw.distinct)

    def find_levels(self, raw: RawCells, rules: Rules) -> dict[str, Any]:
        """The categories that occur, in the order of the table; and all categories."""
        if not raw.is_category:
            return super().find_levels(raw, rules)
        present = set(raw.observed.unique())
        levels = [plain_level(level) for level in raw.cells.cat.categories if level in present]
        categories = tuple(plain_level(level) for level in raw.cells.cat.categories)
        found = pool_rare(levels, raw.observed.value_counts(), rules.max_levels)
        own_type = {"value_type": type_of(raw.cells.cat.categories)}
        return {"ordered": bool(raw.cells.cat.ordered), "categories": categories, **own_type, **found}
