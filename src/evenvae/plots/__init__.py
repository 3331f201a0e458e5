"""Plots of what a model of images has learned; they need the extra ``pictures`` (matplotlib)."""

from evenvae.plots.canvas import image_column
from evenvae.plots.grids import reconstructions, samples, walks
from evenvae.plots.paths import paths

__all__ = ["image_column", "paths", "reconstructions", "samples", "walks"]
