"""What the step asks of an objective: coefficients, not gradients."""

from typing import Any, NamedTuple, Protocol

from jaxtyping import Array, Float


class Bound(NamedTuple):
    """An objective's answer for one batch.

    The gradient of the loss is that of ``-sum(likelihood * l) - sum(ratio * (log p(z) - log q(z|x)))
    + sum(kl * KL)`` with all coefficients held constant (mean over rows included). ``likelihood``
    broadcasts against l of shape ``(samples, rows, D)``; ``ratio`` is None for an analytic KL, ``kl`` else.

    ``path`` is None where every parameter gets that gradient. Else decoder and prior do, and what reaches the
    encoder, through z alone, is multiplied by it, sample by sample.
    """

    loss: Float[Array, ""]
    likelihood: Float[Array, "samples rows #D"]
    ratio: Float[Array, "samples rows"] | None
    kl: Float[Array, " rows"] | None
    path: Float[Array, "samples rows"] | None = None


class Objective(Protocol):
    """An objective is a hashable description plus pure functions; multipliers and averages live in ``state``.

    ``doubly`` says that the encoder's own parameters inside log q are held constant (`Bound.path` is given).
    """

    name: str
    samples: int
    analytic_kl: bool
    doubly: bool

    def init(self, features: int) -> Any:
        """State at the start of training."""
        ...

    def bound(
        self,
        log_likelihood: Float[Array, "samples rows D"],
        ratio: Float[Array, "samples rows"] | None,
        kl: Float[Array, " rows"] | None,
        state: Any,
    ) -> tuple[Bound, Any]:
        """Loss, coefficients and the next state."""
        ...
