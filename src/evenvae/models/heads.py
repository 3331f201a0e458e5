"""All heads side by side: one linear map from the last shared feature to every likelihood's parameters."""

from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Key

from evenvae.likelihoods import Scale
from evenvae.models.encoder import Cells
from evenvae.models.layout import Layout
from evenvae.models.networks import xavier_uniform


class Heads(eqx.Module):
    """eta_raw = y W + b, where columns of W and b belong to features by `Layout.feature_of_output`."""

    kernel: Float[Array, "hidden P"]
    bias: Float[Array, " P"]
    layout: Layout = eqx.field(static=True)

    @classmethod
    def at_marginals(cls, layout: Layout, hidden: int, key: Key[Array, ""], bias: np.ndarray) -> "Heads":
        """Biases that give each column's marginal, and small weights, so that no column starts far off."""
        kernel = 0.1 * xavier_uniform(key, (hidden, layout.width))
        return cls(kernel, jnp.asarray(bias, kernel.dtype), layout)

    @classmethod
    def of_paper(cls, layout: Layout, hidden: int, key: Key[Array, ""]) -> "Heads":
        """Xavier-uniform with the gain of ReLU, biases 0.01, as in the released code."""
        kernel = xavier_uniform(key, (hidden, layout.width), 2**0.5)
        return cls(kernel, jnp.full((layout.width,), 0.01, kernel.dtype), layout)

    @property
    def feature(self) -> np.ndarray:
        """(P,) the column that each of the kernel's outputs belongs to."""
        return self.layout.feature_of_output

    def kernels(self) -> tuple[tuple[Float[Array, "hidden P"], ...], Float[Array, " P"]]:
        """One kernel for every shared feature (one here), and the bias."""
        return (self.kernel,), self.bias

    def natural(self, outputs: Float[Array, "... P"], normalisation: Any = None) -> Float[Array, "... P"]:
        """Linear outputs to the likelihoods' raw parameters: the same."""
        del normalisation
        return outputs


def linear(
    features: tuple[Float[Array, "... h"], ...], kernels: tuple[Float[Array, "h P"], ...], bias: Float[Array, " P"]
) -> Float[Array, "... P"]:
    """Outputs of all heads: sum of shared features times kernels, plus the bias."""
    return sum((y @ kernel for y, kernel in zip(features, kernels, strict=True)), start=bias)


def decode(model: Any, latent: Any) -> Float[Array, "... P"]:
    """Raw parameters of every column, outside training, for any model of encoder, trunk and heads."""
    features = model.trunk(latent)
    kernels, bias = model.heads.kernels()
    return model.heads.natural(linear(as_tuple(features), kernels, bias))


def as_tuple(features: Any) -> tuple:
    """Shared features as a tuple, whether there is one or several."""
    return tuple(features) if isinstance(features, tuple) else (features,)


def marginal_bias(layout: Layout, cells: Sequence[np.ndarray], observed: np.ndarray) -> np.ndarray:
    """(P,) raw parameters of every column's marginal, from its observed cells."""
    parts = []
    for block, x in zip(layout.blocks, cells, strict=True):
        for position, column in enumerate(block.columns):
            parts.append(block.likelihood.marginal(np.asarray(x)[observed[:, column], position]))
    return np.concatenate(parts)


def own(layout: Layout, cells: Cells) -> Cells:
    """The columns' cells of a batch, without the task codes that may follow them."""
    return cells[: len(layout.blocks)]


def log_prob(
    layout: Layout, raw: Float[Array, "... P"], cells: Cells, mask: Bool[Array, "... D"]
) -> Float[Array, "... D"]:
    """Log-likelihood of every cell in model space; 0 where it is missing."""
    parts = [
        block.likelihood.log_prob(part, x.astype(raw.dtype))
        for block, part, x in zip(layout.blocks, layout.split(raw), own(layout, cells), strict=True)
    ]
    return jnp.where(mask, layout.join(parts), 0)


def log_jacobian(layout: Layout, cells: Cells, scales: tuple[Scale, ...], mask: Array) -> Array:
    """What to add to `log_prob` for the raw scale; ``(rows, D)``, constant in all parameters."""
    parts = []
    for block, x, scale in zip(layout.blocks, own(layout, cells), scales, strict=True):
        x = jnp.asarray(x)
        rows = x.shape[: x.ndim - len(block.likelihood.event_shape)]
        parts.append(jnp.broadcast_to(block.likelihood.log_jacobian(x, scale), rows))
    return jnp.where(mask, layout.join(parts), 0)


def statistic_parts(
    layout: Layout, raw: Float[Array, "... P"], scales: tuple[Scale, ...], name: str = "mode"
) -> list[Array]:
    """``typical``, ``mean``, ``median`` or ``mode`` by block, in value space; levels always give their mode."""
    parts = []
    for block, part, scale in zip(layout.blocks, layout.split(raw), scales, strict=True):
        method = "mode" if block.likelihood.nominal else name
        parts.append(getattr(block.likelihood, method)(part, scale))
    return parts


def statistic(
    layout: Layout, raw: Float[Array, "... P"], scales: tuple[Scale, ...], name: str = "mode"
) -> Float[Array, "... E"]:
    """`statistic_parts` joined in table order."""
    return layout.join_elements(statistic_parts(layout, raw, scales, name))


def values(layout: Layout, cells: Cells, scales: tuple[Scale, ...], dtype=jnp.float32) -> Array:
    """Model-space cells to value space, ``(rows, E)``."""
    return layout.join_elements(
        [
            block.likelihood.value(x.astype(dtype), scale)
            for block, x, scale in zip(layout.blocks, own(layout, cells), scales, strict=True)
        ]
    )
