"""`evenvae.plots` by its former name."""

from evenvae.plots import image_column, paths, reconstructions, samples, walks

__all__ = ["image_column", "paths", "reconstructions", "samples", "walks"]
