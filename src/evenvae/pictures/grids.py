"""Reconstructions, samples and walks, of one model or of several beneath each other."""

from typing import Any

import numpy as np

from evenvae.errors import InputError
from evenvae.pictures.canvas import by_name, grid, image_column, images_of


def reconstructions(models: Any, table: Any, count: int = 10, column: str | None = None) -> Any:
    """The first ``count`` images of ``table``, and below them what each model makes of them.

    Args:
        models: a fitted `EvenVAE` with an image column, or a mapping of names to such.
        table: what the models take: images (N, H, W[, C]), or a table with a column of them.
        count: images.
        column: which, where there are several image columns.

    Returns:
        A matplotlib figure.
    """
    rows = []
    for name, model in by_name(models).items():
        found = image_column(model, column)
        part = first(table, count)
        if not rows:
            rows.append(("given", images_of(part, found)))
        rows.append((name or "reconstructed", images_of(model.reconstruct(part), found)))
    return grid(rows)


def samples(models: Any, count: int = 10, lines: int = 1, seed: int = 0, column: str | None = None) -> Any:
    """``lines`` times ``count`` sampled images of each model (expected pixels at latents from the prior)."""
    rows = []
    for name, model in by_name(models).items():
        drawn = images_of(model.sample(count * lines, random_state=seed), image_column(model, column))
        pieces = np.split(drawn, lines)
        rows += [(name if line == 0 else "", piece) for line, piece in enumerate(pieces)]
    return grid(rows)


def walks(model: Any, table: Any, pairs: int = 4, steps: int = 10, column: str | None = None) -> Any:
    """Straight walks in latent space: from the first row of ``table`` to the second, the third to the fourth, ...

    ``table`` needs 2 ``pairs`` rows; each line begins and ends with a reconstruction.
    """
    found = image_column(model, column)
    places = model.transform(first(table, 2 * pairs))
    if len(places) < 2 * pairs:
        raise InputError(f"{pairs} walks need {2 * pairs} rows to go between, and the table has {len(places)}.")
    share = np.linspace(0, 1, steps)[:, None]
    lines = [(1 - share) * a + share * b for a, b in zip(places[0::2], places[1::2], strict=True)]
    return grid([("", images_of(model.inverse_transform(line), found)) for line in lines])


def first(table: Any, count: int) -> Any:
    """The first rows of an array, a dict of columns or a data frame."""
    if isinstance(table, dict):
        return {name: cells[:count] for name, cells in table.items()}
    return table[:count]
