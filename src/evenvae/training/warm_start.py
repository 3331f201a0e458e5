"""``warm_start``: a fit that continues from what the last fit learned."""

from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax
import numpy as np

from evenvae.errors import InputError
from evenvae.training.step import Network, States


def continued(
    networks: list[tuple[Network, States, Any]], members: Sequence[tuple[Network, Any]]
) -> list[tuple[Network, States, Any]]:
    """New networks with the parameters and batch statistics of the fitted ``members``.

    Optimiser and balancer start anew.

    Raises:
        InputError: the number of members or the shape of the network has changed.
    """
    if len(members) != len(networks):
        raise InputError(
            f"warm_start continues with the {len(members)} members that the last fit kept, but ensemble is "
            f"{len(networks)}; set warm_start=False to start anew."
        )
    made = []
    for (fitted, encoder_state), (network, states, key) in zip(members, networks, strict=True):
        if _shapes(fitted) != _shapes(network):
            raise InputError(
                "warm_start needs the network of the last fit, but an option that shapes it (such as network.width or "
                "latent_size) has changed; set warm_start=False to start anew."
            )
        made.append((fitted, states._replace(encoder=encoder_state), key))
    return made


def _shapes(network: Network) -> list[tuple[int, ...]]:
    return [np.shape(leaf) for leaf in jax.tree.leaves(eqx.filter(network, eqx.is_inexact_array))]
