"""The heads of several tasks on shared features: how losses and balanced gradients are computed for each kind."""

import abc
import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, cast

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Key

from evenvae.balancing.assignment import Assignment
from evenvae.balancing.base import State
from evenvae.balancing.shared_features import balance_shared_features


class LinearParameters(NamedTuple):
    """Parameters of `LinearHeads`."""

    kernel: Float[Array, "h P"]
    bias: Float[Array, " P"]


class Mixed(NamedTuple):
    """What heads answer for one batch.

    Losses (D,), the gradient of their own parameters, the balanced cotangent of the shared features in their own
    structure, and the next state of the balancers.
    """

    losses: Float[Array, " D"]
    gradient: Any
    cotangent: Any
    state: State


class Heads(abc.ABC):
    """The protocol of heads: everything between the shared features and the losses."""

    @abc.abstractmethod
    def losses_and_mix(
        self,
        parameters: Any,
        features: Any,
        batch: Any,
        assignment: Assignment,
        state: State,
        key: Key[Array, ""] | None,
    ) -> Mixed:
        """Losses, the heads' own gradient, the balanced cotangent of the features, and the next state.

        Raises ValueError if the losses are not one number for each task.
        """


@dataclasses.dataclass(frozen=True)
class LinearHeads(Heads):
    """Heads that are linear in the shared features: outputs = y W + b, then ``losses(outputs, batch)``.

    The Gramian of the tasks then costs 2 (M + h) P^2 operations and no backward pass (`gram_of_linear_heads`).

    Args:
        task_of_output: task of each of the P outputs. The tasks are numbered from 0 to D - 1.
        losses: a function of the outputs and the batch that gives the losses (D,). The loss of task d may depend on
            the outputs of task d alone.

    Raises:
        ValueError: if a number of a task between 0 and the largest one is missing.
    """

    task_of_output: tuple[int, ...]
    losses: Callable[[Array, Any], Float[Array, " D"]]

    def __post_init__(self) -> None:
        tasks = sorted(set(self.task_of_output))
        if tasks != list(range(len(tasks))):
            raise ValueError(f"task_of_output must name tasks 0 to D - 1 without gaps, not {tasks}")

    @property
    def tasks(self) -> int:
        """The number D of tasks."""
        return max(self.task_of_output) + 1

    def init(self, key: Key[Array, ""], hidden: int) -> LinearParameters:
        """Parameters for features of size ``hidden``: a Glorot-normal kernel and a bias of zero."""
        kernel = jax.nn.initializers.glorot_normal()(key, (hidden, len(self.task_of_output)))
        return LinearParameters(kernel, jnp.zeros(len(self.task_of_output)))

    def losses_and_mix(
        self,
        parameters: LinearParameters,
        features: Any,
        batch: Any,
        assignment: Assignment,
        state: State,
        key: Key[Array, ""] | None,
    ) -> Mixed:
        """See `Heads.losses_and_mix`.

        Raises ValueError also if the features differ in other dimensions than the last.
        """
        leaves, structure = jax.tree.flatten(features)
        if len({leaf.shape[:-1] for leaf in leaves}) > 1:
            raise ValueError("linear heads need shared features that agree in all but their last dimension")
        y = jnp.concatenate(leaves, axis=-1)
        outputs = y @ parameters.kernel + parameters.bias
        losses, vjp = pullback(lambda o: self.losses(o, batch), outputs)
        check_losses(losses, str(self.tasks))
        (cotangent,) = vjp(jnp.ones_like(losses))
        flat, flat_y = cotangent.reshape(-1, cotangent.shape[-1]), y.reshape(-1, y.shape[-1])
        gradient = LinearParameters(flat_y.T @ flat, flat.sum(0))

        cuts = np.cumsum([leaf.shape[-1] for leaf in leaves])[:-1].tolist()
        balancers, states, keys = assignment.decisions(structure, state, key)
        kernels = assignment.grouped(jnp.split(parameters.kernel, cuts, axis=0), axis=0)
        task = np.asarray(self.task_of_output, np.int32)
        groups, after = balance_shared_features(balancers, states, flat, kernels, task, keys=keys, losses=losses)
        mixed = assignment.ungrouped(groups, cuts, axis=-1)
        shaped = [one.reshape(leaf.shape) for one, leaf in zip(mixed, leaves, strict=True)]
        return Mixed(losses, gradient, jax.tree.unflatten(structure, shaped), assignment.next_state(structure, after))


