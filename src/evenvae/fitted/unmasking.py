"""Cells drawn a few columns at a time by a model with sight, each shown to the decoder before the next are drawn.

Given the shown cells, the heads draw the others independently of each other. In rounds, every cell is drawn given those
of the rounds before: an autoregressive model whose order is random for every row (Uria, Murray and Larochelle, 2014;
Hoogeboom et al., 2022, draw several at a time).
"""

import jax
import numpy as np
from jaxtyping import Bool, Float, Int

from evenvae import threefry
from evenvae.fitted import kernels
from evenvae.fitted.asking import in_slices, slice_rows
from evenvae.fitted.model import FittedModel


def unmasked(
    model: FittedModel,
    values: Float[np.ndarray, "N E"],
    member: int,
    generator: np.random.Generator,
    *,
    to_sample: bool = False,
) -> Float[np.ndarray, "N E"]:
    """Raw values with every missing cell drawn given the observed ones; those stay as they are.

    The cells of a row's first round are drawn from latents of the density where the row has no observed cell.

    Args:
        model: with sight; its columns hold one number each.
        values: raw values, NaN where a cell is to be drawn.
        member: of the ensemble, which is asked.
        generator: of the order and of the draws.
        to_sample: whether whole rows are drawn, with all that belongs to that; see `FittedModel.network`.
    """
    space = model.space
    values = values.copy()
    turn = turns(~np.isnan(values), model.plan.rounds, generator)
    network, state = jax.device_put((model.network(member, to_sample), model.members[member].encoder_state))
    size, scales = slice_rows(space.layout), space.device_scales
    ask = lambda batch, key: kernels.draw_shown(network, state, batch, scales, key)
    for number in range(turn.max(initial=0)):
        rows = np.flatnonzero((turn > number).any(axis=1))
        shown = turn[rows] <= number
        batch = space.batch(values[rows], shown).show()
        key = threefry.key(int(generator.integers(2**31)))
        drawn = space.drawn(in_slices(ask, batch, size, key))
        values[rows] = np.where(turn[rows] == number + 1, drawn, values[rows])
    return values


def turns(observed: Bool[np.ndarray, "N D"], rounds: int, generator: np.random.Generator) -> Int[np.ndarray, "N D"]:
    """In which round each cell is drawn, from 1; 0 for observed cells.

    A round draws D / rounds cells of a row, rounded up or down so that there are as many rounds as asked for.
    """
    order = np.where(observed, -1.0, generator.random(observed.shape))
    place = order.argsort(axis=1).argsort(axis=1) - observed.sum(axis=1, keepdims=True)
    columns = observed.shape[1]
    return np.where(observed, 0, place * min(rounds, columns) // columns + 1)
