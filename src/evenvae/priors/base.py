"""The protocol of a prior, with default methods."""

import abc
from collections.abc import Callable
from typing import Any, ClassVar

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key

from evenvae.part import Part
from evenvae.threefry import AnyKey

PosteriorOf = Callable[[Int[Array, " rows"]], Any]
"""The posterior (`evenvae.models.PosteriorProtocol`) of rows of the training table, given by their numbers."""


class Prior(eqx.Module):
    """p(z): a density of latents that can also be drawn from.

    A latent is what `PosteriorProtocol.latent_of` gives of a draw: z, or z and a component. Its task, if there is one,
    is no part of it: all tasks share the prior.

    Most priors are learned by the gradient of the model's loss, or not at all. One with an *auxiliary update* also
    learns by steps of its own: `update` after every step of the model, `finalise` before the model is validated. Its
    state (such as that of an optimiser) is passed in and returned.

    Attributes:
        has_closed_kl: whether `kl` is known in closed form, so that an objective may use it instead of an estimate.
        has_penalty: whether `penalty` is added to the loss of every batch.
        has_auxiliary_update: whether the prior learns by `update` and `finalise`.
    """

    has_closed_kl: ClassVar[bool] = False
    has_penalty: ClassVar[bool] = False
    has_auxiliary_update: ClassVar[bool] = False

    @abc.abstractmethod
    def log_prob(self, latent: Any) -> Float[Array, "..."]:
        """Log-density of latents."""

    @abc.abstractmethod
    def sample(self, key: Key[Array, ""], rows: int) -> Any:
        """Draws of so many latents."""

    def kl(self, posterior: Any, latent: Any = None) -> Float[Array, " rows"]:
        """KL(q || p) of every row, in closed form given draws of the posterior; only if ``has_closed_kl``."""
        raise NotImplementedError(f"{type(self).__name__} has no KL in closed form.")

    def penalty(self, posterior: Any) -> Float[Array, ""]:
        """What is added to the loss of a batch; only if ``has_penalty``."""
        del posterior
        return jnp.zeros(())

    def init(self) -> Any:
        """State of the auxiliary update at the start of training."""
        return ()

    def update(
        self,
        state: Any,
        posterior_of: PosteriorOf,
        pool: Int[Array, " pool"],
        upcoming: Int[Array, " batch"],
        key: Key[Array, ""],
    ) -> tuple["Prior", Any]:
        """The prior and its state after a step of the model.

        Args:
            state: from `init` or from the last call.
            posterior_of: the encoder as it is now.
            pool: training rows to draw from.
            upcoming: rows of the model's next step.
            key: of what is random.
        """
        del posterior_of, pool, upcoming, key
        return self, state

    def finalise(
        self, state: Any, posterior_of: PosteriorOf, held_out: Int[Array, " rows"], key: Key[Array, ""]
    ) -> tuple["Prior", Any]:
        """The prior as it is to be used, and its state; ``held_out`` are rows that are not trained on."""
        del posterior_of, held_out, key
        return self, state

    def diagnostics(self, state: Any) -> dict[str, Array]:
        """What the training history keeps of the prior."""
        del state
        return {}

    def normaliser_figures(self, key: Key[Array, ""]) -> dict[str, Array]:
        """Figures of an estimated normaliser, on which log-densities depend; none where the density is exact."""
        del key
        return {}


class PriorOptions(Part, abc.ABC):
    """Base of the options of a prior: a frozen dataclass beside each prior that can be chosen."""

    @abc.abstractmethod
    def build(self, latent_size: int, width: int, key: AnyKey) -> Prior:
        """A new prior.

        Args:
            latent_size: coordinates of z.
            width: of hidden layers, for priors that have any.
            key: of random initial values.
        """
