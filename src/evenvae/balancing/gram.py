"""The Gramian of the tasks' gradients at a shared feature with linear heads, without a backward pass for each task.

Let Delta (M, P) be the gradient of the summed losses with respect to the outputs of the heads, and W (h, P) the kernel
of the heads. The gradient of task d with respect to the shared feature is G_d = Delta_d W_d^T. With E the matrix that
sums the outputs of each task, the Gramian is Q = E^T [(Delta^T Delta) o (W^T W)] E.
"""

import functools
from typing import cast

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, DTypeLike, Float, Int

from evenvae.balancing.algebra import FEW

STRIPS, MOST_SLICES = 4, 200
"""In how many strips the upper half of the product of all outputs is computed, and the largest number of outputs that
tasks of all sizes may have together for it: each is a slice of its own in the compiled program."""
SLICE = 2**18
"""Largest number of elements of the tasks' gradients in memory while their absolute values are added up."""


def gram_of_linear_heads(
    cotangent: Float[Array | np.ndarray, "M P"],
    kernel: Float[Array | np.ndarray, "h P"],
    feature: Int[np.ndarray, " P"],
) -> Float[Array, "D D"]:
    """Gramian (D, D) of the tasks' gradients with respect to the shared feature.

    The identity costs 2 (M + h) P^2 operations. A task with so many outputs that its gradient (M, h) is cheaper to form
    is treated by that gradient instead, so that a task of 10,000 outputs never needs a 10,000 x 10,000 product.

    Args:
        cotangent: gradient of the summed losses with respect to the outputs of the heads, (M, P).
        kernel: weights of the heads, (h, P).
        feature: task of each of the P outputs.
    """
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
        gram = jnp.asarray(_sum_by_task(delta, weight, feature[narrow], tasks, sums))
    explicit: list[tuple[int, Array]] = []
    for task in wide.tolist():
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


def _sum_by_task(
    delta: Float[Array, "M narrow"],
    weight: Float[Array, "h narrow"],
    feature: Int[np.ndarray, " narrow"],
    tasks: int,
    sums: Float[np.ndarray, "narrow D"],
) -> Float[Array, "D D"]:
    """E^T [(Delta^T Delta) o (W^T W)] E for the tasks that are treated by the identity; ``sums`` is E.

    The products with E cost 2 P^2 D operations: nothing for few tasks, several times the rest for hundreds. There the
    outputs are put in such an order that each sum over a task's outputs is a sum of slices, and what the symmetry gives
    is not computed.
    """
    found, sizes = np.unique(feature, return_counts=True)
    if tasks <= FEW or np.unique(sizes).sum() > MOST_SLICES:
        return jnp.asarray(sums.T @ ((delta.T @ delta) * (weight.T @ weight)) @ sums)
    # for tasks with equally many outputs: (outputs of a task, tasks); each of the first is a slice of the new order
    groups = [
        np.stack([np.flatnonzero(feature == task) for task in found[sizes == size]], 1) for size in np.unique(sizes)
    ]
    group_of_slice = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
    widths = np.concatenate([[group.shape[1]] * len(group) for group in groups])
    begins = np.cumsum(widths) - widths
    strip_of_slice = begins * STRIPS // feature.size
    order = np.concatenate([group.ravel() for group in groups]).astype(np.int32)
    delta, weight = delta[:, order], weight[:, order]
    rows: list[list[Array]] = [[] for _ in groups]
    for strip in np.unique(strip_of_slice):
        inside = np.flatnonzero(strip_of_slice == strip)
        first, end = int(begins[inside[0]]), int(begins[inside[-1]] + widths[inside[-1]])
        product = (delta[:, first:end].T @ delta[:, first:]) * (weight[:, first:end].T @ weight[:, first:])
        columns = [jnp.zeros((end - first, group.shape[1]), product.dtype) for group in groups]
        for one in range(int(inside[0]), len(widths)):
            part = product[:, begins[one] - first : begins[one] - first + widths[one]]
            # the strip's own part is symmetric: half of it, because the transpose is added
            columns[group_of_slice[one]] += 0.5 * part if one <= inside[-1] else part
        together = jnp.concatenate(columns, axis=1)
        for one in inside:
            rows[int(group_of_slice[one])].append(together[begins[one] - first : begins[one] - first + widths[one]])
    half = jnp.concatenate([functools.reduce(jnp.add, parts) for parts in rows])
    # a task that is not here has the place after the last, which reads as 0
    place = np.full(tasks, found.size, np.int32)
    place[np.concatenate([feature[group[0]] for group in groups])] = np.arange(found.size, dtype=np.int32)
    whole = jnp.zeros((found.size + 1, found.size + 1), half.dtype).at[:-1, :-1].set(half + half.T)
    return whole[place][:, place]


