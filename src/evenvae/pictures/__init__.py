"""Pictures of what a model of images has learned; needs the extra ``pictures`` (matplotlib)."""

from evenvae.pictures.canvas import image_column
from evenvae.pictures.grids import reconstructions, samples, walks
from evenvae.pictures.paths import paths

__all__ = ["image_column", "paths", "reconstructions", "samples", "walks"]
