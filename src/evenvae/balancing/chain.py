"""Composition: magnitude first, direction on the scaled rows, then norm matching."""

import dataclasses

import jax
import jax.numpy as jnp

from evenvae.balancing.base import Balancer, active_rows, matvec


@dataclasses.dataclass(frozen=True)
class Chain(Balancer):
    """Balancers in order, each on the rows as the ones before it scaled them.

    All but the last must answer with weights; ``losses`` are passed to all, ``noise`` to the last.
    """

    parts: tuple[Balancer, ...]

    def __post_init__(self):
        for part in self.parts[:-1]:
            if part.needs_rows:
                raise ValueError(f"{part.name} works on rows and can only stand last in a chain")

    @property
    def needs_rows(self) -> bool:  # type: ignore[override]
        """Whether the last part works on rows."""
        return self.parts[-1].needs_rows

    @property
    def name(self) -> str:
        """The parts' names joined by ``+``."""
        return "+".join(part.name for part in self.parts)

    def init(self, number_of_tasks):
        """The parts' states, in order."""
        return tuple(part.init(number_of_tasks) for part in self.parts)

    def _scaled(self, gram, states, key, losses):
        keys = [None] * len(self.parts) if key is None else list(jax.random.split(key, len(self.parts)))
        weights, after = active_rows(gram).astype(gram.dtype), []
        current = gram
        for part, state, k in zip(self.parts[:-1], states[:-1], keys[:-1], strict=True):
            w, state = part.weights(current, state, key=k, losses=losses)
            after.append(state)
            weights = weights * w
            current = scaled_gram(gram, weights)
        return weights, current, after, keys[-1]

    def weights(self, gram, state, *, key=None, losses=None, noise=None):
        """Product of the parts' weights; see `Balancer.weights`."""
        weights, current, after, last = self._scaled(gram, state, key, losses)
        w, final = self.parts[-1].weights(current, state[-1], key=last, losses=losses, noise=noise)
        return weights * w, (*after, final)

    def update(self, rows, state, *, key=None, losses=None, noise=None):
        """See `Balancer.update`."""
        weights, _, after, last = self._scaled(rows @ rows.T, state, key, losses)
        clean = jnp.where(jnp.isfinite(rows).all(axis=1)[:, None], rows, 0)
        direction, final = self.parts[-1].update(
            weights[:, None] * clean, state[-1], key=last, losses=losses, noise=noise
        )
        return direction, (*after, final)


def scaled_gram(gram, weights):
    """Gramian of the rows after scaling each by its weight; rows of weight 0 vanish even if not finite."""
    used = weights != 0
    inside = jnp.where(used[:, None] & used[None, :], gram, 0)
    return weights[:, None] * inside * weights[None, :]


def chain(*balancers: Balancer) -> Balancer:
    """Compose balancers, in the paper's order: magnitude, then direction."""
    parts: list[Balancer] = []
    for balancer in balancers:
        parts.extend(balancer.parts if isinstance(balancer, Chain) else [balancer])
    if not parts:
        raise ValueError("chain needs at least one balancer")
    return parts[0] if len(parts) == 1 else Chain(tuple(parts))


@dataclasses.dataclass(frozen=True)
class NormMatched(Balancer):
    """A balancer whose direction is rescaled to the norm of the plain sum of the rows.

    It then changes the direction alone, and the weight of the likelihood against terms that are not balanced
    stays as it was (done by the paper's released code, unsaid in the paper).
    """

    inner: Balancer
    max_amplify: float = 1e3

    @property
    def needs_rows(self) -> bool:  # type: ignore[override]
        """As the inner balancer."""
        return self.inner.needs_rows

    @property
    def name(self) -> str:
        """The inner balancer's name."""
        return self.inner.name

    def init(self, number_of_tasks):
        """The inner balancer's state."""
        return self.inner.init(number_of_tasks)

    def weights(self, gram, state, *, key=None, losses=None, noise=None):
        """See `Balancer.weights`."""
        weights, state = self.inner.weights(gram, state, key=key, losses=losses, noise=noise)
        active = active_rows(gram)
        both = active[:, None] & active[None, :]
        clean = jnp.where(both, gram, 0)
        plain = jnp.sqrt(jnp.maximum(clean.sum(), 0))
        # w^T Q w cancels where rows conflict; in float64 the cancellation stays harmless
        with jax.enable_x64(True):
            w, q = weights.astype(jnp.float64), clean.astype(jnp.float64)
            mixed = jnp.sqrt(jnp.maximum((w * matvec(q, w)).sum(), 0)).astype(gram.dtype)
        return weights * self._factor(plain, mixed), state

    def update(self, rows, state, *, key=None, losses=None, noise=None):
        """See `Balancer.update`."""
        direction, state = self.inner.update(rows, state, key=key, losses=losses, noise=noise)
        clean = jnp.where(jnp.isfinite(rows).all(axis=1)[:, None], rows, 0)
        plain, mixed = jnp.linalg.norm(clean.sum(0)), jnp.linalg.norm(direction)
        return direction * self._factor(plain, mixed), state

    def _factor(self, plain, mixed):
        return jnp.where(mixed > 0, jnp.minimum(plain / jnp.where(mixed > 0, mixed, 1), self.max_amplify), 0)


def norm_match(balancer: Balancer, max_amplify: float = 1e3) -> Balancer:
    """Rescale a balancer's direction to the norm of the plain sum, at most ``max_amplify`` times longer."""
    return NormMatched(balancer, max_amplify)
