"""Which balancer decides on which shared features: one on all of them together, or one on each."""

import abc
import dataclasses
from collections.abc import Sequence
from typing import Any, NamedTuple, cast

import jax
import jax.numpy as jnp
from jax.tree_util import PyTreeDef
from jaxtyping import Array, Key, Shaped

from evenvae.balancing.base import Balancer, State


class Decisions(NamedTuple):
    """The balancers of a step, with a state and a random key for each."""

    balancers: Sequence[Balancer]
    states: Sequence[State]
    keys: Sequence[Key[Array, ""] | None]


class Assignment(abc.ABC):
    """Assigns the leaves of the shared features to balancers.

    ``structure`` is always that of the features, and arrays come in the order of its leaves.
    """

    @abc.abstractmethod
    def init(self, number_of_tasks: int) -> State:
        """The states of all balancers before the first step."""

    @abc.abstractmethod
    def decisions(self, structure: PyTreeDef, state: State, key: Key[Array, ""] | None) -> Decisions:
        """The balancers with their parts of the state and of the key."""

    @abc.abstractmethod
    def next_state(self, structure: PyTreeDef, states: Sequence[State]) -> State:
        """The next state, from those of the balancers."""

    @abc.abstractmethod
    def grouped(self, leaves: Sequence[Shaped[Array, "..."]], axis: int) -> list[Shaped[Array, "..."]]:
        """An array for each balancer, from one for each leaf."""

    @abc.abstractmethod
    def ungrouped(
        self, groups: Sequence[Shaped[Array, "..."]], cuts: Sequence[int], axis: int
    ) -> list[Shaped[Array, "..."]]:
        """An array for each leaf, from one for each balancer. ``cuts`` are where the leaves after the first begin."""


@dataclasses.dataclass(frozen=True)
class OneForAll(Assignment):
    """One balancer that decides once, on all features together."""

    balancer: Balancer

    def init(self, number_of_tasks: int) -> State:
        """The state of the balancer."""
        return self.balancer.init(number_of_tasks)

    def decisions(self, structure: PyTreeDef, state: State, key: Key[Array, ""] | None) -> Decisions:
        """The balancer, with the state and the key as they are."""
        del structure
        return Decisions([self.balancer], [state], [key])

    def next_state(self, structure: PyTreeDef, states: Sequence[State]) -> State:
        """The state of the balancer."""
        del structure
        return states[0]

    def grouped(self, leaves: Sequence[Shaped[Array, "..."]], axis: int) -> list[Shaped[Array, "..."]]:
        """All leaves concatenated."""
        return [jnp.concatenate(leaves, axis=axis)]

    def ungrouped(
        self, groups: Sequence[Shaped[Array, "..."]], cuts: Sequence[int], axis: int
    ) -> list[Shaped[Array, "..."]]:
        """The leaves, cut apart."""
        return jnp.split(groups[0], cuts, axis=axis)


@dataclasses.dataclass(frozen=True)
class OneForEach(Assignment):
    """A pytree of balancers in the structure of the features, each with its own state."""

    balancers: Any

    def init(self, number_of_tasks: int) -> State:
        """The states of the balancers, in the structure of the features."""

        def first(balancer: Balancer) -> State:
            return balancer.init(number_of_tasks)

        return jax.tree.map(first, self.balancers, is_leaf=is_balancer)

    def decisions(self, structure: PyTreeDef, state: State, key: Key[Array, ""] | None) -> Decisions:
        """A balancer, its state and a key of its own for each leaf."""
        balancers = cast(list[Balancer], structure.flatten_up_to(self.balancers))
        keys = [None] * len(balancers) if key is None else list(jax.random.split(key, len(balancers)))
        return Decisions(balancers, structure.flatten_up_to(state), keys)

    def next_state(self, structure: PyTreeDef, states: Sequence[State]) -> State:
        """The states of the balancers, in the structure of the features."""
        return jax.tree.unflatten(structure, states)

    def grouped(self, leaves: Sequence[Shaped[Array, "..."]], axis: int) -> list[Shaped[Array, "..."]]:
        """The leaves as they are."""
        del axis
        return list(leaves)

    def ungrouped(
        self, groups: Sequence[Shaped[Array, "..."]], cuts: Sequence[int], axis: int
    ) -> list[Shaped[Array, "..."]]:
        """The groups as they are."""
        del cuts, axis
        return list(groups)


def assign(balancers: Any) -> Assignment:
    """The assignment for what a user gave: one `Balancer`, or a pytree of them."""
    return OneForAll(balancers) if is_balancer(balancers) else OneForEach(balancers)


def is_balancer(value: object) -> bool:
    """Whether the value is a `Balancer`, which is then a leaf of a pytree of balancers."""
    return isinstance(value, Balancer)
