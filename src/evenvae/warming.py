"""``warm_start``: a fit that goes on from what the last one learned."""

from typing import Any

import equinox as eqx
import jax
import numpy as np

from evenvae.errors import InputError


def wanted(model: Any) -> bool:
    """Whether there is something to go on from, and it is asked for."""
    return bool(model.warm_start) and hasattr(model, "members_")


def schema(model: Any) -> Any:
    """The schema of the last fit, or None for a new one."""
    return model.schema_ if wanted(model) else None


def space(model: Any) -> Any:
    """The scales of the last fit, without which its parameters mean nothing, or None for new ones."""
    return model.space_ if wanted(model) else None


def continued(model: Any, networks: list[tuple[Any, Any, Any]]) -> list[tuple[Any, Any, Any]]:
    """New networks with the parameters and batch statistics of the fitted ones; optimiser and balancer begin anew.

    Raises:
        InputError: the number of members or the shape of the network has changed.
    """
    if not wanted(model):
        return networks
    if len(model.members_) != len(networks):
        raise InputError(
            f"warm_start goes on with the {len(model.members_)} members that the last fit kept, but ensemble is "
            f"{len(networks)}; set warm_start=False to begin anew."
        )
    made = []
    for (fitted, encoder_state), (network, states, key) in zip(model.members_, networks, strict=True):
        shapes = lambda tree: [np.shape(leaf) for leaf in jax.tree.leaves(eqx.filter(tree, eqx.is_inexact_array))]
        if shapes(fitted) != shapes(network):
            raise InputError(
                "warm_start needs the network of the last fit, but an option that shapes it (such as hidden_size or "
                "latent_size) has changed; set warm_start=False to begin anew."
            )
        made.append((fitted, states._replace(encoder=encoder_state), key))
    return made
