"""Norm matching: a balancer changes the direction of the plain sum and leaves its length."""

import dataclasses

import jax
import jax.numpy as jnp

from evenvae.balancing.base import Balancer, Elementwise, active_rows, matvec


@dataclasses.dataclass(frozen=True)
class _Matched(Balancer):
    """A balancer whose direction is rescaled to the norm of the plain sum of the rows.

    It then changes the direction alone, and the weight of the likelihood against terms that are not balanced
    stays as it was (done by the code released with Javaloy et al., 2021; the paper does not say so). A direction
    that is nearly 0 grows ``max_amplify`` times at most.
    """

    inner: Balancer
    max_amplify: float = 1e3

    @property
    def looks_back(self):
        """As the inner balancer."""
        return self.inner.looks_back

    @property
    def name(self) -> str:
        """The inner balancer's name."""
        return self.inner.name

    def init(self, number_of_tasks):
        """The inner balancer's state."""
        return self.inner.init(number_of_tasks)

    def observe(self, state, losses):
        """Passed on."""
        return self.inner.observe(state, losses)

    def update(self, rows, state, *, key=None, losses=None, noise=None):
        """See `Balancer.update`."""
        direction, state = self.inner.update(rows, state, key=key, losses=losses, noise=noise)
        usable = jnp.isfinite(rows).all(axis=1)[:, None]
        return self.finish(direction, jnp.where(usable, rows, 0).sum(0)), state

    def finish(self, direction, plain):
        """``direction`` at the length of the plain sum."""
        return direction * self._factor(jnp.linalg.norm(plain), jnp.linalg.norm(direction))

    def _factor(self, plain, mixed):
        return jnp.where(mixed > 0, jnp.minimum(plain / jnp.where(mixed > 0, mixed, 1), self.max_amplify), 0)


class NormMatched(_Matched):
    """Norm matching of weights."""

    def weights(self, gram, state, *, key=None, losses=None, noise=None):
        """See `Balancer.weights`."""
        weights, state = self.inner.weights(gram, state, key=key, losses=losses, noise=noise)
        active = active_rows(gram)
        clean = jnp.where(active[:, None] & active[None, :], gram, 0)
        plain = jnp.sqrt(jnp.maximum(clean.sum(), 0))
        # w^T Q w cancels where rows conflict; in float64 the cancellation stays harmless
        with jax.enable_x64(True):
            w, q = weights.astype(jnp.float64), clean.astype(jnp.float64)
            mixed = jnp.sqrt(jnp.maximum((w * matvec(q, w)).sum(), 0)).astype(gram.dtype)
        return weights * self._factor(plain, mixed), state


class ElementwiseNormMatched(_Matched, Elementwise):
    """Norm matching of directions found element by element."""

    inner: Elementwise

    @property
    def uses_gram(self) -> bool:  # type: ignore[override]
        """As the inner balancer."""
        return self.inner.uses_gram

    def scaling(self, gram, state, *, key=None, losses=None):
        """Passed on."""
        return self.inner.scaling(gram, state, key=key, losses=losses)

    def draw(self, key, elements, dtype):
        """Passed on."""
        return self.inner.draw(key, elements, dtype)

    def direction(self, sums, noise):
        """Passed on; `finish` rescales the whole."""
        return self.inner.direction(sums, noise)


def norm_match(balancer: Balancer, max_amplify: float = 1e3) -> Balancer:
    """Rescale a balancer's direction to the norm of the plain sum, at most ``max_amplify`` times longer."""
    kind = ElementwiseNormMatched if isinstance(balancer, Elementwise) else NormMatched
    return kind(balancer, max_amplify)
