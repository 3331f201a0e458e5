"""All heads side by side: one linear map from the last shared feature to the parameters of every likelihood."""

from collections.abc import Sequence
from typing import Any, Literal

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Shaped

from evenvae.likelihoods.base import Scale
from evenvae.models.batch import Cells
from evenvae.models.layout import Layout
from evenvae.models.merging import merged
from evenvae.models.networks import constant, xavier_uniform
from evenvae.threefry import AnyKey

Statistic = Literal["default", "mean", "median", "mode"]


class Heads(eqx.Module):
    """parameters = y W + b, where columns of W and b belong to columns of the table by `Layout.feature_of_output`."""

    kernel: Float[Array, "hidden P"]
    bias: Float[Array, " P"]
    layout: Layout = eqx.field(static=True)

    @classmethod
    def at_marginals(cls, layout: Layout, hidden: int, key: AnyKey, bias: Float[np.ndarray | Array, " P"]) -> "Heads":
        """Biases that give each column's marginal and small weights, so that no column starts far off."""
        kernel = 0.1 * xavier_uniform(key, (hidden, layout.width))
        return cls(jax.device_put(kernel), jax.device_put(np.asarray(bias, np.float32)), layout)

    @classmethod
    def of_paper(cls, layout: Layout, hidden: int, key: AnyKey) -> "Heads":
        """Xavier-uniform weights with the gain of ReLU and biases 0.01, as in the code released with the paper."""
        kernel = xavier_uniform(key, (hidden, layout.width), 2**0.5)
        return cls(jax.device_put(kernel), constant(layout.width, 0.01), layout)

    @property
    def feature(self) -> Int[np.ndarray, " P"]:
        """The column that each output of the kernel belongs to."""
        return self.layout.feature_of_output

    def kernels(self) -> tuple[tuple[Float[Array | np.ndarray, "hidden P"], ...], Float[Array | np.ndarray, " P"]]:
        """One kernel for each shared feature (there is one), and the bias."""
        return (self.kernel,), self.bias

    def parameters(self, outputs: Float[Array, "... P"], normalisation: Any = None) -> Float[Array, "... P"]:
        """The outputs themselves."""
        del normalisation
        return outputs


def linear(
    features: tuple[Float[Array, "... _"], ...],
    kernels: tuple[Float[Array, "_ outputs"], ...],
    bias: Float[Array, "..."],
) -> Float[Array, "..."]:
    """Outputs of all heads: the sum of shared features times kernels, plus the bias."""
    return sum((y @ kernel for y, kernel in zip(features, kernels, strict=True)), start=bias)


def as_tuple(features: Any) -> tuple[Float[Array, "..."], ...]:
    """Shared features as a tuple, whether there is one or several."""
    return tuple(jax.tree.leaves(features))


def marginal_bias(
    layout: Layout, cells: Sequence[Shaped[np.ndarray, "rows ..."]], observed: Bool[np.ndarray, "rows D"]
) -> Float[np.ndarray, " P"]:
    """Parameters of every column's marginal, from its observed cells."""
    parts = []
    for block, x in zip(layout.blocks, cells, strict=True):
        for position, column in enumerate(block.columns):
            parts.append(block.likelihood.marginal(np.asarray(x)[observed[:, column], position]))
    return np.concatenate(parts)


def log_prob(
    layout: Layout, parameters: Float[Array, "... P"], cells: Cells, mask: Bool[Array | np.ndarray, "... D"]
) -> Float[Array, "... D"]:
    """Log-likelihood of every cell in model space; 0 where the cell is missing."""
    view = merged(layout)
    parts = [
        block.likelihood.log_prob(part, x.astype(parameters.dtype))
        for block, part, x in zip(view.layout.blocks, view.split(parameters), view.cells(cells), strict=True)
    ]
    return jnp.where(mask, view.layout.join(parts), 0)


def auxiliary(
    layout: Layout,
    parameters: Float[Array, "... P"],
    cells: Cells,
    scales: tuple[Scale, ...],
    mask: Bool[Array | np.ndarray, "... D"],
) -> Float[Array, "... D"] | float:
    """What training adds to `log_prob`, see `Likelihood.auxiliary`; 0 where no family of the layout adds anything."""
    if not any(block.likelihood.has_auxiliary for block in layout.blocks):
        return 0.0
    view = merged(layout)
    blocks = zip(view.layout.blocks, view.split(parameters), view.cells(cells), view.scales(scales), strict=True)
    parts = [block.likelihood.auxiliary(part, x.astype(parameters.dtype), scale) for block, part, x, scale in blocks]
    return jnp.where(mask, view.layout.join(parts), 0)


def log_jacobian(
    layout: Layout, cells: Cells, scales: tuple[Scale, ...], mask: Bool[Array | np.ndarray, "rows D"]
) -> Float[Array, "rows D"]:
    """What has to be added to `log_prob` for the raw scale; it does not depend on the parameters."""
    view, parts = merged(layout), []
    for block, x, scale in zip(view.layout.blocks, view.cells(cells), view.scales(scales), strict=True):
        x = jnp.asarray(x)
        rows = x.shape[: x.ndim - len(block.likelihood.event_shape)]
        parts.append(jnp.broadcast_to(block.likelihood.log_jacobian(x, scale), rows))
    return jnp.where(mask, view.layout.join(parts), 0)


def statistic(
    layout: Layout, parameters: Float[Array, "... P"], scales: tuple[Scale, ...], name: Statistic
) -> Float[Array, "... E"]:
    """A statistic of every column, in value space; ``"default"`` is the likelihood's point estimate.

    Levels give their mode, whatever the name.
    """
    view, parts = merged(layout), []
    for block, part, scale in zip(view.layout.blocks, view.split(parameters), view.scales(scales), strict=True):
        likelihood = block.likelihood
        of_numbers = {
            "default": likelihood.point_estimate,
            "mean": likelihood.mean,
            "median": likelihood.median,
            "mode": likelihood.mode,
        }
        parts.append((likelihood.mode if likelihood.discrete else of_numbers[name])(part, scale))
    return view.layout.join_elements(parts)


def values(layout: Layout, cells: Cells, scales: tuple[Scale, ...], dtype: Any = jnp.float32) -> Float[Any, "... E"]:
    """Model-space cells to value space."""
    view = merged(layout)
    parts = [
        block.likelihood.value(x.astype(dtype), scale)
        for block, x, scale in zip(view.layout.blocks, view.cells(cells), view.scales(scales), strict=True)
    ]
    return view.layout.join_elements(parts)


def expected_inputs(layout: Layout, parameters: Float[Array, "rows P"], scales: tuple[Scale, ...]) -> Cells:
    """What an encoder would see of the expected cells, by block; see `Likelihood.expected_input`."""
    parts = zip(layout.blocks, layout.split(parameters), scales, strict=True)
    return tuple(block.likelihood.expected_input(part, scale) for block, part, scale in parts)
