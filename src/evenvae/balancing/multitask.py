"""Balanced gradients for any model with a shared trunk and several losses."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Key

from evenvae.balancing.base import Balancer, State
from evenvae.balancing.linear_heads import balance_linear_heads


class LinearParameters(NamedTuple):
    """Parameters of `LinearHeads`."""

    kernel: Float[Array, "h P"]
    bias: Float[Array, " P"]


@dataclasses.dataclass(frozen=True)
class LinearHeads:
    """Tasks that are linear in the shared feature: outputs = y W + b, then ``losses(outputs, batch)`` -> (D,).

    ``task_of_output`` (P,) says which task each output belongs to; ``losses(...)[d]`` may look at the outputs of
    task d alone. The tasks' Gramian then costs 2 (M + h) P^2 operations and no backward pass
    (`gram_of_linear_heads`).
    """

    task_of_output: tuple[int, ...]
    losses: Callable[[Array, Any], Float[Array, " D"]]

    def __post_init__(self):
        tasks = sorted(set(self.task_of_output))
        if tasks != list(range(len(tasks))):
            raise ValueError(f"task_of_output must name tasks 0 to D - 1 without gaps, not {tasks}")

    @property
    def tasks(self) -> int:
        """D."""
        return max(self.task_of_output) + 1

    def init(self, key: Key[Array, ""], hidden: int) -> LinearParameters:
        """Glorot-normal kernel, zero bias."""
        kernel = jax.nn.initializers.glorot_normal()(key, (hidden, len(self.task_of_output)))
        return LinearParameters(kernel, jnp.zeros(len(self.task_of_output)))


class Balanced(NamedTuple):
    """Losses (D,), gradients of ``(trunk, heads)`` parameters, the balancers' next state, the trunk's extra output."""

    losses: Float[Array, " D"]
    gradients: tuple[Any, Any]
    state: State
    aux: Any


Head = Callable[[Any, Any, Any], Float[Array, ""]]


@dataclasses.dataclass(frozen=True)
class BalancedValueAndGrad:
    """What `balanced_value_and_grad` returns: call it for gradients, `init` for the first state."""

    trunk: Callable[[Any, Any], Any]
    heads: Any
    balancer: Any
    has_aux: bool = False

    def init(self, number_of_tasks: int) -> State:
        """The balancers' state before the first step."""
        return jax.tree.map(lambda b: b.init(number_of_tasks), self.balancer, is_leaf=_is_balancer)

    def __call__(
        self, params: tuple[Any, Any], state: State, batch: Any, *, key: Key[Array, ""] | None = None
    ) -> Balanced:
        """Losses, balanced gradients of ``params = (trunk, heads)`` and the next state for one batch."""
        trunk_params, head_params = params
        trunk = self.trunk if self.has_aux else lambda p, b: (self.trunk(p, b), None)
        features, trunk_vjp, aux = jax.vjp(lambda p: trunk(p, batch), trunk_params, has_aux=True)
        if isinstance(self.heads, LinearHeads):
            losses, heads_gradient, mixed, state = self._linear(head_params, features, state, batch, key)
        else:
            losses, heads_gradient, rows = self._rows(head_params, features, batch)
            mixed, state = self._mix(rows, features, losses, state, key)
        (trunk_gradient,) = trunk_vjp(mixed)
        return Balanced(losses, (trunk_gradient, heads_gradient), state, aux)

    def _linear(self, parameters, features, state, batch, key):
        leaves, structure = jax.tree.flatten(features)
        if len({leaf.shape[:-1] for leaf in leaves}) > 1:
            raise ValueError("linear heads need shared features that agree in all but their last dimension")
        y = jnp.concatenate(leaves, axis=-1)
        outputs = y @ parameters.kernel + parameters.bias
        losses, vjp = jax.vjp(lambda o: self.heads.losses(o, batch), outputs)
        _check_losses(losses, self.heads.tasks)
        (cotangent,) = vjp(jnp.ones_like(losses))
        flat, flat_y = cotangent.reshape(-1, cotangent.shape[-1]), y.reshape(-1, y.shape[-1])
        heads_gradient = LinearParameters(flat_y.T @ flat, flat.sum(0))
        task = np.asarray(self.heads.task_of_output, np.int32)
        sizes = np.cumsum([leaf.shape[-1] for leaf in leaves])[:-1]
        if _is_balancer(self.balancer):
            v, state = balance_linear_heads(self.balancer, state, flat, parameters.kernel, task, key=key, losses=losses)
            parts = jnp.split(v, sizes, axis=-1)
        else:
            parts, states = [], []
            kernels = jnp.split(parameters.kernel, sizes, axis=0)
            for kernel, (balancer, own, k) in zip(kernels, self._each(structure, state, key), strict=True):
                v, own = balance_linear_heads(balancer, own, flat, kernel, task, key=k, losses=losses)
                parts.append(v)
                states.append(own)
            state = jax.tree.unflatten(structure, states)
        mixed = [part.reshape(leaf.shape) for part, leaf in zip(parts, leaves, strict=True)]
        return losses, heads_gradient, jax.tree.unflatten(structure, mixed), state

    def _rows(self, head_params, features, batch):
        """Losses, heads' own gradients, and the rows: the features' tree with D in front of every leaf."""
        if callable(self.heads):
            losses, vjp = jax.vjp(lambda h, f: self.heads(h, f, batch), head_params, features)
            _check_losses(losses, None)
            heads_gradient, _ = vjp(jnp.ones_like(losses))
            rows = jax.vmap(lambda one: vjp(one)[1])(jnp.eye(losses.size, dtype=losses.dtype))
            return losses, heads_gradient, rows
        found = [
            jax.value_and_grad(head, argnums=(0, 1))(own, features, batch)
            for head, own in zip(self.heads, head_params, strict=True)
        ]
        losses = jnp.stack([loss for loss, _ in found])
        rows = jax.tree.map(lambda *parts: jnp.stack(parts), *[gradient[1] for _, gradient in found])
        return losses, type(head_params)(gradient[0] for _, gradient in found), rows

    def _mix(self, rows, features, losses, state, key):
        leaves, structure = jax.tree.flatten(rows)
        flat = [leaf.reshape(losses.size, -1) for leaf in leaves]
        if _is_balancer(self.balancer):
            v, state = self.balancer.update(jnp.concatenate(flat, axis=1), state, key=key, losses=losses)
            parts = jnp.split(v, np.cumsum([part.shape[1] for part in flat])[:-1])
        else:
            parts, states = [], []
            for part, (balancer, own, k) in zip(flat, self._each(structure, state, key), strict=True):
                v, own = balancer.update(part, own, key=k, losses=losses)
                parts.append(v)
                states.append(own)
            state = jax.tree.unflatten(structure, states)
        shapes = [leaf.shape for leaf in jax.tree.leaves(features)]
        return jax.tree.unflatten(structure, [p.reshape(s) for p, s in zip(parts, shapes, strict=True)]), state

    def _each(self, structure, state, key):
        """Balancer, state and key of every shared feature."""
        balancers = structure.flatten_up_to(self.balancer)
        keys = [None] * len(balancers) if key is None else list(jax.random.split(key, len(balancers)))
        return zip(balancers, structure.flatten_up_to(state), keys, strict=True)


