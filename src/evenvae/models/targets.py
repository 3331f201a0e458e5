"""How well a column can be predicted without looking at its row, and what a constraint asks beyond that."""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float

from evenvae.models.heads import log_prob
from evenvae.models.space import Space


def marginal_nats(
    space: Space, values: Float[np.ndarray, "N E"], observed: Bool[np.ndarray, "N D"]
) -> Float[np.ndarray, " D"]:
    """-log p of a cell under its column's marginal, in model space, averaged over the observed cells."""
    parameters = jnp.asarray(space.marginal_bias(values, observed), jnp.float32)
    cells = tuple(jnp.asarray(block) for block in space.cells(values, observed))
    nats = -np.asarray(log_prob(space.layout, parameters[None], cells, jnp.asarray(observed)), float)
    return nats.sum(0) / np.maximum(observed.sum(0), 1)


def least_nats(
    space: Space, values: Float[np.ndarray, "N E"], observed: Bool[np.ndarray, "N D"]
) -> Float[np.ndarray, " D"]:
    """The same under the parameters that fit each cell best; -inf for densities."""
    least = np.empty(space.layout.features)
    for block, cells in zip(space.layout.blocks, space.cells(values, observed), strict=True):
        for position, column in enumerate(block.columns):
            own = cells[observed[:, column], position].astype(float)
            least[column] = block.likelihood.least_nats(own).mean() if len(own) else 0.0
    return least


def targets(
    space: Space, values: Float[np.ndarray, "N E"], observed: Bool[np.ndarray, "N D"], gain: float
) -> Float[np.ndarray, " D"]:
    """Nats a cell of every column: ``gain`` below those of the marginal, as far as that is possible.

    The log-density of a number can grow without end. The log-probability of levels and counts cannot, so for these at
    most the share 1 - exp(-gain) of the distance from the marginal to a perfect prediction is asked for.
    """
    marginal = marginal_nats(space, values, observed)
    possible = np.maximum(marginal - least_nats(space, values, observed), 0)
    return marginal - np.minimum(gain, -np.expm1(-gain) * possible)


def squared_targets(space: Space, kappa: float) -> Float[np.ndarray, " D"]:
    """Nats an image at which its squared error is kappa^2 (Rezende and Viola, 2018).

    Raises:
        ValueError: a column's likelihood is no squared error.
    """
    constants = [likelihood.squared_error_constant for likelihood in space.layout.likelihoods]
    if None in constants:
        raise ValueError("kappa is a squared error, which only images have whose likelihood is 'squared'")
    return np.array([kappa**2 + constant for constant in constants if constant is not None])
