"""One of several balancers, chosen while a compiled program runs: all of them cost one compilation."""

import dataclasses
from collections.abc import Callable
from typing import Any, cast

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Key, Shaped

from evenvae.balancing.base import Balancer, State


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class OneOf(Balancer):
    """The balancer at ``place`` among ``choices``, to which every call goes.

    Unlike other balancers it is a pytree: ``place`` is an array and may be an argument of a compiled program, which
    then has a branch for every choice and takes one of them. The state holds a state for each choice, of which the
    others' stay as they are. Where ``place`` is mapped by ``jax.vmap``, all branches are taken.
    """

    place: Int[Array | np.ndarray, ""]
    choices: tuple[Balancer, ...] = dataclasses.field(metadata={"static": True})

    @property
    def needs_rows(self) -> bool:
        """True, because some of the choices may: only `mix_linear_heads` spares the others the rows."""
        return True

    @property
    def mixes_by_weights(self) -> bool:
        """False: the choices do as each of them does."""
        return False

    @property
    def needs_losses_after_step(self) -> bool:
        """Whether any of the choices does."""
        return any(choice.needs_losses_after_step for choice in self.choices)

    @property
    def blind_to_scale(self) -> bool:
        """Whether all of the choices are."""
        return all(choice.blind_to_scale for choice in self.choices)

    def init(self, number_of_tasks: int) -> State:
        """One state for each choice."""
        return tuple(choice.init(number_of_tasks) for choice in self.choices)

    def weights(
        self,
        gram: Float[Array, "D D"],
        state: State,
        *,
        key: Key[Array, ""] | None = None,
        losses: Float[Array, " D"] | None = None,
        noise: Shaped[Array, "..."] | None = None,
    ) -> tuple[Float[Array, " D"], State]:
        """Raises TypeError: some of the choices may need the rows."""
        del gram, state, key, losses, noise
        raise TypeError("OneOf may stand for a method that needs the rows: call update or mix_linear_heads")

    def update(
        self,
        rows: Float[Array, "D n"],
        state: State,
        *,
        key: Key[Array, ""] | None = None,
        losses: Float[Array, " D"] | None = None,
        noise: Shaped[Array, "..."] | None = None,
    ) -> tuple[Float[Array, " n"], State]:
        """See `Balancer.update`."""
        return self._ask(
            lambda choice, own: choice.update(rows, own, key=key, losses=losses, noise=noise), state, rows.dtype
        )

    def mix_linear_heads(
        self,
        state: State,
        cotangent: Float[Array, "M P"],
        kernel: Float[Array, "h P"],
        feature: Int[np.ndarray, " P"],
        *,
        key: Key[Array, ""] | None = None,
        losses: Float[Array, " D"] | None = None,
    ) -> tuple[Float[Array, "M h"], State]:
        """See `Balancer.mix_linear_heads`."""
        return self._ask(
            lambda choice, own: choice.mix_linear_heads(own, cotangent, kernel, feature, key=key, losses=losses),
            state,
            cotangent.dtype,
        )

    def _ask(self, call: Callable[[Balancer, State], tuple[Array, State]], state: State, dtype: Any) -> Any:
        def branch(place: int) -> Callable[[State], tuple[Array, State]]:
            def answer(state: State) -> tuple[Array, State]:
                given, own = call(self.choices[place], state[place])
                # all branches give the same types
                own = jax.tree.map(_as_before, own, state[place])
                return given.astype(dtype), (*state[:place], own, *state[place + 1 :])

            return answer

        return self._switch(branch, state)

    def update_after_step(self, state: State, losses: Float[Array, " D"]) -> State:
        """See `Balancer.update_after_step`."""

        def branch(place: int) -> Callable[[State], State]:
            return lambda state: (
                *state[:place],
                self.choices[place].update_after_step(state[place], losses),
                *state[place + 1 :],
            )

        return self._switch(branch, state)

    def _switch(self, branch: Callable[[int], Callable[[State], Any]], state: State) -> Any:
        branches = [branch(place) for place in range(len(self.choices))]
        return cast(Any, jax.lax.switch(self.place, branches, state))  # pyright: ignore[reportUnknownMemberType]


def _as_before(new: Any, old: Any) -> Array:
    return jnp.asarray(new, jnp.asarray(old).dtype)
