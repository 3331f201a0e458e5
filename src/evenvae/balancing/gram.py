"""Linear heads on a shared feature: the Gramian of the tasks' gradients without a backward pass a task.

Let Delta (M, P) be the cotangent of the loss at the heads' outputs and W (h, P) their kernel. The gradient of
task d with respect to the shared feature is G_d = Delta_d W_d^T, and with E the matrix that sums the outputs of
each task, Q = E^T [(Delta^T Delta) o (W^T W)] E.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

SLICE = 2**18
"""Elements of the tasks' gradients that are held at once to add up their absolute values."""


def gram_of_linear_heads(
    cotangent: Float[Array, "M P"], kernel: Float[Array, "h P"], feature: Int[np.ndarray, " P"]
) -> Float[Array, "D D"]:
    """Gramian of the tasks' gradients; ``feature`` (P,) says which task an output belongs to.

    Costs 2 (M + h) P^2 by the identity. A task with so many outputs that its row (M, h) is cheaper to form is
    taken out and met through that row, so a column of 10,000 levels never makes a 10,000 x 10,000 product.
    """
    feature = np.asarray(feature)
    cotangent, kernel = jnp.asarray(cotangent), jnp.asarray(kernel)
    tasks = int(feature.max()) + 1
    rows, hidden = cotangent.shape[0], kernel.shape[0]
    wide = wide_tasks(feature, rows, hidden)
    narrow = np.flatnonzero(~np.isin(feature, wide)).astype(np.int32)
    gram: Array = jnp.zeros((tasks, tasks), cotangent.dtype)
    sums = _membership(feature[narrow], tasks, cotangent.dtype)
    if narrow.size:
        every = narrow.size == feature.size
        delta = cotangent if every else cotangent[:, narrow]
        weight = kernel if every else kernel[:, narrow]
        product = (delta.T @ delta) * (weight.T @ weight)
        gram = jnp.asarray(sums.T @ product @ sums)
    explicit = []
    for task in wide:
        outputs = np.flatnonzero(feature == task).astype(np.int32)
        row = cotangent[:, outputs] @ kernel[:, outputs].T
        if narrow.size:
            cross = ((row @ kernel[:, narrow]) * cotangent[:, narrow]).sum(0) @ sums
            gram = gram.at[task, :].add(cross).at[:, task].add(cross)
        for other, known in [*explicit, (task, row)]:
            value = jnp.vdot(known, row)
            gram = gram.at[task, other].set(value).at[other, task].set(value)
        explicit.append((task, row))
    return 0.5 * (gram + gram.T)


def wide_tasks(feature: Int[np.ndarray, " P"], rows: int, hidden: int) -> np.ndarray:
    """Tasks for which forming the gradient row costs less than their share of the identity."""
    tasks, sizes = np.unique(feature, return_counts=True)
    total = feature.size
    by_identity = sizes * total * (rows + hidden)
    by_row = rows * hidden * (sizes + total)
    return tasks[(by_row < by_identity) & (sizes > hidden)]


def _membership(feature: Int[np.ndarray, " P"], tasks: int, dtype) -> Float[np.ndarray, "P D"]:
    matrix = np.zeros((feature.size, tasks), dtype)
    matrix[np.arange(feature.size), feature] = 1
    return matrix


def rows_of_linear_heads(
    cotangent: Float[Array, "M P"], kernel: Float[Array, "h P"], feature: Int[np.ndarray, " P"]
) -> Float[Array, "D Mh"]:
    """Every task's gradient with respect to the shared feature, flattened: D times the memory of one."""
    feature = np.asarray(feature)
    rows = []
    for task in range(int(feature.max()) + 1):
        outputs = np.flatnonzero(feature == task).astype(np.int32)
        rows.append((cotangent[:, outputs] @ kernel[:, outputs].T).ravel())
    return jnp.stack(rows)


def absolute_sum_of_linear_heads(
    cotangent: Float[Array, "M P"], kernel: Float[Array, "h P"], feature: Int[np.ndarray, " P"]
) -> Float[Array, "M h"]:
    """sum_d |G_d|, element by element.

    Tasks with one output are met by one product, |delta w^T| = |delta| |w|^T; the others' rows are made
    ``SLICE`` elements at a time.
    """
    feature = np.asarray(feature)
    tasks, sizes = np.unique(feature, return_counts=True)
    single = np.flatnonzero(np.isin(feature, tasks[sizes == 1])).astype(np.int32)
    several = [np.flatnonzero(feature == task).astype(np.int32) for task in tasks[sizes > 1]]

    def of_rows(piece):
        parts = [jnp.abs(piece[:, outputs] @ kernel[:, outputs].T) for outputs in several]
        if single.size:
            parts.append(jnp.abs(piece[:, single]) @ jnp.abs(kernel[:, single]).T)
        return functools.reduce(jnp.add, parts)

    rows, hidden = cotangent.shape[0], kernel.shape[0]
    size = int(np.clip(SLICE // (max(len(several), 1) * hidden), 1, rows))
    if size == rows:
        return of_rows(cotangent)
    pieces = -(-rows // size)
    padded = jnp.pad(cotangent, ((0, pieces * size - rows), (0, 0))).reshape(pieces, size, -1)
    return jax.lax.map(of_rows, padded).reshape(-1, hidden)[:rows]


def combine_linear_heads(
    cotangent: Float[Array, "M P"],
    kernel: Float[Array, "h P"],
    feature: Int[np.ndarray, " P"],
    weights: Float[Array, " D"],
) -> Float[Array, "M h"]:
    """sum_d w_d G_d, one product: the plain head backward with scaled columns."""
    return (cotangent * weights[np.asarray(feature, np.int32)]) @ kernel.T
