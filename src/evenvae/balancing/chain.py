"""Composition: magnitude first, direction on the scaled rows."""

import dataclasses

import jax

from evenvae.balancing.base import Balancer, Elementwise, active_rows


@dataclasses.dataclass(frozen=True)
class _Parts(Balancer):
    """Balancers in order, each on the rows as the ones before it scaled them."""

    parts: tuple[Balancer, ...]

    def __post_init__(self):
        for part in self.parts[:-1]:
            if part.needs_rows:
                raise ValueError(f"{part.name} works on rows and can only stand last in a chain")

    @property
    def looks_back(self):
        """Whether any part is to be told the losses after the step."""
        return any(part.looks_back for part in self.parts)

    @property
    def name(self) -> str:
        """The parts' names joined by ``+``."""
        return "+".join(part.name for part in self.parts)

    def init(self, number_of_tasks):
        """The parts' states, in order."""
        return tuple(part.init(number_of_tasks) for part in self.parts)

    def observe(self, state, losses):
        """Every part is told."""
        return tuple(part.observe(s, losses) for part, s in zip(self.parts, state, strict=True))

    def scaling(self, gram, state, *, key=None, losses=None):
        """Product of the weights of all parts but the last."""
        keys = [None] * len(self.parts) if key is None else list(jax.random.split(key, len(self.parts)))
        weights, after = active_rows(gram).astype(gram.dtype), []
        current = gram
        for part, s, k in zip(self.parts[:-1], state[:-1], keys[:-1], strict=True):
            w, s = part.weights(current, s, key=k, losses=losses)
            after.append(s)
            weights = weights * w
            current = scaled_gram(gram, weights)
        return weights, (*after, state[-1])


@dataclasses.dataclass(frozen=True)
class Chain(_Parts):
    """A chain that answers with weights; ``losses`` are passed to all parts, ``noise`` to the last."""

    def weights(self, gram, state, *, key=None, losses=None, noise=None):
        """Product of the parts' weights; see `Balancer.weights`."""
        before, last = (None, None) if key is None else jax.random.split(key)
        weights, state = self.scaling(gram, state, key=before, losses=losses)
        current = scaled_gram(gram, weights)
        w, final = self.parts[-1].weights(current, state[-1], key=last, losses=losses, noise=noise)
        return weights * w, (*state[:-1], final)


@dataclasses.dataclass(frozen=True)
class ElementwiseChain(_Parts, Elementwise):
    """A chain whose last part decides element by element."""

    parts: tuple[Balancer, ...]
    uses_gram = True

    def draw(self, key, elements, dtype):
        """Noise of the last part."""
        return self.parts[-1].draw(key, elements, dtype)  # type: ignore[attr-defined]

    def direction(self, sums, noise):
        """Mixture by the last part."""
        return self.parts[-1].direction(sums, noise)  # type: ignore[attr-defined]


def scaled_gram(gram, weights):
    """Gramian of the rows after scaling each by its weight; rows of weight 0 vanish even if not finite."""
    used = weights != 0
    inside = jax.numpy.where(used[:, None] & used[None, :], gram, 0)
    return weights[:, None] * inside * weights[None, :]


def chain(*balancers: Balancer) -> Balancer:
    """Compose balancers, in the paper's order: magnitude, then direction."""
    parts: list[Balancer] = []
    for balancer in balancers:
        parts.extend(balancer.parts if isinstance(balancer, _Parts) else [balancer])
    if not parts:
        raise ValueError("chain needs at least one balancer")
    if len(parts) == 1:
        return parts[0]
    return (ElementwiseChain if isinstance(parts[-1], Elementwise) else Chain)(tuple(parts))
