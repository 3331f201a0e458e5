"""Grids of small images, drawn without any window."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from evenvae.errors import InputError


def figure(**options: Any) -> Any:
    """A matplotlib figure that belongs to no window; InputError where matplotlib is not installed."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise InputError("Pictures need matplotlib: pip install 'evenvae[pictures]'.") from error
    return Figure(layout="constrained", **options)


def by_name(models: Any) -> dict[str, Any]:
    """One model or a mapping of names to models, as a mapping."""
    return dict(models) if isinstance(models, Mapping) else {"": models}


def image_column(model: Any, name: str | None = None) -> Any:
    """The schema's image column of that name, or the only one; InputError where there is none or a choice."""
    found = [column for column in model.schema_.features if column.kind == "image" and name in (None, column.name)]
    if len(found) != 1:
        names = ", ".join(repr(column.name) for column in found)
        raise InputError(f"The model has several image columns ({names}): name one." if found else
                         f"The model has no image column{'' if name is None else f' {name!r}'}.")  # fmt: skip
    return found[0]


def images_of(table: Any, column: Any) -> np.ndarray:
    """An image column of a table as an array (N, H, W[, C])."""
    if isinstance(table, np.ndarray):
        return table
    cells = table[column.name]
    return cells if isinstance(cells, np.ndarray) else np.stack(list(cells))


def grid(rows: Sequence[tuple[str, np.ndarray]], title: str = "") -> Any:
    """A figure of rows of images, each with its name at the left."""
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
