"""Best guesses of missing cells that trees refine: what the trees see of a row, and how their answers are mixed in."""

import numpy as np
from jaxtyping import Float, Int

from evenvae.fitted import kernels
from evenvae.fitted.asking import in_slices, slice_rows
from evenvae.fitted.model import FittedModel
from evenvae.models import Layout
from evenvae.models.batch import Batch
from evenvae.models.merging import merged
from evenvae.models.space import Space


def levels_of(layout: Layout) -> Int[np.ndarray, " D"]:
    """For every column its number of levels, 0 for numbers and -1 for images, which trees leave alone."""
    counts = [likelihood.level_count if likelihood.discrete else 0 for likelihood in layout.likelihoods]
    return np.where(layout.sizes == 1, counts, -1)


def feature_count(layout: Layout, tasks: int) -> int:
    """How many numbers trees see of a row: two for each column that is no image, one for each task."""
    return 2 * int((layout.sizes == 1).sum()) + tasks


def cells_seen(model: FittedModel, batch: Batch) -> Float[np.ndarray, "N S"]:
    """Raw values of the cells of all columns that are no images, whether the batch shows or hides them."""
    layout, scales = model.space.layout, model.space.device_scales
    ask = lambda part: kernels.values(layout, part, scales)
    raw = model.space.to_raw(in_slices(ask, batch, slice_rows(layout)))
    return raw[:, layout.first[layout.sizes == 1]]


def features(
    model: FittedModel, batch: Batch, cells: Float[np.ndarray, "N S"], expected: list[np.ndarray]
) -> Float[np.ndarray, "N F"]:
    """What trees see of every row.

    Each column stands there twice: with its holes, and with the model's completions in them. The first tells trees what
    is missing, the second lets them rely on what the model knows of it. The trees of a column do not see how the model
    completes that column itself: a guess from rows that the model was trained on is better than it will be, and hidden
    cells of new rows had less error without it.

    Args:
        model: to complete rows.
        batch: the rows, whose mask says what is seen.
        cells: what `cells_seen` gives for them.
        expected: what `best_guess.at_location` gives for them.

    Returns:
        The columns with holes, the columns completed, and the tasks' codes, NaN where a task is unknown.
    """
    layout = model.space.layout
    alone = layout.sizes == 1
    mask = np.asarray(batch.mask)[:, alone]
    completions = model.space.to_raw(kernels.decide(layout, expected))[:, layout.first[alone]]
    tasks = np.where(np.asarray(batch.tasks) < 0, np.nan, batch.tasks)
    return np.concatenate([np.where(mask, cells, np.nan), np.where(mask, cells, completions), tasks], axis=1)


def own_feature(layout: Layout, place: int) -> list[int]:
    """Where a column itself is among the features, with holes and completed."""
    alone = layout.sizes == 1
    position = int(alone[:place].sum())
    return [position, position + int(alone.sum())]


def where(layout: Layout, place: int) -> tuple[int, int]:
    """The block that a column's expectations stand in, merged as it is evaluated, and the column's place there."""
    blocks = merged(layout).layout.blocks
    number = next(number for number, block in enumerate(blocks) if place in block.columns)
    return number, blocks[number].columns.index(place)


def guess_of(space: Space, expected: list[np.ndarray], place: int) -> Float[np.ndarray, "N *levels"]:
    """Of one column numbers in value space, held inside the observed bounds, or the probabilities of its levels."""
    block, position = where(space.layout, place)
    own = np.asarray(expected[block][:, position], np.float64)
    count = levels_of(space.layout)[place]
    return own[:, :count] if count > 0 else np.clip(own, *space.value_bounds[:, space.layout.first[place]])


def refined(model: FittedModel, batch: Batch, guess: list[np.ndarray], expected: list[np.ndarray]) -> list[np.ndarray]:
    """The model's ``guess`` with the answers of the trees mixed in, in the missing cells of the refined columns.

    Args:
        model: whose refinement is used.
        batch: the rows.
        guess: the model's own, by block as in `kernels.Expectations`.
        expected: what `best_guess.at_location` gives for the rows.
    """
    seen = features(model, batch, cells_seen(model, batch), expected)
    mixed = [np.array(part, np.float64) for part in guess]
    for column in model.refinement:
        rows = np.flatnonzero(~np.asarray(batch.mask)[:, column.place])
        block, position = where(model.space.layout, column.place)
        own = guess_of(model.space, guess, column.place)[rows]
        answer = column.mixed(seen[rows], own)
        if answer.ndim == 1:
            mixed[block][rows, position] = answer
        else:
            mixed[block][rows, position, : answer.shape[1]] = answer
    return mixed
