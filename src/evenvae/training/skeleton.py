"""A network without its numbers, which are one vector while it trains.

Adam, the kept best and the test for finite numbers then are one kernel each, not one for every array of the network:
less to compile and less to start in every step.
"""

import math
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from evenvae.training.step import Network


class Skeleton(eqx.Module):
    """The part of a network that is not a parameter, and where each parameter is in the vector of all.

    Attributes:
        rest: the network, with None in place of its parameters.
        structure: of the pytree of parameters.
        shapes: of the parameters, in the order of the vector.
    """

    rest: Network
    structure: Any = eqx.field(static=True)
    shapes: tuple[tuple[int, ...], ...] = eqx.field(static=True)

    @classmethod
    def of(cls, network: Network) -> "Skeleton":
        """That of a network, whose parameters may be arrays or only their shapes."""
        params, rest = eqx.partition(network, eqx.is_inexact_array)
        leaves, structure = jax.tree.flatten(params)
        return cls(rest, structure, tuple(leaf.shape for leaf in leaves))

    def network(self, vector: Float[Array | np.ndarray, "*runs P"]) -> Network:
        """The network with these parameters; of several runs, with each parameter stacked over runs."""
        ends = np.cumsum([math.prod(shape) for shape in self.shapes])
        leaves = [
            vector[..., end - math.prod(shape) : end].reshape(*vector.shape[:-1], *shape)
            for shape, end in zip(self.shapes, ends, strict=True)
        ]
        return eqx.combine(jax.tree.unflatten(self.structure, leaves), self.rest)


def vector_of(network: Network) -> Float[Array | np.ndarray, " P"]:
    """The parameters of a network side by side, on the host where they are arrays of NumPy."""
    leaves = jax.tree.leaves(eqx.filter(network, eqx.is_inexact_array))
    join = np if all(isinstance(leaf, np.ndarray) for leaf in leaves) else jnp
    return join.concatenate([leaf.reshape(-1) for leaf in leaves])
