"""Balanced gradients for any model with a shared trunk and several losses."""

import dataclasses
from collections.abc import Callable
from typing import Any, NamedTuple, cast

import jax
from jaxtyping import Array, Float, Key

from evenvae.balancing.assignment import Assignment, assign
from evenvae.balancing.base import State
from evenvae.balancing.heads import AnyHeads, Heads, as_heads


class Balanced(NamedTuple):
    """What a balanced step answers.

    Losses (D,), gradients of the parameters ``(trunk, heads)``, the next state of the balancers, and the extra output
    of the trunk (None without ``has_aux``).
    """

    losses: Float[Array, " D"]
    gradients: tuple[Any, Any]
    state: State
    aux: Any


@dataclasses.dataclass(frozen=True)
class BalancedValueAndGrad:
    """What `balanced_value_and_grad` returns: call it for gradients, and `init` for the first state."""

    trunk: Callable[[Any, Any], Any]
    heads: Heads
    assignment: Assignment
    has_aux: bool = False

    def init(self, number_of_tasks: int) -> State:
        """The state of the balancers before the first step."""
        return self.assignment.init(number_of_tasks)

    def __call__(
        self, params: tuple[Any, Any], state: State, batch: Any, *, key: Key[Array, ""] | None = None
    ) -> Balanced:
        """Losses, balanced gradients of ``params = (trunk, heads)`` and the next state for one batch.

        Args:
            params: parameters of the trunk and of the heads.
            state: what `init` or the step before returned.
            batch: passed on to the trunk and to the heads.
            key: random key of the step, for balancers that draw random numbers.

        Raises:
            ValueError: if the heads do not give one loss for each task.
        """
        trunk_params, head_params = params

        def trunk(params: Any) -> tuple[Any, Any]:
            answer = self.trunk(params, batch)
            return answer if self.has_aux else (answer, None)

        features, trunk_vjp, aux = jax.vjp(trunk, trunk_params, has_aux=True)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        mixed = self.heads.losses_and_mix(head_params, features, batch, self.assignment, state, key)
        (trunk_gradient,) = cast(tuple[Any], trunk_vjp(mixed.cotangent))
        return Balanced(mixed.losses, (trunk_gradient, mixed.gradient), mixed.state, aux)


def balanced_value_and_grad(
    trunk: Callable[[Any, Any], Any],
    heads: AnyHeads,
    balancer: Any,
    *,
    has_aux: bool = False,
) -> BalancedValueAndGrad:
    """Like ``jax.value_and_grad`` for a shared trunk and D losses, with the losses balanced at the output of the trunk.

    Args:
        trunk: ``trunk(trunk_params, batch)`` gives the shared features: an array or any pytree of arrays. With
            ``has_aux`` it gives a pair of them and something to pass through.
        heads: `LinearHeads`, the cheapest because no gradient row is formed; or a sequence of D functions
            ``head(own_params, features, batch)``, each with a scalar loss; or one function
            ``heads(head_params, features, batch)`` that gives all losses (D,), with D backward passes through the
            heads. Only the latter two can be used for heads that are not linear. They hold D rows in memory.
        balancer: one `Balancer`, which decides once on all shared features together; or a pytree of them in the
            structure of the features, each with its own state.
        has_aux: whether the trunk has an extra output.

    The parameters of the heads receive their own plain gradient. The trunk receives the balanced gradient in one
    backward pass. The result works under ``jit``, ``vmap`` and ``scan``. Wrap the balancer in `norm_match` to keep the
    length of the plain gradient. If ``balancer.needs_losses_after_step`` (FAMO), call
    ``balancer.update_after_step(state, losses)`` after the parameters moved.

    Example:
        >>> step = balanced_value_and_grad(trunk, LinearHeads((0, 1, 1), losses), norm_match(imtl_g()))
        >>> state = step.init(2)
        >>> losses, gradients, state, _ = jax.jit(step)(params, state, batch, key=key)
    """
    return BalancedValueAndGrad(trunk, as_heads(heads), assign(balancer), has_aux)
