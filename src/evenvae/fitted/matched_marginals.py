"""Heads that are shifted after training, so that drawn columns have the marginals of the table.

Every head is right in the mean over rows of the table. Where columns are drawn one after the other, each is drawn given
cells that were drawn themselves: what is a little wrong there is passed on, and all later columns drift. Survey
statistics move the marginals of a sample to known ones by raking (Deming and Stephan, 1940), which weighs its rows.
Here the logits of the levels are moved, a share of the way at a time, until drawn columns hold every level as often as
the table does; how a column depends on the others stays as it was learned.
"""

import numpy as np
from jaxtyping import Float

from evenvae.fitted.imputation import drawn_cells
from evenvae.fitted.interruptible import unless_interrupted
from evenvae.fitted.model import FittedModel
from evenvae.fitted.rows import Some, chosen_rows
from evenvae.fitted.sampling import free_rows
from evenvae.io.watching import tell
from evenvae.models.batch import Cells
from evenvae.tables import Encoded

MOST_ROWS = 20_000
"""Rows whose marginals are matched; as many are drawn every time."""
TIMES, SHARE = 3, 0.4
"""How often rows are drawn and the heads shifted, and by what share of the difference. All columns of a group that
depend on each other drift together: were each of them moved the whole way, the group would be moved too far."""


def with_matched_marginals(
    model: FittedModel, rows: Some, weight: Float[np.ndarray, " N"] | None = None
) -> FittedModel:
    """The model with heads that are shifted where rows are drawn; see `unless_interrupted` and `fit_shifts`."""
    matched = lambda: model.replaced(marginal_shifts=fit_shifts(model, rows, weight))
    return unless_interrupted(model, "matching the marginals", matched)


def fit_shifts(
    model: FittedModel, rows: Some, weight: Float[np.ndarray, " N"] | None = None
) -> Float[np.ndarray, "members P"]:
    """For every member what is added to the biases of its heads where rows are drawn.

    Args:
        model: trained on the rows.
        rows: whose marginals are wanted. Their missing cells count as the model draws them given the others.
        weight: of the rows.
    """
    generator = np.random.default_rng([model.record.seed, 8])
    encoded = rows.take(chosen_rows(rows, weight, MOST_ROWS, generator))
    return np.stack([_shift(model, encoded, member, generator) for member in range(len(model.members))])


def _shift(
    model: FittedModel, encoded: Encoded, member: int, generator: np.random.Generator
) -> Float[np.ndarray, " P"]:
    layout = model.space.layout
    own = slice(member, member + 1)
    alone = model.replaced(members=model.members[own], densities=model.densities[own])
    wanted = _cells(alone, _completed(alone, encoded, generator))
    shift = np.zeros(layout.width, np.float32)
    for number in range(TIMES):
        tell("matching the columns' marginals", number, TIMES)
        codes = model.task_counts.draw(encoded.count, {}, generator)
        drawn = _cells(alone, free_rows(alone.replaced(marginal_shifts=shift[None]), codes, generator))
        parts = [
            block.likelihood.marginal_shift(np.asarray(one), np.asarray(other)).ravel()
            for block, one, other in zip(layout.blocks, wanted, drawn, strict=True)
        ]
        shift = shift + np.float32(SHARE) * np.concatenate(parts).astype(np.float32)
    return shift


def _completed(model: FittedModel, encoded: Encoded, generator: np.random.Generator) -> Float[np.ndarray, "N E"]:
    """The rows with a draw in every missing cell, as rows that lack a cell may be others than those that have it."""
    values = encoded.values.copy()
    incomplete = np.flatnonzero(~encoded.observed.all(axis=1))
    if len(incomplete):
        part = encoded.take(incomplete)
        drawn = drawn_cells(model, model.batch(part), 0, generator)
        values[incomplete] = np.where(part.observed, part.values, drawn)
    return values


def _cells(model: FittedModel, values: Float[np.ndarray, "N E"]) -> Cells:
    return model.space.cells(values, np.ones((len(values), model.space.layout.features), bool))
