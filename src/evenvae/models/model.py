"""The base of every model: encoder, trunk and heads, and how a latent becomes the columns' parameters."""

from typing import Any

import equinox as eqx
import numpy as np
from jaxtyping import Array, Float, Int

from evenvae.models.heads import as_tuple, linear
from evenvae.models.protocols import Latent


class Model(eqx.Module):
    """An encoder gives q(z|x), a trunk the last features that all columns share, heads the columns' parameters.

    The methods are those of a model whose latent is z alone; others replace some of them.

    Attributes:
        encoder: see `evenvae.models.protocols.EncoderProtocol`.
        trunk: a function of the latent that gives one shared feature, or a tuple of several.
        heads: see `evenvae.models.protocols.HeadsProtocol`.
    """

    encoder: Any
    trunk: Any
    heads: Any

    def decode(self, latent: Latent) -> Float[Array, "... P"]:
        """Parameters of every column's likelihood at a latent, outside training."""
        features = self.trunk(latent)
        kernels, bias = self.heads.kernels()
        return self.heads.parameters(linear(as_tuple(features), kernels, bias))

    def latent_at(
        self, representation: Float[Array | np.ndarray, "... size"], tasks: Int[Array | np.ndarray, "... T"]
    ) -> Latent:
        """The latent at a representation, as the posterior gives it, under tasks with these codes."""
        del tasks
        return representation

    def decodable(self, prior_draw: Latent, tasks: Int[Array | np.ndarray, "... T"]) -> Latent:
        """The latent that is decoded for a draw of the prior, under tasks with these codes."""
        del tasks
        return prior_draw
