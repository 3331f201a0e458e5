"""What the training step asks of an objective: coefficients, not gradients."""

import abc
from typing import Any, ClassVar, NamedTuple

import numpy as np
from jaxtyping import Array, Bool, Float

from evenvae.part import Part


class Bound(NamedTuple):
    """An objective's answer for one batch.

    The gradient of the loss is that of ``-sum(likelihood * l) - sum(ratio * (log p(z) - log q(z|x)))
    + sum(kl * KL)``, with all coefficients held constant; they include the mean over rows.

    Attributes:
        loss: its value.
        likelihood: coefficients of the log-likelihoods l of shape (samples, rows, D), against which they broadcast.
        ratio: coefficients of log p(z) - log q(z|x); None where the KL is in closed form.
        kl: coefficients of the KL in closed form, else None.
        path: None where every parameter gets this gradient. Else decoder and prior get it, and what reaches the
            encoder, through z alone, is multiplied by ``path``, sample by sample.
    """

    loss: Float[Array, ""]
    likelihood: Float[Array, "samples rows #D"]
    ratio: Float[Array, "samples rows"] | None
    kl: Float[Array, " rows"] | None
    path: Float[Array, "samples rows"] | None = None


class Objective(Part, abc.ABC):
    """An objective: a hashable description with pure functions; multipliers and averages are in the ``state``.

    The same objects are the user's options. A field that is None is filled by `completed`.

    Attributes:
        name: of the objective.
        samples: draws of the latent for each row.
        analytic_kl: whether the KL is taken in closed form where the prior has one.
        doubly_reparametrised: whether the encoder's own parameters inside log q are held constant (`Bound.path` is
            given then).
        weighted: whether samples count by their importance weights.
        constrained: whether there are constraints, so that `init` needs targets.
    """

    name: str
    samples: int
    analytic_kl: bool

    doubly_reparametrised: ClassVar[bool] = False
    weighted: bool = False
    constrained: ClassVar[bool] = False

    @property
    def kl_weight(self) -> float:
        """Weight of the KL in the loss, by which a purpose may weigh it in the validation too."""
        return 1.0

    @property
    def keeps_last(self) -> bool:
        """Whether the last state of the training is kept instead of the one with the best validation metric."""
        return False

    def completed(self, kl_weight: float, warm_up: int, steps_per_epoch: float = 1.0) -> "Objective":
        """The objective with the fields that were left open.

        Args:
            kl_weight: weight of the KL, which depends on the purpose.
            warm_up: steps without constraints, which depend on the table's size.
            steps_per_epoch: of the fit.
        """
        del kl_weight, warm_up, steps_per_epoch
        return self

    def init(self, features: int, targets: Float[np.ndarray, " D"] | None = None) -> Any:
        """State at the start of training with so many columns; None for no state.

        ``targets`` are nats a cell, for objectives that have constraints.
        """
        del features, targets

    @abc.abstractmethod
    def bound(
        self,
        log_likelihood: Float[Array, "samples rows D"],
        ratio: Float[Array, "samples rows"] | None,
        kl: Float[Array, " rows"] | None,
        mask: Bool[Array | np.ndarray, "rows D"],
        state: Any,
    ) -> tuple[Bound, Any]:
        """Loss and coefficients for a batch, and the next state.

        Args:
            log_likelihood: of every cell, 0 where it is missing.
            ratio: log p(z) - log q(z|x) of every draw; None where the KL is in closed form.
            kl: the KL of every row in closed form, else None.
            mask: which cells are observed.
            state: from `init` or from the last step.
        """

    def is_warm(self, state: Any) -> Bool[Array, ""] | bool:
        """Whether the warm-up is over, so that the validation metric may select a state; True where there is none."""
        del state
        return True

    def diagnostics(self, state: Any) -> dict[str, Array]:
        """What the training history keeps of the state."""
        del state
        return {}
