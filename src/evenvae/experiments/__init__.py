"""Published tables, made again by one command each."""

from evenvae.experiments.table1 import reproduce as table1

__all__ = ["table1"]
