"""Composition of balancers: the first ones set the magnitudes, the last one the direction."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Key, Shaped

from evenvae.balancing.algebra import active_rows, finite_rows
from evenvae.balancing.base import Balancer, State, halves
from evenvae.balancing.gram import gram_of_linear_heads


@dataclasses.dataclass(frozen=True)
class Chain(Balancer):
    """Balancers in order, each working on the rows as those before it have scaled them.

    ``losses`` are passed to all parts, ``noise`` to the last one. Only the last part may need the rows.
    """

    parts: tuple[Balancer, ...]

    def __post_init__(self) -> None:
        for part in self.parts[:-1]:
            if part.needs_rows:
                raise ValueError(f"{part.name} works on rows and can only stand last in a chain")

    @property
    def name(self) -> str:
        """The names of the parts, joined by ``+``."""
        return "+".join(part.name for part in self.parts)

    @property
    def sequence(self) -> tuple[Balancer, ...]:
        """The parts."""
        return self.parts

    @property
    def needs_rows(self) -> bool:
        """As the last part."""
        return self.parts[-1].needs_rows

    @property
    def needs_losses_after_step(self) -> bool:
        """Whether any part must be given the losses after the step."""
        return any(part.needs_losses_after_step for part in self.parts)

    @property
    def blind_to_scale(self) -> bool:
        """As the first part, because the others see the rows as it has scaled them."""
        return self.parts[0].blind_to_scale

    def init(self, number_of_tasks: int) -> State:
        """The states of the parts, in order."""
        return tuple(part.init(number_of_tasks) for part in self.parts)

    def update_after_step(self, state: State, losses: Float[Array, " D"]) -> State:
        """Every part is given the losses."""
        return tuple(part.update_after_step(own, losses) for part, own in zip(self.parts, state, strict=True))

    def weights(
        self,
        gram: Float[Array, "D D"],
        state: State,
        *,
        key: Key[Array, ""] | None = None,
        losses: Float[Array, " D"] | None = None,
        noise: Shaped[Array, "..."] | None = None,
    ) -> tuple[Float[Array, " D"], State]:
        """Product of the weights of all parts; see `Balancer.weights`."""
        before, last = halves(key)
        weights, states = self._scaling(gram, state, before, losses)
        current = scaled_gram(gram, weights)
        w, own = self.parts[-1].weights(current, state[-1], key=last, losses=losses, noise=noise)
        return weights * w, (*states, own)

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
        if not self.needs_rows:
            return super().update(rows, state, key=key, losses=losses, noise=noise)
        weights, states = self._scaling(rows @ rows.T, state, halves(key)[0], losses)
        scaled = weights[:, None] * finite_rows(rows)
        # the last part takes the second half of the key by itself, see `halves`
        direction, own = self.parts[-1].update(scaled, state[-1], key=key, losses=losses, noise=noise)
        return direction, (*states, own)

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
        if not self.needs_rows:
            return super().mix_linear_heads(state, cotangent, kernel, feature, key=key, losses=losses)
        gram = gram_of_linear_heads(cotangent, kernel, feature)
        weights, states = self._scaling(gram, state, halves(key)[0], losses)
        scaled = cotangent * weights.astype(cotangent.dtype)[np.asarray(feature, np.int32)]
        mixed, own = self.parts[-1].mix_linear_heads(state[-1], scaled, kernel, feature, key=key, losses=losses)
        return mixed, (*states, own)

    def _scaling(
        self,
        gram: Float[Array, "D D"],
        state: State,
        key: Key[Array, ""] | None,
        losses: Float[Array, " D"] | None,
    ) -> tuple[Float[Array, " D"], tuple[State, ...]]:
        """Product of the weights of all parts but the last, and the next states of these parts."""
        keys = [None] * len(self.parts) if key is None else list(jax.random.split(key, len(self.parts)))
        weights, current = active_rows(gram).astype(gram.dtype), gram
        states: list[State] = []
        for part, own, own_key in zip(self.parts[:-1], state[:-1], keys[:-1], strict=True):
            w, own = part.weights(current, own, key=own_key, losses=losses)
            states.append(own)
            weights = weights * w
            current = scaled_gram(gram, weights)
        return weights, tuple(states)


def scaled_gram(gram: Float[Array, "D D"], weights: Float[Array, " D"]) -> Float[Array, "D D"]:
    """Gramian of the rows after each is scaled by its weight. Rows of weight 0 become 0, even if not finite."""
    used = weights != 0
    inside = jnp.where(used[:, None] & used[None, :], gram, 0)
    return weights[:, None] * inside * weights[None, :]


def chain(*balancers: Balancer) -> Balancer:
    """Compose balancers in the order of the papers: the magnitude first, then the direction.

    Args:
        balancers: the methods in order. All but the last must answer with weights.

    Raises:
        ValueError: if no balancer is given, or if one that needs the rows is not the last.
    """
    parts = tuple(part for balancer in balancers for part in balancer.sequence)
    if not parts:
        raise ValueError("chain needs at least one balancer")
    return parts[0] if len(parts) == 1 else Chain(parts)
