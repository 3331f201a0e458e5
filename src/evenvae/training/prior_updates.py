"""Priors that learn beside the model by steps of their own, called from the compiled loop."""

from collections.abc import Callable
from typing import Any

import jax
from jaxtyping import Array, Int, Key

from evenvae.likelihoods import Scale
from evenvae.models.packed import PackedTable
from evenvae.training.hiding import binarised
from evenvae.training.step import Network, States


def _posterior_of(
    network: Network, states: States, table: PackedTable, scales: tuple[Scale, ...], key: Key[Array, ""] | None
) -> Callable[[Array], Any]:
    encoder, layout = network.model.encoder, network.model.heads.layout

    def posterior_of(rows: Array) -> Any:
        batch = table.take(rows, layout)
        batch = batch if key is None else binarised(key, batch, layout)
        return encoder(batch, scales, states.encoder, inference=True)[0]

    return posterior_of


def update(
    network: Network,
    states: States,
    table: PackedTable,
    scales: tuple[Scale, ...],
    pool: Int[Array, "steps batch"],
    upcoming: Int[Array, " batch"],
    key: Key[Array, ""],
    binarise: bool = False,
) -> tuple[Network, States]:
    """The prior's own step after a step of the model, with the encoder as it is now.

    ``pool`` holds numbers of training rows to draw from, ``upcoming`` those of the next step. With ``binarise`` their
    grey pixels are drawn black or white.
    """
    posterior_of = _posterior_of(network, states, table, scales, jax.random.fold_in(key, 1) if binarise else None)
    prior, memory = network.prior.update(states.prior, posterior_of, pool.reshape(-1), upcoming, key)
    return network._replace(prior=prior), states._replace(prior=memory)


def finalise(
    network: Network,
    states: States,
    table: PackedTable,
    scales: tuple[Scale, ...],
    held_out: Int[Array, "slices size"],
    key: Key[Array, ""],
    binarise: bool = False,
) -> tuple[Network, States]:
    """The prior as it is to be used, at the end of a chunk and before the validation metric."""
    posterior_of = _posterior_of(network, states, table, scales, jax.random.fold_in(key, 1) if binarise else None)
    prior, memory = network.prior.finalise(states.prior, posterior_of, held_out.reshape(-1), key)
    return network._replace(prior=prior), states._replace(prior=memory)
