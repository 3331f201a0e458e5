"""Named data sets: where from, checked, with schema and licence."""

from evenvae.datasets.catalogue import Dataset, load, names

__all__ = ["Dataset", "load", "names"]
