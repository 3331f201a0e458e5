"""Missing cells, filled with an expectation or with draws."""

from collections.abc import Mapping
from typing import Any, get_args

import numpy as np
from jaxtyping import Float

from evenvae import threefry
from evenvae.fitted import kernels
from evenvae.fitted.asking import known, of_member
from evenvae.fitted.best_guess import SAMPLES, Method, at_location, default_method, weighted
from evenvae.fitted.model import FittedModel
from evenvae.fitted.noise import latent_noise
from evenvae.fitted.reconstruction import reconstruct
from evenvae.fitted.refinement import cells_seen, refined
from evenvae.fitted.unmasking import unmasked
from evenvae.models.batch import Batch
from evenvae.models.merging import merged
from evenvae.part import check_choice, check_seed, check_whole


def impute(
    model: FittedModel,
    batch: Batch,
    draws: Any = 1,
    method: Any = None,
    samples: Any = SAMPLES,
    seed: Any = 0,
) -> list[Float[np.ndarray, "N E"]]:
    """What belongs in the missing cells: ``draws`` arrays of raw values, with NaN in place of observed cells.

    Rows without a missing cell are not asked.

    Args:
        model: to ask.
        batch: the rows, as `FittedModel.batch` gives them.
        draws: a whole number; 1 gives the best guess; more give draws from the posterior of the missing cells, by
            sampling-importance-resampling. The members of an ensemble take turns.
        method: of the best guess: ``"importance"`` (the importance-weighted expectation over ``samples`` draws of z),
            ``"point"`` (the expectation at the location of q(z|x)) or ``"mode"`` (the mode of the likelihood there, as
            Javaloy et al. impute). None is ``"point"`` for a model that was trained with hidden cells, whose encoder
            answers from part of a row by itself and was measured to do so with less error, and ``"importance"`` for
            any other, whose encoder needs the correction. None also lets the model's trees refine the guess, where it
            has some; a method that is named is the model's alone.
        samples: draws of the latent for every row, a whole number.
        seed: of the draws, a whole number.

    Raises:
        InputError: an unknown method; ``draws`` or ``samples`` is no whole number of at least 1, ``seed`` none of at
            least 0.
    """
    draws, samples = check_whole("draws", draws), check_whole("samples", samples)
    seed = check_seed("random_state", seed) or 0
    check_choice("method", method, get_args(Method))
    mask = np.asarray(batch.mask)
    completed = np.full((draws, len(mask), model.space.layout.elements), np.nan)
    incomplete = np.flatnonzero(~mask.all(axis=1))
    if len(incomplete):
        answers = _answers(model, batch.take(incomplete), draws, method, samples, seed)
        completed[:, incomplete] = [known(model, values) for values in answers]
    completed[:, model.space.layout.spread(mask)] = np.nan
    return list(completed)


def _answers(
    model: FittedModel, batch: Batch, draws: int, method: Method | None, samples: int, seed: int
) -> list[Float[np.ndarray, "N E"]]:
    """Raw values for all cells of the rows; arguments as those of `impute`."""
    pooled = pooled_codes(model)
    if draws > 1:
        # every member in turn, so that the draws differ as the members do
        turns = np.random.default_rng(seed).permutation(len(model.members))
        cells = _raw_cells(model, batch) if model.plan.sight else None
        drawn = [
            drawn_cells(model, batch, int(turns[i % len(turns)]), np.random.default_rng([seed, i]), samples, cells)
            for i in range(draws)
        ]
        return [
            _named(model, batch, values, pooled, np.random.default_rng([seed, i])) for i, values in enumerate(drawn)
        ]
    if method == "mode":
        return [_named(model, batch, reconstruct(model, model.shown(batch), "mode"), pooled)]
    by_importance = (method or default_method(model)) == "importance"
    guess = weighted(model, batch, samples) if by_importance else at_location(model, batch)
    if method is None and model.refinement:
        guess = refined(model, batch, guess, at_location(model, batch) if by_importance else guess)
    return [model.space.to_raw(kernels.decide(model.space.layout, guess, pooled))]


def pooled_codes(model: FittedModel) -> dict[int, int]:
    """By feature, the code of the level that stands for all rare ones: no cell is filled with it."""
    return {
        place: column.cardinality - 1
        for place, column in enumerate(model.schema.features)
        if column.pooled is not None and column.cardinality > 1
    }


def _named(
    model: FittedModel,
    batch: Batch,
    values: Float[np.ndarray, "N E"],
    pooled: Mapping[int, int],
    generator: np.random.Generator | None = None,
) -> Float[np.ndarray, "N E"]:
    """The values with a named level in place of every pooled one: the likeliest, or a draw by the ``generator``."""
    first = model.space.layout.first
    if not any((values[:, first[place]] == code).any() for place, code in pooled.items()):
        return values
    means = at_location(model, batch)
    if generator is not None:
        # the largest of log p plus Gumbel noise is a draw by p
        blocks = merged(model.space.layout).layout.blocks
        means = [
            np.log(np.maximum(part, 1e-30)) + generator.gumbel(size=part.shape) if block.likelihood.discrete else part
            for block, part in zip(blocks, means, strict=True)
        ]
    named = kernels.decide(model.space.layout, means, pooled)
    values = values.copy()
    for place, code in pooled.items():
        rows = values[:, first[place]] == code
        values[rows, first[place]] = named[rows, first[place]]
    return values


def _raw_cells(model: FittedModel, batch: Batch) -> Float[np.ndarray, "N E"]:
    """Raw values of the rows, NaN where a cell is missing."""
    return np.where(np.asarray(batch.mask), cells_seen(model, batch), np.nan)


def drawn_cells(
    model: FittedModel,
    batch: Batch,
    member: int,
    generator: np.random.Generator,
    samples: int = SAMPLES,
    cells: Float[np.ndarray, "N E"] | None = None,
) -> Float[np.ndarray, "N E"]:
    """One member's draw of all cells given the observed ones, as raw values.

    A model with sight takes ``cells``, the raw values with NaN where one is missing, where they are known already.
    """
    if model.plan.sight:
        return unmasked(model, _raw_cells(model, batch) if cells is None else cells, member, generator)
    noise = latent_noise(samples, model.plan.network.noise_size)
    key = threefry.key(int(generator.integers(2**31)))
    ask = lambda network, state, part, scales, own: kernels.impute_draw(network, state, part, scales, noise, own)
    return model.space.drawn(of_member(model, ask, batch, samples, member, key))
