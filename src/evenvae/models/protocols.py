"""What the parts of a model offer each other: encoder, posterior and heads, each written down as a protocol.

A new encoder, say, is one file with a class of this shape; nothing else has to change.
"""

from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Array, Float, Int, Key

from evenvae.likelihoods.base import Scale
from evenvae.models.batch import Batch
from evenvae.models.layout import Layout

Latent = Any
"""What the trunk decodes: z as an array, or a named tuple of z and what else belongs to it (a task, a component)."""


@runtime_checkable
class PosteriorProtocol(Protocol):
    """q(z|x) of a batch of rows, as an encoder gives it.

    A *draw* is a latent, with a first dimension for the samples where there are several.
    """

    @property
    def noise_size(self) -> int:
        """Number of standard-normal numbers that make one draw."""
        ...

    @property
    def location(self) -> Latent:
        """The latent that stands for each row, such as the mean; without a dimension for samples."""
        ...

    @property
    def representation(self) -> Float[Array, "rows size"]:
        """Each row's place in latent space as one array; `Model.latent_at` is the way back to a latent."""
        ...

    @property
    def normalisation(self) -> Any:
        """Constants of the batch by which the encoder normalised it and which the heads must undo; None for none."""
        ...

    def sample(self, key: Key[Array, ""], samples: int) -> Latent:
        """Reparametrised draws, ``samples`` for each row."""
        ...

    def at(self, noise: Float[Array, "samples #rows noise_size"]) -> Latent:
        """The draws that this standard-normal noise makes; one row of noise serves all rows."""
        ...

    def log_prob(self, latent: Latent) -> Float[Array, "*samples rows"]:
        """Log-density of draws."""
        ...

    def detached(self) -> "PosteriorProtocol":
        """The same distribution, whose parameters receive no gradient."""
        ...

    def latent_of(self, draw: Latent) -> Latent:
        """What a prior sees of a draw: z of a draw that carries its row's task, else the draw itself."""
        ...


@runtime_checkable
class EncoderProtocol(Protocol):
    """From a batch to the posterior of its rows."""

    def init(self) -> Any:
        """State at the start of training, such as running statistics; None where there is none."""
        ...

    def __call__(
        self,
        batch: Batch,
        scales: tuple[Scale, ...],
        state: Any,
        key: Key[Array, ""] | None = None,
        inference: bool = False,
    ) -> tuple[PosteriorProtocol, Any]:
        """The posterior of every row, and the state after this batch.

        Args:
            batch: rows; only the cells in the mask are seen.
            scales: constants of every block of the layout.
            state: from `init` or from the last call.
            key: for what is random while training, such as dropout.
            inference: True does not depend on the other rows of the batch and leaves the state as it is.
        """
        ...


@runtime_checkable
class HeadsProtocol(Protocol):
    """From the last features that all columns share to the parameters of every column's likelihood.

    The map is linear up to `parameters`, so that the columns' gradients can be balanced at its inputs.
    """

    layout: Layout

    @property
    def feature(self) -> Int[np.ndarray, " outputs"]:
        """The column that each output of a kernel belongs to."""
        ...

    def kernels(self) -> tuple[tuple[Float[Array, "feature_size outputs"], ...], Float[Array, "..."]]:
        """One kernel for each shared feature, and the bias."""
        ...

    def parameters(self, outputs: Float[Array, "..."], normalisation: Any = None) -> Float[Array, "... P"]:
        """Linear outputs to the parameters of the likelihoods, side by side as the layout says.

        ``normalisation`` is that of the posterior, and is undone here.
        """
        ...
