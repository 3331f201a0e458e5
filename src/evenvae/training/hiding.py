"""Cells that are hidden from the networks while they learn, and cells that are shown to a decoder with sight."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Key

from evenvae.models.batch import Batch


def hide(
    key: Key[Array, ""], mask: Bool[Array | np.ndarray, "rows D"], most: float | Float[Array, "rows 1"]
) -> Bool[Array, "rows D"]:
    """Hide observed cells from the encoder; every row hides its own share of cells, drawn from U(0, ``most``).

    The likelihood still scores them, so the encoder learns to answer from part of a row.
    """
    keys = jax.random.split(key)
    share = most * jax.random.uniform(keys[0], (mask.shape[0], 1))
    return jnp.asarray(mask) & (jax.random.uniform(keys[1], mask.shape) >= share)


def seen_of(key: Key[Array, ""], batch: Batch, hide_cells: float, show_rows: float, hide_shown: float) -> Batch:
    """The batch as encoder and decoder see it; the arguments are those of `Method`."""
    if not show_rows:
        return batch.hide(hide(key, batch.mask, hide_cells)) if hide_cells else batch
    shown = jax.random.uniform(jax.random.fold_in(key, 1), (batch.mask.shape[0], 1)) < show_rows
    seen = batch.hide(hide(key, batch.mask, jnp.where(shown, hide_shown, hide_cells)))
    return seen._replace(shown=seen.mask & shown)


def cell_weights(seen: Batch, shown_weight: float) -> Float[Array, "rows D"] | float:
    """What the cells count for: ``shown_weight`` where they are shown, else 1."""
    return 1.0 if seen.shown is None else jnp.where(seen.shown, shown_weight, 1.0)
