"""Published tables, made again by one command each."""

from evenvae.experiments.geco import reproduce as geco
from evenvae.experiments.table1 import reproduce as table1

__all__ = ["geco", "table1"]
