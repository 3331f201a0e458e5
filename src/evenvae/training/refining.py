"""Priors that learn beside the model, by their own steps: the seam between them and the compiled loop."""

from collections.abc import Callable
from typing import Any

import jax
from jaxtyping import Array, Int, Key

from evenvae.training.step import Network, States


def learns_aside(prior: Any) -> bool:
    """Whether the prior has steps of its own."""
    return hasattr(prior, "refine")


def _posterior_of(network: Network, states: States, data: Any) -> Callable[[Array], Any]:
    def posterior_of(rows):
        cells = tuple(block[rows] for block in data.cells)
        return network.model.encoder(cells, data.mask[rows], data.scales, states.encoder, inference=True)[0]

    return posterior_of


def refine(
    network: Network,
    states: States,
    data: Any,
    pool: Int[Array, "steps batch"],
    upcoming: Int[Array, " batch"],
    key: Key[Array, ""],
) -> tuple[Network, States]:
    """After a step of the model: the prior's own, with the encoder as it is now.

    ``pool`` holds training rows to draw from, ``upcoming`` the rows of the next step.
    """
    posterior_of = _posterior_of(network, states, data)
    prior, memory = network.prior.refine(states.prior, posterior_of, pool.reshape(-1), upcoming, key)
    return network._replace(prior=prior), states._replace(prior=memory)


def settle(
    network: Network, states: States, data: Any, held_out: Int[Array, "slices size"], key: Key[Array, ""]
) -> tuple[Network, States]:
    """At the end of a chunk, before the validation figure: the prior as it is to be used."""
    posterior_of = _posterior_of(network, states, data)
    prior, memory = network.prior.settle(states.prior, posterior_of, held_out.reshape(-1), key)
    return network._replace(prior=prior), states._replace(prior=memory)


def watched(network: Network, states: States) -> dict[str, jax.Array]:
    """What the history keeps of the prior."""
    return network.prior.watched(states.prior) if learns_aside(network.prior) else {}
