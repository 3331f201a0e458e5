"""Figures of matplotlib without a window, and grids of small images on them."""

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np
from jaxtyping import Shaped

from evenvae.errors import InputError
from evenvae.estimator import EvenVAE
from evenvae.tables import Column


def figure(**options: Any) -> Any:
    """A matplotlib figure that belongs to no window.

    Raises:
        InputError: matplotlib is not installed.
    """
    check_installed()
    from matplotlib.figure import Figure

    return Figure(layout="constrained", **options)


def check_installed() -> None:
    """Raise InputError where the optional library that draws is not installed."""
    if find_spec("matplotlib") is None:
        raise InputError("Plots need matplotlib: pip install 'evenvae[pictures]'.")


def by_name(models: Any) -> dict[str, Any]:
    """A mapping of names to models; a single model gets the empty name."""
    return dict(models) if isinstance(models, Mapping) else {"": models}


def image_column(model: EvenVAE, name: str | None = None) -> Column:
    """The image column with this name, or the only image column if no name is given.

    Raises:
        InputError: there is no such column, or there are several to choose from.
    """
    found = [column for column in model.schema_.features if column.is_image and name in (None, column.name)]
    if len(found) > 1:
        raise InputError(f"The model has several image columns ({', '.join(repr(c.name) for c in found)}): name one.")
    if not found:
        raise InputError(f"The model has no image column{'' if name is None else f' {name!r}'}.")
    return found[0]


def images_of(table: Any, column: Column) -> Shaped[np.ndarray, "N *shape"]:
    """An image column of a table as one array (N, H, W) or (N, H, W, C)."""
    if isinstance(table, np.ndarray):
        return table
    cells = table[column.name]
    return cells if isinstance(cells, np.ndarray) else np.stack(list(cells))


def grid(rows: Sequence[tuple[str, Shaped[np.ndarray, "_ ..."]]], title: str = "") -> Any:
    """A matplotlib figure of rows of images, each with its name at the left."""
    columns = max(len(images) for _, images in rows)
    drawn = figure(figsize=(0.7 * columns + 1.4, 0.7 * len(rows) + (0.4 if title else 0.1)))
    if title:
        drawn.suptitle(title, fontsize=10)
    axes = drawn.subplots(len(rows), columns, squeeze=False)
    for line, (name, images) in zip(axes, rows, strict=True):
        for place, axis in enumerate(line):
            axis.set_xticks([])
            axis.set_yticks([])
            for spine in axis.spines.values():
                spine.set_visible(False)
            if place < len(images):
                image = np.squeeze(images[place], axis=-1) if images[place].shape[-1:] == (1,) else images[place]
                highest = 255 if image.dtype == np.uint8 else 1
                axis.imshow(image, cmap="gray", vmin=0, vmax=highest, interpolation="nearest")
        line[0].set_ylabel(name, rotation=0, ha="right", va="center", fontsize=8)
    return drawn
