"""Trees that refine a fitted model's imputations: grown on its training rows, weighed on rows held out from it."""

import dataclasses
import logging
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from evenvae.errors import InputError
from evenvae.fitted import best_guess
from evenvae.fitted.asking import threads
from evenvae.fitted.interruptible import unless_interrupted
from evenvae.fitted.model import FittedModel
from evenvae.fitted.refined_column import RefinedColumn
from evenvae.fitted.refinement import cells_seen, features, guess_of, levels_of, own_feature
from evenvae.fitted.rows import Some
from evenvae.fitted.trees import Trees
from evenvae.fitted.weighing import weight_of_levels, weight_of_numbers
from evenvae.io.watching import told
from evenvae.models.batch import Batch
from evenvae.training.setup import split

log = logging.getLogger(__name__)

ROUNDS = 3
"""Times that cells are hidden; trees grown from each round are averaged."""
LEAST_HIDDEN = 0.1
"""Share of a column's cells that trees do not see. Columns that lack fewer by themselves have the rest hidden: trees of
complete rows would know nothing of rows with holes."""
MOST_ROWS, MOST_HELD = 30_000, 5_000
"""Rows that trees learn from, and that they are weighed on."""
LEAST_CELLS, LEAST_HELD = 50, 10
"""Known cells of a column below which it gets no trees: to learn from, and to weigh by."""
MOST_LEVELS, LEAST_OF_LEVEL = 50, 5
"""Levels that trees tell apart, and the cells that one needs for that."""
MOST_TREES, MOST_ITERATIONS, PATIENCE = 3_000, 300, 15
"""Trees of a column and a round; iterations, and those without gain after which no more trees are grown."""
MOST_FEATURES = 100
"""Features that a tree may use, which bounds the time of wide tables."""
SETTINGS = {
    "learning_rate": 0.15,
    "num_leaves": 15,
    "max_depth": 8,
    "min_data_in_leaf": 20,
    "feature_fraction_bynode": 0.5,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    # the same trees whatever the number of threads
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
}


class Pairs(NamedTuple):
    """The known cells of one column with what is seen of their rows while they are hidden.

    Attributes:
        truth: the cells, in value space.
        weight: of their rows.
        rounds: for every round of hiding what trees see.
        held: which of them are of held-out rows.
        own: for every round the model's guess of the held-out cells; that of an ensemble's first member.
    """

    truth: Float[np.ndarray, " n"]
    weight: Float[np.ndarray, " n"]
    rounds: list[Float[np.ndarray, "n F"]]
    held: Bool[np.ndarray, " n"]
    own: Float[np.ndarray, "rounds held *levels"]


def require(option: str = "imputation.refine='trees'") -> Any:
    """LightGBM, which is imported when trees are asked for by this option.

    Raises:
        InputError: it is not installed.
    """
    try:
        import lightgbm
    except (ImportError, OSError) as error:
        raise InputError(f"{option} needs LightGBM: pip install 'evenvae[trees]'.") from error
    return lightgbm


def with_trees(model: FittedModel, rows: Some, weight: Float[np.ndarray, " N"] | None = None) -> FittedModel:
    """The model with trees that refine its imputations; see `unless_interrupted`.

    Args:
        model: trained on the rows.
        rows: to learn from.
        weight: of the rows.
    """
    return unless_interrupted(model, "growing trees", lambda: model.replaced(refinement=grown(model, rows, weight)))


def grown(model: FittedModel, rows: Some, weight: Float[np.ndarray, " N"] | None = None) -> tuple[RefinedColumn, ...]:
    """The columns whose cells trees guess better than the model alone, by rows that were held out from its training."""
    seed, layout = model.record.seed, model.space.layout
    generator = np.random.default_rng([seed, 4])
    learning, held = split(rows.count, model.record.held_out, seed, 0)
    learning = generator.permutation(learning)[:MOST_ROWS]
    held = generator.permutation(held)[:MOST_HELD]
    chosen = np.concatenate([learning, held])
    is_held = np.arange(len(chosen)) >= len(learning)
    table = rows.take(chosen)
    counting = np.ones(len(chosen)) if weight is None else weight[chosen] / weight[chosen].mean()
    missing = 1 - rows.observed_share
    share = np.clip(LEAST_HIDDEN - missing, 0, None) / np.maximum(1 - missing, LEAST_HIDDEN)
    hidden = [generator.random(table.observed.shape) < share for _ in range(ROUNDS)]
    batch = model.batch(table)
    cells, levels = cells_seen(model, batch), levels_of(layout)
    shift, unit = model.space.shift_unit
    refinement = []
    places = np.flatnonzero(levels >= 0)
    for place in told(places, "growing trees"):
        known = table.observed[:, place]
        first = layout.first[place]
        truth = (table.values[known, first] - shift[first]) / unit[first]
        if not _enough(truth, is_held[known]):
            continue
        rounds, own = _rounds(model, batch, cells, hidden, known, is_held, int(place))
        pairs = Pairs(truth, counting[known], rounds, is_held[known], own)
        column = _column(pairs, int(place), int(levels[place]), [seed, 5, int(place)])
        if column is not None:
            refinement.append(column)
    log.info("trees refine %d of %d columns", len(refinement), layout.features)
    return tuple(refinement)


