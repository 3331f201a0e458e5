"""How a question reaches the members of an ensemble: in slices of rows, on all cores, and averaged."""

import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jax
import numpy as np
from jaxtyping import Float

from evenvae import threefry
from evenvae.errors import InputError
from evenvae.fitted import kernels
from evenvae.fitted.model import FittedModel
from evenvae.io.watching import ASKING, tell
from evenvae.models import Layout
from evenvae.models.batch import Batch
from evenvae.models.heads import Statistic
from evenvae.models.space import Space
from evenvae.threefry import Raw

BUDGET = 2**22
"""Head outputs computed at once, which bounds memory whatever the number of samples and levels."""
MOST_ROWS, MOST_DRAWS = 1024, 8192
"""Rows, and draws of their latents, computed at once."""


def slice_rows(layout: Layout, samples: int = 1) -> int:
    """Rows asked for at once: a power of two that depends on the question alone.

    So every question is one program, whatever the number of rows, and a row by itself gets the very answer that it
    gets among others.
    """
    most = min(MOST_ROWS, MOST_DRAWS // samples, BUDGET // (samples * layout.width))
    return 1 << (max(1, most).bit_length() - 1)


def in_slices(function: Callable[..., Any], batch: Any, size: int, key: Raw | None = None) -> Any:
    """Call ``function`` on slices of ``size`` rows, the last one padded, and join the answers in the order of the rows.

    Slices are answered side by side by as many threads as the process may use. With a ``key`` the function also takes
    one that is split from it, another for each slice.
    """
    leaves = jax.tree.map(np.asarray, batch)
    rows = len(jax.tree.leaves(leaves)[0])
    slices = -(-rows // size)
    keys = () if key is None else threefry.split(key, slices)

    def answer(place: int) -> Any:
        start, stop = place * size, min((place + 1) * size, rows)
        padding = size - (stop - start)

        def part(array: np.ndarray) -> np.ndarray:
            own = array[start:stop]
            return np.concatenate([own, np.repeat(array[:1], padding, axis=0)]) if padding else own

        found = function(jax.tree.map(part, leaves), *keys[place : place + 1])
        return jax.tree.map(lambda a: np.asarray(a)[: stop - start], found)

    answers = []

    def keep(found: Any) -> None:
        answers.append(found)
        tell(ASKING, len(answers), slices)

    # the first slice alone, as it may compile; a bar of another question makes room for it
    tell(ASKING, 0, slices)
    keep(answer(0))
    rest = range(1, slices)
    if len(rest) > 1:
        with ThreadPoolExecutor(threads()) as pool:
            for found in pool.map(answer, rest):
                keep(found)
    else:
        for place in rest:
            keep(answer(place))
    return jax.tree.map(lambda *parts: np.concatenate(parts), *answers)


def cores() -> int:
    """CPU cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def threads() -> int:
    """Threads that answer: one for every core, or as many as NPROC grants to XLA."""
    granted = os.environ.get("NPROC", "")
    return min(cores(), int(granted)) if granted.isdigit() and int(granted) else cores()


def of_member(
    model: FittedModel,
    function: Callable,
    batch: Any,
    samples: int = 1,
    member: int = 0,
    key: Raw | None = None,
) -> Any:
    """The answer of ``function(network, encoder_state, batch, scales)`` from one member.

    ``samples`` are the draws that the function makes of every row. With a ``key`` its last argument is the slice's own;
    see `in_slices`. The batch is any pytree of arrays whose first axis is that of the rows.
    """
    network, state = jax.device_put((model.network(member), model.members[member].encoder_state))
    scales = model.space.device_scales
    size = slice_rows(model.space.layout, samples)
    return in_slices(lambda part, *own: function(network, state, part, scales, *own), batch, size, key)


def of_members(model: FittedModel, function: Callable, batch: Batch, samples: int = 1) -> list[Any]:
    """The answers of all members; see `of_member`."""
    return [of_member(model, function, batch, samples, member) for member in range(len(model.members))]


def statistic(space: Space, parameters: Float[np.ndarray, "N P"], name: Statistic) -> Float[np.ndarray, "N E"]:
    """A statistic of every cell as raw values, computed in float64; see `evenvae.models.heads.statistic`."""
    layout, scales = space.layout, space.precise_scales

    def ask(part: Float[np.ndarray, "rows P"]) -> Any:
        # the type of numbers belongs to the thread
        with jax.enable_x64(True):
            return kernels.statistic(layout, part.astype(np.float64), scales, name)

    return space.to_raw(in_slices(ask, parameters, slice_rows(layout)))


def known(model: FittedModel, values: Float[np.ndarray, "N E"]) -> Float[np.ndarray, "N E"]:
    """Raw values as a model has answered them. Infinite numbers may be among them: bounds hold these.

    Raises:
        InputError: the model has no answer for a column; the message names it.
    """
    lost = np.isnan(values).any(axis=0)
    if lost.any():
        feature = int(np.searchsorted(model.schema.first, lost.argmax(), side="right")) - 1
        raise InputError(
            f"The model answers column {model.schema.features[feature].name!r} with NaN: its training diverged, or its "
            "file was altered. Fit it again."
        )
    return values


def averaged(
    model: FittedModel, answers: list[list[np.ndarray]], without: Mapping[int, int] | None = None
) -> Float[np.ndarray, "N E"]:
    """Expectations of several members, averaged and decided, as raw values; ``without`` as in `kernels.decide`."""
    return model.space.to_raw(kernels.decide(model.space.layout, members_mean(answers), without))


def members_mean(answers: list[list[np.ndarray]]) -> list[np.ndarray]:
    """Expectations of several members, averaged block by block."""
    if len(answers) == 1:
        return answers[0]
    # the sum of numbers that float32 holds is one that float64 holds
    return [np.mean(part, axis=0, dtype=float) for part in zip(*answers, strict=True)]
