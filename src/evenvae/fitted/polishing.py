"""Trees that tell training rows from drawn ones, grown after training, by which drawn rows are then chosen."""

import dataclasses
import logging
from typing import Any

import numpy as np
from jaxtyping import Bool, Float
from scipy.optimize import minimize_scalar

from evenvae.fitted.as_read import numbers_of
from evenvae.fitted.asking import threads
from evenvae.fitted.growing import SETTINGS, require
from evenvae.fitted.interruptible import unless_interrupted
from evenvae.fitted.model import FittedModel
from evenvae.fitted.polish import Polish
from evenvae.fitted.rows import Some
from evenvae.fitted.sampling import drawn_rows
from evenvae.fitted.trees import Trees
from evenvae.io.watching import tell
from evenvae.training.setup import split

log = logging.getLogger(__name__)

MOST_ROWS, MOST_HELD = 30_000, 10_000
"""Rows that trees learn from, and that they are judged by; as many are drawn."""
LEAST_HELD = 10
"""Held-out rows below which nothing can be confirmed, and every drawn row is kept."""
MOST_ITERATIONS, PATIENCE = 1000, 25
"""Trees at most, and trees without gain after which no more are grown."""
LEARNING_RATE = 0.1
"""Lower than that of trees that impute: not only the order of the odds must be right."""


def with_polish(
    model: FittedModel, rows: Some, times: float, weight: Float[np.ndarray, " N"] | None = None
) -> FittedModel:
    """The model with trees by which its drawn rows are chosen; see `unless_interrupted`.

    A table with hardly any held-out rows gets none, and a warning.

    Args:
        model: trained on the rows.
        rows: to learn from.
        times: drawn rows for every row that is kept.
        weight: of the rows.
    """
    if model.record.held_out < LEAST_HELD:
        log.warning(
            "sampling.polish is left out: the table has %d held-out rows, and it takes %d to judge drawn rows by",
            model.record.held_out,
            LEAST_HELD,
        )
        return model
    polished = lambda: model.replaced(polish=Polish(times, grown(model, rows, weight)))
    return unless_interrupted(model, "growing trees", polished)


def grown(model: FittedModel, rows: Some, weight: Float[np.ndarray, " N"] | None = None) -> Trees:
    """Trees whose sum is the log of the ratio of the table's density and the model's, as held-out rows confirm it.

    Rows that are drawn later are others than those from which the trees learn. Rows that the first member held out from
    training say how many trees are grown, and by what number their sum is multiplied.
    """
    lightgbm = require("sampling.polish")
    tell("learning to choose among drawn rows", 0, None)
    seed = model.record.seed
    generator = np.random.default_rng([seed, 6])
    learning, held = split(rows.count, model.record.held_out, seed, 0)
    learning, held = generator.permutation(learning)[:MOST_ROWS], generator.permutation(held)[:MOST_HELD]
    chosen = np.concatenate([learning, held])
    real = numbers_of(rows.take(chosen), model.schema)
    # with cells missing as in the table
    drawn = drawn_rows(model, len(chosen), [seed, 7], missing=True)
    features = np.concatenate([real, numbers_of(drawn, model.schema)])
    truth = np.arange(len(features)) < len(chosen)
    is_held = np.tile(np.arange(len(chosen)) >= len(learning), 2)
    counted = np.ones(len(chosen)) if weight is None else weight[chosen]
    counted = np.concatenate([counted / counted.mean(), np.ones(len(chosen))])
    settings = {**SETTINGS, "learning_rate": LEARNING_RATE, "objective": "binary", "num_threads": threads()}
    # the table has as many rows as are drawn, so that no constant belongs to the odds
    settings |= {"boost_from_average": False, "seed": int(generator.integers(2**31 - 1))}
    part = lambda rows, **of: lightgbm.Dataset(features[rows], truth[rows], weight=counted[rows], params=settings, **of)
    learned = part(~is_held)
    booster = lightgbm.train(
        settings,
        learned,
        MOST_ITERATIONS,
        valid_sets=[part(is_held, reference=learned)],
        callbacks=[lightgbm.early_stopping(PATIENCE, verbose=False)],
    )
    described = booster.dump_model(num_iteration=booster.best_iteration)["tree_info"]
    trees = Trees.of_lightgbm([tree["tree_structure"] for tree in described], 1)
    share = confirmed(trees.sums(features[is_held])[:, 0], truth[is_held], counted[is_held])
    log.info("%d trees tell training rows from drawn ones; %.2f of their odds count", len(described), share)
    return dataclasses.replace(trees, value=share * trees.value)


def confirmed(odds: Float[np.ndarray, " n"], truth: Bool[np.ndarray, " n"], weight: Float[np.ndarray, " n"]) -> float:
    """The number from 0 to 1 by which log-odds are to be multiplied so that the truth is likeliest under them."""
    signed = np.where(truth, -odds, odds)
    loss = lambda share: float(weight @ np.logaddexp(0, share * signed))
    found: Any = minimize_scalar(loss, bounds=(0, 1), method="bounded")
    return float(found.x)