def wide_tasks(feature: Int[np.ndarray, " P"], rows: int, hidden: int) -> Int[np.ndarray, " wide"]:
    """Tasks whose gradient costs less to form than their share of the identity. ``rows`` is M, ``hidden`` is h."""
    tasks, sizes = np.unique(feature, return_counts=True)
    total = feature.size
    by_identity = sizes * total * (rows + hidden)
    by_row = rows * hidden * (sizes + total)
    return tasks[(by_row < by_identity) & (sizes > hidden)]


def _membership(feature: Int[np.ndarray, " P"], tasks: int, dtype: DTypeLike) -> Float[np.ndarray, "P D"]:
    matrix = np.zeros((feature.size, tasks), dtype)
    matrix[np.arange(feature.size), feature] = 1
    return matrix


def rows_of_linear_heads(
    cotangent: Float[Array | np.ndarray, "M P"],
    kernel: Float[Array | np.ndarray, "h P"],
    feature: Int[np.ndarray, " P"],
) -> Float[Array, "D Mh"]:
    """The gradient of every task with respect to the shared feature, flattened to (D, M h): D times the memory of one.

    See `gram_of_linear_heads` for the arguments.
    """
    cotangent, kernel = jnp.asarray(cotangent), jnp.asarray(kernel)
    rows: list[Array] = []
    for task in range(int(feature.max()) + 1):
        outputs = np.flatnonzero(feature == task).astype(np.int32)
        rows.append((cotangent[:, outputs] @ kernel[:, outputs].T).ravel())
    return jnp.stack(rows)


def absolute_sum_of_linear_heads(
    cotangent: Float[Array, "M P"], kernel: Float[Array, "h P"], feature: Int[np.ndarray, " P"]
) -> Float[Array, "M h"]:
    """sum_d |G_d|, element by element, for the gradients G_d (M, h) of the tasks.

    All tasks with one output are treated by one product, because |delta w^T| = |delta| |w|^T. The gradients of the
    others are formed `SLICE` elements at a time.
    """
    tasks, sizes = np.unique(feature, return_counts=True)
    single = np.flatnonzero(np.isin(feature, tasks[sizes == 1])).astype(np.int32)
    several = [np.flatnonzero(feature == task).astype(np.int32) for task in tasks[sizes > 1]]

    def of_rows(piece: Float[Array, "m P"]) -> Float[Array, "m h"]:
        parts = [jnp.abs(piece[:, outputs] @ kernel[:, outputs].T) for outputs in several]
        if single.size:
            parts.append(jnp.abs(piece[:, single]) @ jnp.abs(kernel[:, single]).T)
        return functools.reduce(jnp.add, parts)

    rows, hidden = cotangent.shape[0], kernel.shape[0]
    size = int(np.clip(SLICE // (max(len(several), 1) * hidden), 1, rows))
    if size == rows:
        return of_rows(cotangent)
    pieces = -(-rows // size)
    more = ((0, pieces * size - rows), (0, 0))
    padded = jnp.pad(cotangent, more).reshape(pieces, size, -1)  # pyright: ignore[reportUnknownMemberType]
    summed = cast(Array, jax.lax.map(of_rows, padded))  # pyright: ignore[reportUnknownMemberType]
    return summed.reshape(-1, hidden)[:rows]


def combine_linear_heads(
    cotangent: Float[Array | np.ndarray, "M P"],
    kernel: Float[Array | np.ndarray, "h P"],
    feature: Int[np.ndarray, " P"],
    weights: Float[Array | np.ndarray, " D"],
) -> Float[Array, "M h"]:
    """sum_d w_d G_d by one product: the plain backward pass of the heads with the columns of ``cotangent`` scaled.

    See `gram_of_linear_heads` for the arguments; ``weights`` are those of the tasks, (D,).
    """
    cotangent, kernel, weights = jnp.asarray(cotangent), jnp.asarray(kernel), jnp.asarray(weights)
    return (cotangent * weights[np.asarray(feature, np.int32)]) @ kernel.T
