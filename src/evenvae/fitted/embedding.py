"""Where rows lie in latent space, and what a place there stands for."""

import jax
import numpy as np
from jaxtyping import Float, Int

from evenvae.errors import InputError
from evenvae.fitted import kernels
from evenvae.fitted.asking import in_slices, of_member, slice_rows, statistic
from evenvae.fitted.model import FittedModel
from evenvae.models.batch import Batch


def representation(model: FittedModel, batch: Batch) -> Float[np.ndarray, "N size"]:
    """The place of every row in latent space, by the first member of an ensemble.

    It is the mean of the posterior; for HI-VAE the mean of z given the likeliest component, followed by the
    probabilities of the components.
    """
    return of_member(model, kernels.representation, batch)


def representation_size(model: FittedModel) -> int:
    """Numbers that say where a row lies in latent space."""
    return model.plan.network.representation_size


def posterior(model: FittedModel, batch: Batch) -> tuple[Float[np.ndarray, "N latent"], Float[np.ndarray, "N latent"]]:
    """Mean and standard deviation of q(z|x) of every row, by the first member of an ensemble.

    Raises:
        InputError: the posterior is a mixture, as that of HI-VAE is.
    """
    network = model.plan.network
    if network.noise_size != network.representation_size:
        raise InputError(
            "posterior is for model='vae'. The posterior of model='hivae' is a mixture, which transform describes."
        )
    return of_member(model, kernels.posterior, batch)


def decode(
    model: FittedModel, places: Float[np.ndarray, "N size"], tasks: Int[np.ndarray, "N T"]
) -> Float[np.ndarray, "N E"]:
    """Raw values at places of latent space under ``tasks``, by the first member: expected numbers, likeliest levels.

    Raises:
        InputError: ``places`` has another number of columns than a representation.
    """
    size = representation_size(model)
    if places.ndim != 2 or places.shape[1] != size:
        raise InputError(f"Z must have shape (rows, {size}), not {places.shape}.")
    network = jax.device_put(model.members[0].network)
    ask = lambda part: kernels.decode(network, *part)
    parameters = in_slices(ask, (places, tasks), slice_rows(model.space.layout))
    return statistic(model.space, parameters, "default")
