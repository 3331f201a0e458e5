"""Missing cells filled in the table itself; every other cell, the index and the names stay as they were."""

from evenvae.tables.filling.fill import fill

__all__ = ["fill"]
