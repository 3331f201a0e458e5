"""Data sets by name: tables with their schema, and images."""

from evenvae.datasets.catalogue import Dataset, load, names
from evenvae.datasets.images import Images, ImageSet, load_images

__all__ = ["Dataset", "ImageSet", "Images", "load", "load_images", "names"]