def _enough(truth: Float[np.ndarray, " n"], held: Bool[np.ndarray, " n"]) -> bool:
    """Whether there is something to learn, and enough to learn and weigh by."""
    learned = truth[~held]
    return len(learned) >= LEAST_CELLS and held.sum() >= LEAST_HELD and bool((learned != learned[0]).any())


def _rounds(
    model: FittedModel,
    batch: Batch,
    cells: Float[np.ndarray, "N S"],
    hidden: list[Bool[np.ndarray, "N D"]],
    known: Bool[np.ndarray, " N"],
    held: Bool[np.ndarray, " N"],
    place: int,
) -> tuple[list[Float[np.ndarray, "n F"]], Float[np.ndarray, "rounds held *levels"]]:
    """What trees see of the rows where a column is ``known``, and the model's guess there, round by round."""
    layout = model.space.layout
    # the rows are held out from the first member alone: others learned from them, and would seem better than they are
    judge = model.replaced(members=model.members[:1], densities=model.densities[:1])
    guess = best_guess.weighted if best_guess.default_method(model) == "importance" else best_guess.at_location
    # one member's guesses are those that its trees see
    guessed = guess is best_guess.at_location and len(model.members) == 1
    judged = held[known]
    rounds, guesses = [], []
    for hiding in hidden:
        mask = np.asarray(batch.mask) & ~hiding
        mask[:, place] = False
        asked = batch.hide(mask).take(known)
        expected = best_guess.at_location(model, asked)
        seen = features(model, asked, cells[known], expected)
        # trees do not see the model's guess of the cell itself
        seen[:, own_feature(layout, place)] = np.nan
        answers = [part[judged] for part in expected] if guessed else guess(judge, asked.take(judged))
        own = guess_of(model.space, answers, place)
        rounds.append(seen)
        guesses.append(np.asarray(own, np.float64))
    return rounds, np.stack(guesses)


def _column(pairs: Pairs, place: int, count: int, seed: list[int]) -> RefinedColumn | None:
    """The trees of a column of ``count`` levels (0 for numbers), with the weight that they have earned, if any."""
    learned = ~pairs.held
    levels, centre, spread = np.zeros(0, np.int32), 0.0, 1.0
    if count:
        counts = np.bincount(pairs.truth[learned].astype(int), minlength=count)
        frequent = np.argsort(-counts, kind="stable")[:MOST_LEVELS]
        levels = np.sort(frequent[counts[frequent] >= LEAST_OF_LEVEL]).astype(np.int32)
        if len(levels) < 2 or not np.isin(pairs.truth[pairs.held], levels).any():
            return None
    else:
        centre, spread = float(pairs.truth[learned].mean()), float(pairs.truth[learned].std())
        if not 0 < spread < np.inf:
            return None
    trees = _trees(pairs, levels, (pairs.truth - centre) / spread, seed)
    column = RefinedColumn(place, 1.0, levels, centre, spread, trees)
    answers = [column.answer(seen[pairs.held], own) for seen, own in zip(pairs.rounds, pairs.own, strict=True)]
    weigh = weight_of_levels if count else weight_of_numbers
    earned = weigh(np.stack(answers), pairs.own, pairs.truth[pairs.held], pairs.weight[pairs.held])
    return dataclasses.replace(column, weight=earned) if earned > 0 else None


def _trees(pairs: Pairs, levels: Int[np.ndarray, " K"], target: Float[np.ndarray, " n"], seed: list[int]) -> Trees:
    """The trees of all rounds, as their mean."""
    lightgbm = require()
    settings: dict[str, Any] = {**SETTINGS, "objective": "regression", "num_threads": threads()}
    settings["feature_fraction"] = min(1.0, MOST_FEATURES / pairs.rounds[0].shape[1])
    usable = np.ones(len(target), bool)
    outputs = 1
    if len(levels):
        usable = np.isin(target, levels)
        target = np.searchsorted(levels, target)
        outputs = 1 if len(levels) == 2 else len(levels)
        settings |= {"objective": "binary"} if outputs == 1 else {"objective": "multiclass", "num_class": outputs}
    learned, judged = usable & ~pairs.held, usable & pairs.held
    # every round is judged by all, so that its number of trees is no matter of which cells it hides
    repeated = lambda part: np.concatenate([part] * len(pairs.rounds))
    judging = np.concatenate([seen[judged] for seen in pairs.rounds])
    iterations = min(MOST_ITERATIONS, max(1, MOST_TREES // outputs))
    forests = []
    for number, seen in enumerate(pairs.rounds):
        settings["seed"] = int(np.random.default_rng([*seed, number]).integers(2**31 - 1))
        learning = lightgbm.Dataset(seen[learned], target[learned], weight=pairs.weight[learned], params=settings)
        booster = lightgbm.train(
            settings,
            learning,
            iterations,
            valid_sets=[
                lightgbm.Dataset(
                    judging, repeated(target[judged]), reference=learning, weight=repeated(pairs.weight[judged])
                )
            ],
            callbacks=[lightgbm.early_stopping(PATIENCE, verbose=False)],
        )
        described = booster.dump_model(num_iteration=booster.best_iteration)["tree_info"]
        structures = [tree["tree_structure"] for tree in described]
        forests.append(Trees.of_lightgbm(structures, outputs, 1 / len(pairs.rounds)))
    return Trees.joined(forests)
