"""How a question reaches the members of an ensemble: in slices of rows, and averaged."""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import numpy as np
from jaxtyping import Float

from evenvae.fitted import kernels
from evenvae.fitted.model import FittedModel
from evenvae.models import Layout
from evenvae.models.batch import Batch

BUDGET = 2**22
"""Head outputs computed at once, which bounds memory whatever the number of samples and levels."""
LEAST_ROWS = 32
"""Rows computed at once where fewer are asked for."""


def slice_rows(layout: Layout, samples: int, rows: int) -> int:
    """Rows asked for at once: a power of two, so that few programs are compiled.

    Up to `LEAST_ROWS` rows share one program, so that a row by itself gets the very answer that it gets among others.
    """
    most = max(1, min(1024, BUDGET // max(1, samples * layout.width)))
    return min(most, max(LEAST_ROWS, 1 << max(0, rows - 1).bit_length()))


def in_slices(function: Callable[[Batch], Any], batch: Batch, size: int) -> Any:
    """Call ``function`` on slices of ``size`` rows, the last one padded, and join the answers."""
    rows = len(batch.mask)
    answers = []
    for start in range(0, rows, size):
        stop = min(start + size, rows)
        padding = size - (stop - start)
        pad = lambda a, a0=start, a1=stop, n=padding: np.concatenate([a[a0:a1], np.repeat(a[:1], n, axis=0)])
        answer = function(jax.tree.map(lambda a, pad=pad: pad(np.asarray(a)), batch))
        answers.append(jax.tree.map(lambda a, n=stop - start: np.asarray(a)[:n], answer))
    return jax.tree.map(lambda *parts: np.concatenate(parts), *answers)


def of_member(model: FittedModel, function: Callable, batch: Batch, samples: int = 1, member: int = 0) -> Any:
    """The answer of ``function(network, encoder_state, batch, scales)`` from one member.

    ``samples`` are the draws that the function makes of every row.
    """
    network, state = model.members[member]
    scales = model.space.device_scales
    size = slice_rows(model.space.layout, samples, len(batch.mask))
    return in_slices(lambda part: function(network, state, part, scales), batch, size)


def of_members(model: FittedModel, function: Callable, batch: Batch, samples: int = 1) -> list[Any]:
    """The answers of all members; see `of_member`."""
    return [of_member(model, function, batch, samples, member) for member in range(len(model.members))]


def averaged(
    model: FittedModel, answers: list[list[np.ndarray]], without: Mapping[int, int] | None = None
) -> Float[np.ndarray, "N E"]:
    """Expectations of several members, averaged and decided, as raw values; ``without`` as in `kernels.decide`."""
    return model.space.to_raw(kernels.decide(model.space.layout, members_mean(answers), without))


def members_mean(answers: list[list[np.ndarray]]) -> list[np.ndarray]:
    """Expectations of several members, averaged block by block."""
    return [np.mean(part, axis=0) for part in zip(*answers, strict=True)]