def _is_balancer(value: Any) -> bool:
    return isinstance(value, Balancer)


def _check_losses(losses: Array, tasks: int | None) -> None:
    if losses.ndim != 1 or (tasks is not None and losses.size != tasks):
        wanted = "D" if tasks is None else str(tasks)
        raise ValueError(f"the heads' losses have shape {losses.shape}; one number a task is needed: ({wanted},)")


def balanced_value_and_grad(
    trunk: Callable[[Any, Any], Any],
    heads: LinearHeads | Callable[[Any, Any, Any], Float[Array, " D"]] | Sequence[Head],
    balancer: Any,
    *,
    has_aux: bool = False,
) -> BalancedValueAndGrad:
    """Like ``jax.value_and_grad`` for a shared trunk and D losses, with the losses balanced at the trunk's output.

    Args:
        trunk: ``trunk(trunk_params, batch)`` gives the shared features: an array or any pytree of arrays; with
            ``has_aux`` a pair of them and something to hand through.
        heads: `LinearHeads` (cheapest: no row is ever formed); or a sequence of D functions
            ``head(own_params, features, batch)``, each a scalar loss; or one function
            ``heads(head_params, features, batch)`` that returns all losses (D,), at D backward passes through the
            heads. Only the latter two handle heads that are not linear, and hold D rows.
        balancer: one `Balancer`, which decides once over all shared features together; or a pytree of them in the
            features' structure, each with a state of its own.

    The heads' parameters receive their own plain gradient; the trunk receives the balanced mixture in one
    backward pass. ``jit``, ``vmap`` and ``scan`` clean. Wrap the balancer in `norm_match` to keep the length of
    the plain gradient. A balancer that ``looks_back`` (FAMO) wants ``balancer.observe(state, losses)`` after the
    parameters moved.

    Example:
        >>> step = balanced_value_and_grad(trunk, LinearHeads((0, 1, 1), losses), norm_match(imtl_g()))
        >>> state = step.init(2)
        >>> losses, gradients, state, _ = jax.jit(step)(params, state, batch, key=key)
    """
    if isinstance(heads, Sequence):
        heads = tuple(heads)  # hashable, so that jit takes the result
    return BalancedValueAndGrad(trunk, heads, balancer, has_aux)
