"""Rows as they would look under other tasks."""

import numpy as np
from jaxtyping import Float, Int

from evenvae.fitted import kernels
from evenvae.fitted.asking import averaged, of_members
from evenvae.fitted.model import FittedModel
from evenvae.models.batch import Batch


def translate(model: FittedModel, batch: Batch, tasks: Int[np.ndarray, " T"]) -> Float[np.ndarray, "N E"]:
    """Raw values of all cells, encoded under the rows' own tasks and decoded under ``tasks``; -1 keeps a row's own."""
    ask = lambda network, state, part, scales: kernels.translate(network, state, part, scales, tasks)
    return averaged(model, of_members(model, ask, batch))
