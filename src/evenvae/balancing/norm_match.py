"""Norm matching: a balancer changes the direction of the plain sum and keeps its length."""

import dataclasses
from typing import cast

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Key, Shaped

from evenvae.balancing.algebra import active_rows, finite_rows, matvec
from evenvae.balancing.base import Balancer, State
from evenvae.balancing.wrapper import Wrapper


@dataclasses.dataclass(frozen=True)
class NormMatched(Wrapper):
    """A balancer whose direction is rescaled to the norm of the plain sum of the rows.

    The balancer then changes the direction alone, and the weight of the likelihood against terms that are not
    balanced stays as it was. The code released with Javaloy, Meghdadi and Valera (2021) does this; the paper does not
    mention it. A direction that is nearly 0 is lengthened at most ``max_amplify`` times.
    """

    max_amplify: float = 1e3

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
        weights, state = self.inner.weights(gram, state, key=key, losses=losses, noise=noise)
        active = active_rows(gram)
        clean = jnp.where(active[:, None] & active[None, :], gram, 0)
        plain = jnp.sqrt(jnp.maximum(clean.sum(), 0))
        # the terms of w^T Q w cancel where rows conflict; in float64 the rounding error of this stays harmless
        with jax.enable_x64(True):
            w, q = weights.astype(jnp.float64), clean.astype(jnp.float64)
            mixed = jnp.sqrt(jnp.maximum((w * matvec(q, w)).sum(), 0)).astype(gram.dtype)
        return weights * self._factor(plain, mixed), state

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
        direction, state = self.inner.update(rows, state, key=key, losses=losses, noise=noise)
        return self._matched(direction, finite_rows(rows).sum(0)), state

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
        mixed, state = super().mix_linear_heads(state, cotangent, kernel, feature, key=key, losses=losses)
        if self.mixes_by_weights:
            return mixed, state  # the weights were matched already
        return self._matched(mixed, cotangent @ kernel.T), state

    def _matched(self, direction: Float[Array, "*n"], plain: Float[Array, "*n"]) -> Float[Array, "*n"]:
        return direction * self._factor(norm(plain), norm(direction))

    def _factor(self, plain: Float[Array, ""], mixed: Float[Array, ""]) -> Float[Array, ""]:
        return jnp.where(mixed > 0, jnp.minimum(plain / jnp.where(mixed > 0, mixed, 1), self.max_amplify), 0)


def norm(vector: Float[Array, "*n"]) -> Float[Array, ""]:
    """Euclidean norm of all elements."""
    return cast(Array, jnp.linalg.norm(vector))


def norm_match(balancer: Balancer, max_amplify: float = 1e3) -> Balancer:
    """Rescale the direction of a balancer to the norm of the plain sum of the gradients.

    Args:
        balancer: the method that chooses the direction.
        max_amplify: largest factor by which the direction may be lengthened.

    References:
        A. Javaloy, M. Meghdadi and I. Valera, "Boosting heterogeneous VAEs via multi-objective optimization", NeurIPS
        workshops 2021: the released code, not the paper.
    """
    return NormMatched(balancer, max_amplify)
