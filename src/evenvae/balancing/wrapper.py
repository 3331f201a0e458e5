"""A balancer around another one."""

import dataclasses

import numpy as np
from jaxtyping import Array, Float, Int, Key, Shaped

from evenvae.balancing.base import Balancer, State


@dataclasses.dataclass(frozen=True)
class Wrapper(Balancer):
    """A balancer that passes every call on to the ``inner`` one.

    Subclasses override what they change. `mix_linear_heads` asks `weights` of the wrapper itself where the inner
    balancer mixes by weights, so that a wrapper that changes or records weights overrides `weights` alone.
    """

    inner: Balancer

    @property
    def name(self) -> str:
        """The name of the inner balancer."""
        return self.inner.name

    @property
    def needs_rows(self) -> bool:
        """As the inner balancer."""
        return self.inner.needs_rows

    @property
    def mixes_by_weights(self) -> bool:
        """As the inner balancer."""
        return self.inner.mixes_by_weights

    @property
    def needs_losses_after_step(self) -> bool:
        """As the inner balancer."""
        return self.inner.needs_losses_after_step

    @property
    def blind_to_scale(self) -> bool:
        """As the inner balancer."""
        return self.inner.blind_to_scale

    def init(self, number_of_tasks: int) -> State:
        """The state of the inner balancer."""
        return self.inner.init(number_of_tasks)

    def weights(
        self,
        gram: Float[Array, "D D"],
        state: State,
        *,
        key: Key[Array, ""] | None = None,
        losses: Float[Array, " D"] | None = None,
        noise: Shaped[Array, "..."] | None = None,
    ) -> tuple[Float[Array, " D"], State]:
        """See `Balancer.weights`."""
        return self.inner.weights(gram, state, key=key, losses=losses, noise=noise)

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
        return self.inner.update(rows, state, key=key, losses=losses, noise=noise)

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
        if self.mixes_by_weights:
            return super().mix_linear_heads(state, cotangent, kernel, feature, key=key, losses=losses)
        return self.inner.mix_linear_heads(state, cotangent, kernel, feature, key=key, losses=losses)

    def update_after_step(self, state: State, losses: Float[Array, " D"]) -> State:
        """See `Balancer.update_after_step`."""
        return self.inner.update_after_step(state, losses)
