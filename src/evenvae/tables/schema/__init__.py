"""What each column of a table is: inferred from its cells, edited by hand, saved and read."""

from evenvae.tables.schema.column import Column
from evenvae.tables.schema.schema import Schema

__all__ = ["Column", "Schema"]
