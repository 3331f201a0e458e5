"""Reconstructions, samples and interpolations, of one model or of several models below each other."""

from typing import Any

import numpy as np

from evenvae.errors import InputError
from evenvae.estimator import EvenVAE
from evenvae.part import check_whole
from evenvae.plots.canvas import by_name, grid, image_column, images_of


def reconstructions(models: Any, table: Any, count: int = 10, column: str | None = None) -> Any:
    """The first ``count`` images of ``table``, and below them their reconstructions by each model.

    Args:
        models: a fitted `EvenVAE` with an image column, or a mapping of names to such models.
        table: images (N, H, W) or (N, H, W, C), or a table with a column of images.
        count: number of images.
        column: the image column, where there are several.

    Returns:
        A matplotlib figure.
    """
    count = check_whole("count", count)
    rows = []
    for name, model in by_name(models).items():
        found = image_column(model, column)
        part = first(table, count)
        if not rows:
            rows.append(("given", images_of(part, found)))
        rows.append((name or "reconstructed", images_of(model.reconstruct(part), found)))
    return grid(rows)


def samples(models: Any, count: int = 10, lines: int = 1, seed: int = 0, column: str | None = None) -> Any:
    """Sampled images of each model: expected pixels at latents from the prior.

    Args:
        models: a fitted `EvenVAE` with an image column, or a mapping of names to such models.
        count: images in a line.
        lines: for each model.
        seed: of the samples.
        column: the image column, where there are several.

    Returns:
        A matplotlib figure.
    """
    count, lines = check_whole("count", count), check_whole("lines", lines)
    rows = []
    for name, model in by_name(models).items():
        drawn = images_of(model.sample(count * lines, random_state=seed), image_column(model, column))
        pieces = np.split(drawn, lines)
        rows += [(name if line == 0 else "", piece) for line, piece in enumerate(pieces)]
    return grid(rows)


def walks(model: EvenVAE, table: Any, pairs: int = 4, steps: int = 10, column: str | None = None) -> Any:
    """Images along straight lines in latent space: from the first row to the second, from the third to the fourth, ...

    Every line begins and ends with a reconstruction.

    Args:
        model: a fitted `EvenVAE` with an image column.
        table: at least 2 ``pairs`` rows.
        pairs: number of lines.
        steps: images in a line.
        column: the image column, where there are several.

    Returns:
        A matplotlib figure.

    Raises:
        InputError: the table has too few rows.
    """
    pairs, steps = check_whole("pairs", pairs), check_whole("steps", steps)
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
