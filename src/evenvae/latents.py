"""From where `sample` draws its latents: the trained prior, or what the training rows' posteriors add up to."""

import warnings
from typing import Any

import jax
import numpy as np
from sklearn.exceptions import ConvergenceWarning

from evenvae.models import inference
from evenvae.priors.fitted import FittedMixture
from evenvae.training import Network

MOST_ROWS = 20_000
"""Rows whose posteriors a mixture is fitted to, one draw of each."""


def fit(model: Any, cells: Any, observed: np.ndarray, weight: np.ndarray | None = None) -> list[FittedMixture]:
    """A density of the latents of the training rows, as they weigh, for every member of a fitted model."""
    generator = np.random.default_rng([model.seed_, 3])
    count = min(len(observed), MOST_ROWS)
    share = None if weight is None else weight / weight.sum()
    rows = generator.choice(len(observed), count, replace=share is not None, p=share)
    cells, observed = tuple(block[rows] for block in cells), observed[rows]
    scales = model.space_.device_scales
    fitted = []
    for number, (network, state) in enumerate(model.members_):
        keys = iter(jax.random.split(jax.random.fold_in(jax.random.key(model.seed_), number), len(rows)))
        draw = lambda c, m, n=network, s=state, k=keys: inference.posterior_draw(n, s, c, m, scales, next(k))
        draws = model._sliced(draw, cells, observed, 1)
        with warnings.catch_warnings():
            # a mixture stopped early is still the likeliest found
            warnings.simplefilter("ignore", ConvergenceWarning)
            fitted.append(FittedMixture.of(draws, model.seed_ % 2**32))
    return fitted


def sampled_from(model: Any, member: int) -> Network:
    """A member's network as `sample` asks it: with the fitted density in its prior's place, where there is one."""
    network, _ = model.members_[member]
    return network if model.latents_ is None else network._replace(prior=model.latents_[member])


def tensors(model: Any) -> dict[str, np.ndarray]:
    """What a saved model keeps of the densities: means, factors and weights of their normals."""
    kept = {}
    for member, mixture in enumerate(model.latents_ or ()):
        parts = {name: getattr(mixture, name) for name in ("means", "factors", "log_weights", "component")}
        kept |= {f"latents.{member}.{name}": np.asarray(v) for name, v in parts.items() if v is not None}
    return kept


def from_tensors(kept: dict[str, np.ndarray], members: int) -> list[FittedMixture] | None:
    """The way back from `tensors`."""
    if "latents.0.means" not in kept:
        return None
    part = lambda member, name: kept.get(f"latents.{member}.{name}")
    names = ("means", "factors", "log_weights", "component")
    return [FittedMixture(*(part(member, name) for name in names)) for member in range(members)]
