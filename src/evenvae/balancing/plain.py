"""No balancing: the sum of all usable gradients."""

import dataclasses

from jaxtyping import Array, Float, Key, Shaped

from evenvae.balancing.algebra import active_rows
from evenvae.balancing.base import Balancer, State


@dataclasses.dataclass(frozen=True)
class Plain(Balancer):
    r"""w = 1 for every usable row, and 0 for rows that are 0 or not finite.

    Formula:
        $$ v = \sum_d g_d $$

    Cost:
        None.
    """

    @property
    def name(self) -> str:
        """``none``."""
        return "none"

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
        del key, losses, noise
        return active_rows(gram).astype(gram.dtype), state


def none() -> Balancer:
    """The sum of the tasks' gradients, without those that are not finite.

    `plain_sum` is the same sum without the Gramian, for gradients that are known to be finite.

    Use it when:
        The losses are commensurable: a unit of each is worth the same to you.
    """
    return Plain()
