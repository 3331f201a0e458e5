"""What the networks see while they learn: cells that are hidden, cells that are shown, pixels that are drawn."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Key

from evenvae.models.batch import Batch
from evenvae.models.layout import Layout


def hide(
    key: Key[Array, ""],
    mask: Bool[Array | np.ndarray, "rows D"],
    most: float,
    show_rows: float = 0.0,
    hide_shown: float = 0.0,
) -> tuple[Bool[Array, "rows D"], Bool[Array, "rows 1"]]:
    """Hide observed cells from the encoder; every row hides its own share of cells, drawn from U(0, ``most``).

    The likelihood still scores them, so the encoder learns to answer from part of a row. Of the rows ``show_rows`` are
    those whose cells a decoder with sight is shown; they hide a share drawn from U(0, ``hide_shown``).

    Returns:
        Which cells are left, and which rows are shown.
    """
    keys = jax.random.split(key)
    # one number tells both which rows are shown and what share they hide: a third draw would become part of every
    # kernel that uses the mask, and compiling then takes minutes for some tables
    place = jax.random.uniform(keys[0], (mask.shape[0], 1))
    shown = place < show_rows
    share = most * place
    if show_rows:
        beyond = (place - show_rows) / max(1 - show_rows, 1e-6)
        share = jnp.where(shown, hide_shown * place / show_rows, most * beyond)
    return jnp.asarray(mask) & (jax.random.uniform(keys[1], mask.shape) >= share), shown


def seen_of(key: Key[Array, ""], batch: Batch, hide_cells: float, show_rows: float, hide_shown: float) -> Batch:
    """The batch as encoder and decoder see it; the arguments are those of `Method`."""
    if not (hide_cells or show_rows):
        return batch
    mask, shown = hide(key, batch.mask, hide_cells, show_rows, hide_shown)
    seen = batch.hide(mask)
    return seen._replace(shown=mask & shown) if show_rows else seen


def cell_weights(
    seen: Batch, mask: Bool[Array | np.ndarray, "rows D"], shown_weight: float, even_turns: bool = False
) -> Float[Array, "rows D"] | float:
    """What the cells count for: ``shown_weight`` where they are shown, else 1.

    With ``even_turns`` the hidden cells of a row count together as much as all of its observed cells (``mask``) do in a
    row that is shown nothing. So every turn counts alike when cells are drawn one after the other, the last, given all
    others, as much as the first: in the mean over orders these are the row's nats (Uria, Murray and Larochelle, 2014,
    who weigh by D / (D - d + 1) where the d-th and all later cells are hidden).
    """
    if seen.shown is None:
        return 1.0
    hidden = 1.0
    if even_turns:
        count = lambda cells: cells.sum(axis=1, keepdims=True)
        hidden = count(jnp.asarray(mask)) / jnp.maximum(count(mask & ~seen.shown), 1)
    return jnp.where(seen.shown, shown_weight, hidden)


def binarised(key: Key[Array, ""], batch: Batch, layout: Layout) -> Batch:
    """The batch with the grey pixels of binary images drawn black or white."""
    cells = tuple(
        block.likelihood.binarised(jax.random.fold_in(key, number), jnp.asarray(x))
        for number, (block, x) in enumerate(zip(layout.blocks, batch.cells, strict=True))
    )
    return batch._replace(cells=cells)
