"""How the columns' gradients relate to each other at the shared features, and what the balancer made of them.

A `Recorder` takes the place of the balancer in the last chunk of steps and keeps the Gramian and the weights in its
state. Where the balancer works on the Gramian anyway nothing is computed twice; elsewhere the Gramian is made in the
last step of the chunk alone. The recorder never changes what is trained.
"""

import dataclasses
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Key, Shaped

from evenvae.balancing import Balancer, gram_of_linear_heads
from evenvae.balancing.wrapper import Wrapper
from evenvae.training.step import Method, States

OPPOSED = 0.05
"""Two columns are in conflict when the cosine of their gradients is below minus this; nearer 0 they are unrelated."""
MOST_COLUMNS, MOST_COLUMNS_WITH_GRAM = 64, 256
"""Columns of the widest table whose gradients are recorded. The Gramian of more columns costs over a fiftieth of a
chunk's steps; where the balancer makes the Gramian anyway, the history would grow long."""


class Recorded(NamedTuple):
    """State of a `Recorder`: the balancer's own state, what it saw last, and the steps left until it is to look."""

    inner: Any
    gram: Float[Array, "D D"]
    weights: Float[Array, " D"] | None
    left: Int[Array, ""]


@dataclasses.dataclass(frozen=True)
class Recorder(Wrapper):
    """A balancer that gives what ``inner`` gives, and keeps in its state the Gramian and the weights."""

    def update_after_step(self, state: Recorded, losses: Float[Array, " D"]) -> Recorded:
        """See `Balancer.update_after_step`."""
        return state._replace(inner=self.inner.update_after_step(state.inner, losses))

    def weights(
        self,
        gram: Float[Array, "D D"],
        state: Recorded,
        *,
        key: Key[Array, ""] | None = None,
        losses: Float[Array, " D"] | None = None,
        noise: Shaped[Array, "..."] | None = None,
    ) -> tuple[Float[Array, " D"], Recorded]:
        """The weights of the inner balancer; the Gramian and the weights are kept."""
        weights, inner = self.inner.weights(gram, state.inner, key=key, losses=losses, noise=noise)
        return weights, Recorded(inner, gram, weights.astype(gram.dtype), state.left - 1)

    def mix_linear_heads(
        self,
        state: Recorded,
        cotangent: Float[Array, "M P"],
        kernel: Float[Array, "h P"],
        feature: Int[np.ndarray, " P"],
        *,
        key: Key[Array, ""] | None = None,
        losses: Float[Array, " D"] | None = None,
    ) -> tuple[Float[Array, "M h"], Recorded]:
        """What the inner balancer makes of the cotangent; where it does so by weights, `weights` has recorded them."""
        if self.mixes_by_weights:
            return super().mix_linear_heads(state, cotangent, kernel, feature, key=key, losses=losses)
        mixed, inner = self.inner.mix_linear_heads(state.inner, cotangent, kernel, feature, key=key, losses=losses)
        look = lambda c, k, _: gram_of_linear_heads(c, k, feature)
        # every run counts the same steps, so that this stays a branch where runs are trained side by side
        gram = jax.lax.cond(state.left == 0, look, lambda _, __, old: old, cotangent, kernel, state.gram)
        return mixed, Recorded(inner, gram, None, state.left - 1)


def recordable(balancer: Balancer, columns: int) -> bool:
    """Whether there are several columns, and not too many."""
    return 2 <= columns <= (MOST_COLUMNS_WITH_GRAM if balancer.mixes_by_weights else MOST_COLUMNS)


def begin(method: Method, states: States, columns: int, steps: int) -> tuple[Method, States]:
    """Method and states with recorders, for a chunk of ``steps``."""
    gram = jnp.zeros((columns, columns), jnp.float32)
    weights = jnp.zeros(columns, jnp.float32) if method.balancer.mixes_by_weights else None
    left = jnp.asarray(steps - 1, jnp.int32)
    recorded = tuple(Recorded(own, gram, weights, left) for own in states.balancer)
    return method._replace(balancer=Recorder(method.balancer)), states._replace(balancer=recorded)


def end(states: States, features: int) -> tuple[States, dict[str, Array]]:
    """States without recorders, and the figures for the history.

    ``features`` is the number of shared features. The figures are ``gradient_norms`` (D,) before balancing;
    ``gradient_weights`` (D,), by which the balancer multiplied each gradient, where it answers with weights (over
    several shared features their mean, weighted by squared norm); ``gradient_cosine``, the mean over pairs of columns;
    and ``gradient_conflicts``, the share of pairs with a cosine below -`OPPOSED`. They are nan where every gradient
    was 0.
    """
    # with a doubly reparametrised gradient the encoder's decisions follow the decoder's, and are left out
    recorded = states.balancer[:features]
    figures = summary(sum(one.gram for one in recorded))
    if recorded[0].weights is not None:
        squared = [jnp.diagonal(one.gram) for one in recorded]
        mixed = sum(one.weights * of_rows for one, of_rows in zip(recorded, squared, strict=True))
        total = sum(squared)
        figures["gradient_weights"] = jnp.where(total > 0, mixed / jnp.where(total > 0, total, 1), jnp.nan)
    return states._replace(balancer=tuple(one.inner for one in states.balancer)), figures


def summary(gram: Float[Array, "D D"]) -> dict[str, Array]:
    """Norms, mean cosine and share of conflicts of gradients with this Gramian."""
    norms = jnp.sqrt(jnp.maximum(jnp.diagonal(gram), 0))
    nonzero = norms > 0
    unit = jnp.where(nonzero, norms, 1)
    cosines = gram / unit[:, None] / unit[None, :]
    pairs = jnp.triu(nonzero[:, None] & nonzero[None, :], 1)
    count = pairs.sum()
    mean = lambda of_pairs: jnp.where(count > 0, jnp.where(pairs, of_pairs, 0).sum() / jnp.maximum(count, 1), jnp.nan)
    return {
        "gradient_norms": norms,
        "gradient_cosine": mean(cosines),
        "gradient_conflicts": mean(cosines < -OPPOSED),
    }
