"""The columns' gradients at the shared features in the last step of a chunk, and what the balancer made of them.

A `Witness` stands in the balancer's place and keeps the Gramian and the weights in its state. Where the balancer works
on them anyway nothing is computed twice; elsewhere the Gramian is made in the last step alone. What is trained does
not depend on it.
"""

import dataclasses
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from evenvae import balancing
from evenvae.balancing import Balancer

OPPOSED = 0.05
"""Two columns pull against each other when their cosine is below minus this; nearer 0 they ignore each other."""
MOST, MOST_BY_THE_WAY = 64, 256
"""Columns of the widest table that is watched: the Gramian of more costs over a fiftieth of a chunk's steps; where the
balancer makes it anyway, the history would grow long.
"""


class Seen(NamedTuple):
    """State of a `Witness`: the balancer's own, what it saw last, and the steps until it is to look."""

    inner: Any
    gram: Float[Array, "D D"]
    weights: Float[Array, " D"] | None
    left: Int[Array, ""]


@dataclasses.dataclass(frozen=True)
class Witness(Balancer):
    """A balancer (None for the plain sum) that gives what it gives alone, and remembers what it was given."""

    inner: Balancer | None

    @property
    def weighs(self) -> bool:
        """Whether the balancer answers with weights."""
        return self.inner is not None and not self.inner.needs_rows

    @property
    def looks_back(self) -> bool:
        """As the balancer."""
        return self.inner is not None and self.inner.looks_back

    def observe(self, state, losses):
        """Passed on."""
        assert self.inner is not None
        return state._replace(inner=self.inner.observe(state.inner, losses))

    def weights(self, gram, state, *, key=None, losses=None, noise=None):
        """The balancer's, for those that answer with weights."""
        assert self.inner is not None
        weights, inner = self.inner.weights(gram, state.inner, key=key, losses=losses, noise=noise)
        return weights, Seen(inner, gram, weights.astype(gram.dtype), state.left - 1)


def balance_linear_heads(balancer, state, cotangent, kernel, feature, *, key=None, losses=None) -> tuple[Any, Any]:
    """`balancing.balance_linear_heads`, for a `Witness` too."""
    if not isinstance(balancer, Witness) or balancer.weighs:
        return balancing.balance_linear_heads(balancer, state, cotangent, kernel, feature, key=key, losses=losses)
    mixed, inner = balancing.balance_linear_heads(
        balancer.inner, state.inner, cotangent, kernel, feature, key=key, losses=losses
    )
    look = lambda c, k, _: balancing.gram_of_linear_heads(c, k, feature)
    # every run counts alike, so that this stays a branch where runs are trained side by side
    gram = jax.lax.cond(state.left == 0, look, lambda _, __, old: old, cotangent, kernel, state.gram)
    return mixed, Seen(inner, gram, None, state.left - 1)


def watchable(balancer: Balancer | None, columns: int) -> bool:
    """Whether there are several columns, and not too many."""
    return 2 <= columns <= (MOST_BY_THE_WAY if Witness(balancer).weighs else MOST)


def begin(method: Any, states: Any, features: int, columns: int, steps: int) -> tuple[Any, Any]:
    """Method and states with witnesses, for a chunk of ``steps``; ``features`` shared ones."""
    witness = Witness(method.balancer)
    # decoder and encoder may be balanced apart: a decision, and a memory, for each
    memory = states.balancer or ((),) * (features * (2 if method.objective.doubly else 1))
    gram = jnp.zeros((columns, columns), jnp.float32)
    weights = jnp.zeros(columns, jnp.float32) if witness.weighs else None
    watched = tuple(Seen(own, gram, weights, jnp.asarray(steps - 1, jnp.int32)) for own in memory)
    return method._replace(balancer=witness), states._replace(balancer=watched)


def end(states: Any, balancer: Balancer | None, features: int) -> tuple[Any, dict[str, Array]]:
    """States as they are without witnesses, and what the history keeps.

    ``gradient_norms`` (D,) before balancing; ``gradient_weights`` (D,), what the balancer multiplied each by, where it
    answers with weights (of several shared features the mean by squared norm); ``gradient_cosine``, the mean over
    pairs of columns, and ``gradient_conflicts``, the share of pairs with a cosine below -`OPPOSED`. nan where no
    gradient was other than 0.
    """
    # the encoder's decision is left out
    seen = states.balancer[:features]
    found = summary(sum(one.gram for one in seen))
    if seen[0].weights is not None:
        squared = [jnp.diagonal(one.gram) for one in seen]
        mixed = sum(one.weights * of_rows for one, of_rows in zip(seen, squared, strict=True))
        total = sum(squared)
        found["gradient_weights"] = jnp.where(total > 0, mixed / jnp.where(total > 0, total, 1), jnp.nan)
    memory = () if balancer is None else tuple(one.inner for one in states.balancer)
    return states._replace(balancer=memory), found


def summary(gram: Float[Array, "D D"]) -> dict[str, Array]:
    """Norms, mean cosine and share of conflicts of gradients with this Gramian."""
    norms = jnp.sqrt(jnp.maximum(jnp.diagonal(gram), 0))
    present = norms > 0
    unit = jnp.where(present, norms, 1)
    cosines = gram / unit[:, None] / unit[None, :]
    pairs = jnp.triu(present[:, None] & present[None, :], 1)
    count = pairs.sum()
    mean = lambda of_pairs: jnp.where(count > 0, jnp.where(pairs, of_pairs, 0).sum() / jnp.maximum(count, 1), jnp.nan)
    return {
        "gradient_norms": norms,
        "gradient_cosine": mean(cosines),
        "gradient_conflicts": mean(cosines < -OPPOSED),
    }
