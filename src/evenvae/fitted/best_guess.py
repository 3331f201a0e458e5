"""The model's own best guess of every cell, before anything is decided."""

from typing import Any, Literal

import numpy as np

from evenvae.fitted import kernels
from evenvae.fitted.asking import members_mean, of_members
from evenvae.fitted.model import FittedModel
from evenvae.fitted.noise import latent_noise
from evenvae.models.batch import Batch

SAMPLES = 50
"""Draws of the latent for every row."""
Method = Literal["importance", "point", "mode"]


def default_method(model: FittedModel) -> Method:
    """``"point"`` for a model with sight or trained with hidden cells, ``"importance"`` for others; see `impute`."""
    return "point" if model.plan.method.hide_cells or model.plan.sight else "importance"


def at_location(model: FittedModel, batch: Batch) -> list[np.ndarray]:
    """Expectations at the location of q(z|x), averaged over the members; see `kernels.Expectations`.

    A decoder with sight is shown the visible cells.
    """
    return members_mean(of_members(model, kernels.reconstruct, model.shown(batch)))


def weighted(model: FittedModel, batch: Batch, samples: int = SAMPLES) -> list[np.ndarray]:
    """Importance-weighted expectations over ``samples`` draws of z, averaged over the members."""
    noise = latent_noise(samples, model.plan.network.noise_size)
    bounds = model.space.value_bounds.astype(np.float32)
    ask: Any = lambda network, state, part, scales: kernels.impute(network, state, part, scales, noise, bounds)
    return members_mean(of_members(model, ask, batch, samples))
