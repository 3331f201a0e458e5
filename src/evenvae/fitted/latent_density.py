"""The density that takes the prior's place, where it is fitted to the posteriors of the training rows."""

import warnings
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from evenvae import threefry
from evenvae.fitted import kernels
from evenvae.fitted.asking import of_member
from evenvae.fitted.model import FittedModel
from evenvae.fitted.rows import Some, chosen_rows
from evenvae.io.typed import check_fields
from evenvae.models.batch import Batch
from evenvae.priors import FittedFlow, FittedMixture, Prior, flow_matching
from evenvae.priors.velocity import TIMES
from evenvae.threefry import Raw
from evenvae.training import Plan

MOST_ROWS = 20_000
"""Rows whose posteriors a density is fitted to."""


def fit_densities(model: FittedModel, rows: Some, weight: Float[np.ndarray, " N"] | None = None) -> tuple[Prior, ...]:
    """For every member a density of the latents of the training rows, which count as they weigh."""
    seed = model.record.seed
    generator = np.random.default_rng([seed, 3])
    batch = model.batch(rows.take(chosen_rows(rows, weight, MOST_ROWS, generator)))
    fit = _flow if model.plan.latents == "flow" else _mixture
    keys = [threefry.fold_in(threefry.key(seed), member) for member in range(len(model.members))]
    return tuple(fit(model, batch, member, key) for member, key in enumerate(keys))


def _mixture(model: FittedModel, batch: Batch, member: int, key: Raw) -> FittedMixture:
    """A mixture of normals, fitted to one draw of the posterior of every row."""
    from sklearn.exceptions import ConvergenceWarning

    draws = of_member(model, kernels.posterior_draw, batch, member=member, key=key)
    with warnings.catch_warnings():
        # a mixture whose fit stopped early is still the likeliest one found
        warnings.simplefilter("ignore", ConvergenceWarning)
        return FittedMixture.of(draws, model.record.seed % 2**32)


def _flow(model: FittedModel, batch: Batch, member: int, key: Raw) -> FittedFlow:
    """The end of a flow, fitted to draws of the posterior of every row that are made anew in every step."""
    mean, std = of_member(model, kernels.posterior, batch, member=member)
    return flow_matching.fit(mean, std, key)


def to_tensors(densities: tuple[Prior, ...]) -> dict[str, np.ndarray]:
    """What a saved model holds of the densities: the parts of their normals, or of their flows."""
    kept = {}
    for member, density in enumerate(densities):
        assert isinstance(density, FittedMixture | FittedFlow)
        kept |= {f"latents.{member}.{name}": np.asarray(part) for name, part in density.parts().items()}
    return kept


def from_tensors(tensors: dict[str, np.ndarray], members: int, plan: Plan) -> tuple[Prior, ...]:
    """The densities that `to_tensors` described; none where there were none.

    Args:
        tensors: of the saved model.
        members: of the ensemble.
        plan: of the model, which says what density it has, and of how many coordinates.

    Raises:
        InputError: the parts of a density do not fit each other.
    """
    if not any(name.startswith("latents.") for name in tensors):
        return ()
    density, said = (FittedFlow, _FlowParts) if plan.latents == "flow" else (FittedMixture, _MixtureParts)
    sizes = {"latent": plan.network.latent_size, "times": TIMES}
    found = []
    for member in range(members):
        before = f"latents.{member}."
        parts = {name.removeprefix(before): part for name, part in tensors.items() if name.startswith(before)}
        check_fields(said, parts, "The density of latents", **sizes)
        found.append(density.of_parts(**parts))
    return tuple(found)


class _MixtureParts(NamedTuple):
    """What a file holds of a `FittedMixture`."""

    means: Float[np.ndarray, "M latent"]
    factors: Float[np.ndarray, "M latent latent"]
    log_weights: Float[np.ndarray, " M"]
    component: Float[np.ndarray, "M S"] | None = None


class _FlowParts(NamedTuple):
    """What a file holds of a `FittedFlow`."""

    mean: Float[np.ndarray, " latent"]
    factor: Float[np.ndarray, "latent latent"]
    first: Float[np.ndarray, "latent width"]
    first_time: Float[np.ndarray, "times width"]
    first_bias: Float[np.ndarray, " width"]
    second: Float[np.ndarray, "width width"]
    second_time: Float[np.ndarray, "times width"]
    second_bias: Float[np.ndarray, " width"]
    last: Float[np.ndarray, "width latent"]
    last_bias: Float[np.ndarray, " latent"]
