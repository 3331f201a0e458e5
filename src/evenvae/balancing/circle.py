"""Many rows that visit each other around one circle, by matrix products instead of a round of gathers for every visit.

Every row visits the others in the order in which they stand on the circle, from its own place on. A sweep over the
places takes all rows along at once: at place t, every row that is under way meets the row that stands there. Two sweeps
bring every row around. What a row has gathered before a block of places reaches the block by one product.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

BLOCK = 64
"""Places whose visits are computed one after the other between two products."""

Visit = Callable[
    [Float[Array, " D"], Bool[Array, " D"], Int[Array, ""], Any, Any],
    tuple[Float[Array, " D"], Any, Any],
]
"""What happens at a place: from every row's inner product with the unit row that stands there, which rows meet it, the
place, the memory and the note of the place, to how much of the unit row each row takes on, the next memory, and the
next note.
"""


def go_round(
    correlation: Float[Array, "D D"], lengths: Float[Array, " D"], visit: Visit, memory: Any, notes: Any
) -> tuple[Float[Array, "D D"], Any, Any]:
    """Coefficients after all visits: at [t, p] those of the row of place p in the unit row of place t.

    O(D^3), most of it in products of matrices. Everything is in the order of the circle.

    Args:
        correlation: of the rows.
        lengths: of the rows; 0 for a row that does not take part.
        visit: see `Visit`; what it says of rows that do not meet the place is left out, but for its memory.
        memory: what `visit` hands on from place to place.
        notes: arrays (D, ...) with a note for every place.
    """
    size = lengths.size
    more = -size % BLOCK
    correlation = _padded(_padded(correlation, more).T, more).T
    blocks = jnp.arange(0, size + more, BLOCK)
    rows = jnp.arange(size)

    def by_block(note: Array) -> Array:
        return _padded(note, more).reshape(len(blocks), BLOCK, *note.shape[1:])

    def by_place(note: Array) -> Array:
        return note.reshape(-1, *note.shape[2:])[:size]

    notes = jax.tree.map(by_block, notes)

    def sweep(coefficients: Float[Array, "padded D"], memory: Any, notes: Any, *, first: bool) -> Any:
        def block(carry: Any, here: Any) -> Any:
            coefficients, memory = carry
            begin, notes = here
            here_by_all = jax.lax.dynamic_slice_in_dim(correlation, begin, BLOCK)
            among = jax.lax.dynamic_slice_in_dim(here_by_all, begin, BLOCK, 1)
            before = here_by_all @ coefficients

            def step(carry: Any, here: Any) -> Any:
                added, memory = carry
                number, note = here
                place = begin + number
                met = (rows < place if first else rows > place) & (place < size)
                inner = before[number] + among[number] @ added
                taken, memory, note = visit(inner, met, place, memory, note)
                taken = jnp.where(met, taken, 0)
                if first:
                    taken = jnp.where(rows == place, lengths, taken)
                return (jax.lax.dynamic_update_slice_in_dim(added, taken[None], number, 0), memory), note

            start = (jnp.zeros_like(before), memory)
            (added, memory), notes = jax.lax.scan(step, start, (jnp.arange(BLOCK), notes))
            held = jax.lax.dynamic_slice_in_dim(coefficients, begin, BLOCK)
            return (jax.lax.dynamic_update_slice_in_dim(coefficients, held + added, begin, 0), memory), notes

        return jax.lax.scan(block, (coefficients, memory), (blocks, notes))

    start = jnp.zeros((size + more, size), correlation.dtype)
    (coefficients, memory), notes = sweep(start, memory, notes, first=True)
    (coefficients, memory), notes = sweep(coefficients, memory, notes, first=False)
    return coefficients[:size], memory, jax.tree.map(by_place, notes)


def _padded(array: Array, more: int) -> Array:
    return jnp.concatenate([array, jnp.zeros((more, *array.shape[1:]), array.dtype)])