class HeadsByRows(Heads):
    """Heads of any kind, whose gradient rows with respect to the features are all formed."""

    @abc.abstractmethod
    def losses_and_rows(self, parameters: Any, features: Any, batch: Any) -> tuple[Float[Array, " D"], Any, Any]:
        """Losses, the heads' own gradient, and the rows: the features' tree with D in front of every leaf."""

    def losses_and_mix(
        self,
        parameters: Any,
        features: Any,
        batch: Any,
        assignment: Assignment,
        state: State,
        key: Key[Array, ""] | None,
    ) -> Mixed:
        """See `Heads.losses_and_mix`."""
        losses, gradient, rows = self.losses_and_rows(parameters, features, batch)
        leaves, structure = jax.tree.flatten(features)
        flat = [leaf.reshape(losses.size, -1) for leaf in jax.tree.leaves(rows)]
        cuts = np.cumsum([leaf.shape[1] for leaf in flat])[:-1].tolist()
        groups: list[Array] = []
        after: list[State] = []
        decisions = assignment.decisions(structure, state, key)
        for group, balancer, own, own_key in zip(assignment.grouped(flat, axis=1), *decisions, strict=True):
            direction, own = balancer.update(group, own, key=own_key, losses=losses)
            groups.append(direction)
            after.append(own)
        mixed = assignment.ungrouped(groups, cuts, axis=0)
        shaped = [one.reshape(leaf.shape) for one, leaf in zip(mixed, leaves, strict=True)]
        return Mixed(losses, gradient, jax.tree.unflatten(structure, shaped), assignment.next_state(structure, after))


@dataclasses.dataclass(frozen=True)
class JointHeads(HeadsByRows):
    """One function ``function(parameters, features, batch)`` that gives the losses (D,) of all tasks."""

    function: Callable[[Any, Any, Any], Float[Array, " D"]]

    def losses_and_rows(self, parameters: Any, features: Any, batch: Any) -> tuple[Float[Array, " D"], Any, Any]:
        """See `HeadsByRows.losses_and_rows`. Takes D backward passes through the heads."""

        def losses_of(trees: tuple[Any, Any]) -> Float[Array, "..."]:
            return self.function(*trees, batch)

        losses, vjp = pullback(losses_of, (parameters, features))
        check_losses(losses, "D")
        ((gradient, _),) = vjp(jnp.ones_like(losses))
        ((_, rows),) = jax.vmap(vjp)(jnp.eye(losses.size, dtype=losses.dtype))
        return losses, gradient, rows


@dataclasses.dataclass(frozen=True)
class SeparateHeads(HeadsByRows):
    """D functions ``head(own_parameters, features, batch)``, each with parameters of its own and a scalar loss."""

    functions: tuple[Callable[[Any, Any, Any], Float[Array, ""]], ...]

    def losses_and_rows(self, parameters: Any, features: Any, batch: Any) -> tuple[Float[Array, " D"], Any, Any]:
        """See `HeadsByRows.losses_and_rows`. ``parameters`` and the gradient are a list or a tuple of D trees."""
        found = [
            jax.value_and_grad(head, argnums=(0, 1))(own, features, batch)  # pyright: ignore[reportUnknownMemberType]
            for head, own in zip(self.functions, parameters, strict=True)
        ]
        losses = jnp.stack([loss for loss, _ in found])
        rows = jax.tree.map(lambda *parts: jnp.stack(parts), *[gradient[1] for _, gradient in found])
        return losses, type(parameters)(gradient[0] for _, gradient in found), rows


Head = Callable[[Any, Any, Any], Float[Array, ""]]
AnyHeads = Heads | Callable[[Any, Any, Any], Float[Array, " D"]] | Sequence[Head]


def as_heads(heads: AnyHeads) -> Heads:
    """The heads that a user gave, as `Heads`: these themselves, a sequence of functions, or one function."""
    if isinstance(heads, Heads):
        return heads
    if isinstance(heads, Sequence):
        return SeparateHeads(tuple(cast(Sequence[Head], heads)))
    return JointHeads(heads)


def pullback(
    function: Callable[[Any], Float[Array, "..."]], at: Any
) -> tuple[Float[Array, "..."], Callable[[Float[Array, "..."]], tuple[Any]]]:
    """``jax.vjp`` of a function of one argument, with the types that it has here."""
    return jax.vjp(function, at)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]


def check_losses(losses: Array, tasks: str) -> None:
    """Raise ValueError unless the losses are one number for each task. ``tasks`` is their number, or D if unknown."""
    if losses.ndim != 1 or (tasks.isdigit() and losses.size != int(tasks)):
        raise ValueError(f"the heads' losses have shape {losses.shape}; one number a task is needed: ({tasks},)")
