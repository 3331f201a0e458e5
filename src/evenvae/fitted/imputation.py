"""Missing cells, filled with an expectation or with draws."""

from typing import Literal, get_args

import jax
import numpy as np
from jaxtyping import Float

from evenvae.errors import InputError
from evenvae.fitted import kernels
from evenvae.fitted.asking import averaged, of_member, of_members
from evenvae.fitted.model import FittedModel
from evenvae.fitted.reconstruction import reconstruct
from evenvae.models.batch import Batch
from evenvae.part import check_choice

SAMPLES = 50
"""Draws of the latent for every row."""
Method = Literal["importance", "point", "mode"]


def impute(
    model: FittedModel,
    batch: Batch,
    draws: int = 1,
    method: str | None = None,
    samples: int = SAMPLES,
    seed: int = 0,
) -> list[Float[np.ndarray, "N E"]]:
    """What belongs in the missing cells: ``draws`` arrays of raw values for all cells.

    Args:
        model: to ask.
        batch: the rows, as `FittedModel.batch` gives them.
        draws: 1 gives the best guess; more give draws from the posterior of the missing cells, by
            sampling-importance-resampling. The members of an ensemble take turns.
        method: of the best guess: ``"importance"`` (the importance-weighted expectation over ``samples`` draws of z),
            ``"point"`` (the expectation at the location of q(z|x)) or ``"mode"`` (the mode of the likelihood there, as
            Javaloy et al. impute). None is ``"point"`` for a model that was trained with hidden cells, whose encoder
            answers from part of a row by itself and was measured to do so with less error, and ``"importance"`` for
            any other, whose encoder needs the correction.
        samples: draws of the latent for every row.
        seed: of the draws.

    Raises:
        InputError: an unknown method, or ``draws`` or ``samples`` below 1.
    """
    if draws < 1 or samples < 1:
        raise InputError(f"draws={draws} and samples={samples} must be at least 1.")
    check_choice("method", method, get_args(Method))
    method = method or ("point" if model.plan.method.hide_cells else "importance")
    if draws > 1:
        # every member in turn, so that the draws differ as the members do
        turns = np.random.default_rng(seed).permutation(len(model.members))
        return [_draw(model, batch, samples, [seed, i], int(turns[i % len(turns)])) for i in range(draws)]
    if method == "importance":
        return [_expected(model, batch, samples)]
    return [reconstruct(model, batch, "default" if method == "point" else "mode")]


def _expected(model: FittedModel, batch: Batch, samples: int) -> Float[np.ndarray, "N E"]:
    noise = kernels.latent_noise(samples, model.plan.network.noise_size)
    bounds = model.space.value_bounds.astype(np.float32)
    ask = lambda network, state, part, scales: kernels.impute(network, state, part, scales, noise, bounds)
    return averaged(model, of_members(model, ask, batch, samples))


def _draw(model: FittedModel, batch: Batch, samples: int, seed: list[int], member: int) -> Float[np.ndarray, "N E"]:
    noise = kernels.latent_noise(samples, model.plan.network.noise_size)
    generator = np.random.default_rng(seed)
    keys = iter(jax.random.split(jax.random.key(int(generator.integers(2**31))), len(batch.mask)))
    ask = lambda network, state, part, scales: kernels.impute_draw(network, state, part, scales, noise, next(keys))
    return model.space.to_raw(of_member(model, ask, batch, samples, member))
