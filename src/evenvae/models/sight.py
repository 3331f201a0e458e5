"""A decoder that sees the visible cells beside z, so that a hidden cell need not pass through the latent alone.

z has to tell of every cell of a row, so that it is a narrow way from the visible cells to a hidden one. Here the trunk
also gets features of the visible cells and of which they are (VAEAC: Ivanov, Figurnov and Vetrov, 2019). Which cells it
sees is part of the question, `Batch.shown`: all visible ones where cells are filled, none where the model is asked for
p(x), which then is the integral of p(z) p(x|z) as without sight. The heads stay linear in the trunk's output.

Given shown cells, the others are independent under the heads. Their joint distribution comes from drawing a few of them
at a time and showing these before the next (`evenvae.fitted.unmasking`).
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Key

from evenvae.likelihoods.base import Scale
from evenvae.models.batch import Batch
from evenvae.models.conditioning import ConditionalLatent, ConditionalPosterior
from evenvae.models.encoder import CellInput, Encoder
from evenvae.models.networks import Stack, Statistics


class SightedEncoder(eqx.Module):
    """q(z|x) of the visible cells, whose draws carry what the trunk sees of the shown ones; an `EncoderProtocol`."""

    encoder: Encoder
    shown: CellInput

    def init(self) -> Statistics | None:
        """State at the start of training."""
        return self.encoder.init()

    def __call__(
        self,
        batch: Batch,
        scales: tuple[Scale, ...],
        state: Statistics | None,
        key: Key[Array, ""] | None = None,
        inference: bool = False,
    ) -> tuple[ConditionalPosterior, Statistics | None]:
        """The posterior of every row beside its sight, and the state after this batch."""
        own = None if key is None else jax.random.split(key)
        posterior, state = self.encoder(batch, scales, state, None if own is None else own[0], inference)
        if batch.shown is None:
            blind = self.blind
            sight = jnp.broadcast_to(blind, (batch.mask.shape[0], blind.shape[0]))
        else:
            seen, _ = self.shown(batch.hide(batch.shown), scales, None, None if own is None else own[1], inference)
            sees = jnp.asarray(batch.shown).any(-1, keepdims=True).astype(seen.dtype)
            sight = jnp.concatenate([self.encoder.hidden.activation(seen), sees], axis=-1)
        return ConditionalPosterior(posterior, sight), state

    @property
    def blind(self) -> Float[Array, " width"]:
        """The sight of no cell."""
        return jnp.append(self.encoder.hidden.activation(jnp.asarray(self.shown.bias)), 0.0)


class SightedTrunk(eqx.Module):
    """The trunk, which gets the sight beside z.

    Where a row shows cells, z is left out: it has nothing to add to what stands there, and would be noise.
    """

    stack: Stack

    def __call__(self, latent: ConditionalLatent) -> Float[Array, "... width"]:
        """The last shared feature."""
        sees = latent.condition[..., -1:]
        return self.stack(jnp.concatenate([latent.z * (1 - sees), latent.condition], axis=-1))


def without_sight(encoder: SightedEncoder, z: Float[Array | np.ndarray, "... latent"]) -> ConditionalLatent:
    """z beside the sight of no cell."""
    return ConditionalLatent.of(z, encoder.blind)
