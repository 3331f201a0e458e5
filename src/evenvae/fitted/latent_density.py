"""The density that takes the prior's place, where it is fitted to the posteriors of the training rows."""

import warnings
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from evenvae import threefry
from evenvae.fitted import kernels
from evenvae.fitted.asking import of_member
from evenvae.fitted.model import FittedModel
from evenvae.fitted.rows import Some
from evenvae.io.typed import check_fields
from evenvae.priors import FittedMixture

MOST_ROWS = 20_000
"""Rows whose posteriors a mixture is fitted to, with one draw of each."""


def fit_densities(
    model: FittedModel, rows: Some, weight: Float[np.ndarray, " N"] | None = None
) -> tuple[FittedMixture, ...]:
    """For every member a density of the latents of the training rows, which count as they weigh."""
    from sklearn.exceptions import ConvergenceWarning

    seed = model.record.seed
    generator = np.random.default_rng([seed, 3])
    share = None if weight is None else weight / weight.sum()
    chosen = generator.choice(rows.count, min(rows.count, MOST_ROWS), replace=share is not None, p=share)
    batch = model.batch(rows.take(chosen))
    fitted = []
    for member in range(len(model.members)):
        key = threefry.fold_in(threefry.key(seed), member)
        draws = of_member(model, kernels.posterior_draw, batch, member=member, key=key)
        with warnings.catch_warnings():
            # a mixture whose fit stopped early is still the likeliest one found
            warnings.simplefilter("ignore", ConvergenceWarning)
            fitted.append(FittedMixture.of(draws, seed % 2**32))
    return tuple(fitted)


def to_tensors(densities: tuple[FittedMixture, ...]) -> dict[str, np.ndarray]:
    """What a saved model holds of the densities: weights, means and factors of their normals."""
    kept = {}
    for member, mixture in enumerate(densities):
        parts = {name: getattr(mixture, name) for name in NAMES}
        kept |= {f"latents.{member}.{name}": np.asarray(part) for name, part in parts.items() if part is not None}
    return kept


def from_tensors(tensors: dict[str, np.ndarray], members: int) -> tuple[FittedMixture, ...]:
    """The densities that `to_tensors` described; none where there were none.

    Raises:
        InputError: the parts of a mixture do not fit each other.
    """
    if not any(name.startswith("latents.") for name in tensors):
        return ()
    found = []
    for member in range(members):
        means, factors, log_weights, component = (tensors.get(f"latents.{member}.{name}") for name in NAMES)
        parts = {"means": means, "factors": factors, "log_weights": log_weights}
        known = {name: part for name, part in parts.items() if part is not None}
        check_fields(_Parts, known | ({} if component is None else {"component": component}), "The density of latents")
        found.append(FittedMixture.of_parts(means, factors, log_weights, component))
    return tuple(found)


class _Parts(NamedTuple):
    """What a file holds of a `FittedMixture`."""

    means: Float[np.ndarray, "M latent"]
    factors: Float[np.ndarray, "M latent latent"]
    log_weights: Float[np.ndarray, " M"]
    component: Float[np.ndarray, "M S"] | None = None


NAMES = ("means", "factors", "log_weights", "component")
