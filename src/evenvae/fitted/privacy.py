"""What a fitted model and rows drawn from it tell about its training rows; see `evenvae.metrics.privacy`."""

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Int

from evenvae import tables
from evenvae.errors import InputError
from evenvae.fitted.as_read import numbers_of
from evenvae.fitted.model import FittedModel
from evenvae.fitted.sampling import drawn_rows
from evenvae.fitted.scoring import log_likelihood
from evenvae.io.watching import tell, told
from evenvae.metrics.privacy import (
    Attack,
    ClosestRecords,
    Disclosure,
    MixedDistance,
    attack,
    closest_records,
    disclosure,
)
from evenvae.tables import Encoded, Schema
from evenvae.training import Plan
from evenvae.training.setup import split

MOST_ASKED = 5000
"""Training rows, hold-out rows and drawn rows that are asked about, at most so many of each."""
MOST_COMPARED = 50_000
"""Training rows among which the closest record is looked for."""
MEASURING = "measuring distances"
"""What watchers are told is done (`evenvae.io.watching`)."""

NOT_COVERED = (
    "It does not cover the schema, the number of rows, what was shown or tracked while training, the checkpoint, and "
    "other models of the same rows; a known seed of the noise undoes it."
)
"""What the guarantee of a private fit says nothing about."""


def guarantee(plan: Plan) -> str:
    """What a fit with this plan guarantees, in a sentence or two."""
    spent = plan.privacy
    if spent is None:
        return "none"
    return (
        f"epsilon {spent.epsilon:.4g} at delta {spent.delta:.3g} for one row added or removed ({spent.steps:,} steps, "
        f"each with a chance of {spent.sampling_rate:.2%} for every row, noise of {spent.noise_multiplier:.4g} times "
        f"the clipping norm {spent.clipping:g}; {spent.accountant}), for the network and all that is computed from it "
        f"alone. {NOT_COVERED}"
    )


class PrivacyFigures(NamedTuple):
    """What is told about training rows.

    Attributes:
        train_rows, holdout_rows, generated_rows: how many rows were asked about.
        compared_rows: training rows among which the closest record was looked for.
        trained_on_it: whether the training table has the fingerprint that the model holds; None where it holds none.
        closest: see `ClosestRecords`.
        by_likelihood: membership by the log-likelihood of a row, which needs the model.
        by_samples: membership by how near a row lies to the drawn rows, which needs the drawn rows alone.
        by_column: see `Disclosure`; of the features, then of the task columns.
    """

    train_rows: int
    holdout_rows: int
    generated_rows: int
    compared_rows: int
    trained_on_it: bool | None
    closest: ClosestRecords
    by_likelihood: Attack
    by_samples: Attack
    by_column: Disclosure

    def summary(self) -> dict[str, Any]:
        """All figures that are not by column, for JSON."""
        kept = {name: value for name, value in self._asdict().items() if name != "by_column"}
        nested = ("closest", "by_likelihood", "by_samples")
        return kept | {name: getattr(self, name)._asdict() for name in nested}


def privacy(model: FittedModel, holdout: Encoded, train: Encoded, seed: int) -> PrivacyFigures:
    """What the model and its rows tell about training rows, beside hold-out rows.

    As many rows are drawn from the model as are asked about, with missing cells where the model knows of such. Rows
    that the fit held out for validation were not learned from and are left out of the training rows, where the table is
    known to be the one that the model was trained on.

    Args:
        model: to judge.
        holdout: rows of the same population that the model has not seen.
        train: the rows that it was trained on.
        seed: of the rows that are drawn and chosen.

    Raises:
        InputError: there are fewer than two rows of either, the hold-out rows are the training table, or a column is
            one of images.
    """
    if not model.space.layout.tabular:
        raise InputError("Privacy is judged by distances between numbers and levels, and the table has images.")
    for name, rows in (("training", train), ("hold-out", holdout)):
        if rows.count < 2:
            raise InputError(f"Privacy is judged by {rows.count} {name} row(s); give at least 2.")
    trained_on_it = is_training_table(model, train)
    if is_training_table(model, holdout):
        raise InputError(
            "The hold-out rows are the table that the model was trained on. Privacy is judged beside rows that it has "
            "not seen: fit on a part of the table and evaluate on the rest."
        )
    generator = np.random.default_rng([seed, 7])
    train = train.take(generator.permutation(learned_rows(model, train.count) if trained_on_it else train.count))
    holdout = holdout.take(generator.permutation(holdout.count))
    asked, beside = train.take(slice(MOST_ASKED)), holdout.take(slice(MOST_ASKED))
    drawn = drawn_rows(model, asked.count, seed, missing=not train.observed.all())
    schema, discrete = model.schema, discrete_columns(model.schema)
    known, rows, others, generated = (numbers_of(part, schema) for part in (train, asked, beside, drawn))
    known = known[:MOST_COMPARED]
    distance = MixedDistance.of(known, discrete)
    of_train, of_holdout = (distance.nearest(part, generated).distance for part in told((rows, others), MEASURING))
    tell(MEASURING, 0, None)
    closest = closest_records(generated, known, others, distance)
    by_column = disclosure(generated, rows, others, distance)
    scores = [log_likelihood(model, model.batch(part))["total"] for part in (asked, beside)]
    return PrivacyFigures(
        asked.count,
        beside.count,
        drawn.count,
        len(known),
        trained_on_it,
        closest,
        attack(*scores),
        attack(-of_train, -of_holdout),
        by_column,
    )


def is_training_table(model: FittedModel, rows: Encoded) -> bool | None:
    """Whether these are the rows that the model was trained on, by fingerprint; None where it holds none."""
    known = model.record.fingerprint
    return None if known is None else tables.fingerprint(rows) == known


def learned_rows(model: FittedModel, count: int) -> Int[np.ndarray, " learned"]:
    """The rows of the training table, by number, that no member held out for validation."""
    record, members = model.record, range(model.plan.ensemble)
    if count != record.rows or not record.held_out:
        return np.arange(count)
    learned = np.ones(count, bool)
    for run in members:
        learned[split(count, record.held_out, record.seed, run)[1]] = False
    return np.flatnonzero(learned) if learned.sum() >= 2 else np.arange(count)


def discrete_columns(schema: Schema) -> Bool[np.ndarray, " columns"]:
    """Which of the features, and then of the tasks, are levels."""
    return np.array([column.discrete for column in schema.features] + [True for _ in schema.tasks])
