"""Drawn rows of which those are kept that look like rows of the table, by an estimated ratio of two densities."""

import dataclasses
from collections.abc import Mapping

import numpy as np
from jaxtyping import Float, Int

from evenvae.errors import InputError
from evenvae.fitted.as_read import as_read, numbers_of
from evenvae.fitted.trees import NAMES, Trees
from evenvae.tables import Schema

PREFIX = "polish."
"""Before the names of the tensors of a saved model."""


@dataclasses.dataclass(frozen=True, eq=False)
class Polish:
    r"""How drawn rows are chosen from.

    Trees that tell rows of the table from drawn ones with log-odds f(x) estimate the ratio of the two densities, as
    $\log p(x) / q(x) = f(x)$ where both are equally many (Sugiyama, Suzuki and Kanamori, 2012). Rows that are drawn
    from q and kept in proportion to it follow p. Here ``times`` as many rows as are wanted are drawn, and kept without
    replacement, so that no row appears twice.

    Attributes:
        times: drawn rows for every row that is kept, above 1.
        trees: their sum is f, as far as held-out rows confirm it.
    """

    times: float
    trees: Trees

    def kept(
        self,
        values: Float[np.ndarray, "N E"],
        tasks: Int[np.ndarray, "N T"],
        schema: Schema,
        generator: np.random.Generator,
    ) -> Int[np.ndarray, " kept"]:
        """Which of some drawn rows are kept, in their order; in the mean one in ``times``."""
        count = int(len(values) / self.times + generator.random())
        if not len(values):
            return np.zeros(0, int)
        odds = self.trees.sums(numbers_of(as_read(values, tasks, schema), schema))[:, 0]
        # the largest sums with Gumbel noise are draws without replacement in proportion to exp(odds)
        chosen = np.argsort(-(odds + generator.gumbel(size=len(odds))), kind="stable")[:count]
        return np.sort(chosen)


def to_tensors(polish: Polish | None) -> dict[str, np.ndarray]:
    """What a saved model holds of it."""
    if polish is None:
        return {}
    kept = {name: getattr(polish.trees, name) for name in NAMES}
    return {f"{PREFIX}{name}": part for name, part in kept.items()} | {f"{PREFIX}times": np.array([polish.times])}


def from_tensors(tensors: Mapping[str, np.ndarray], features: int) -> Polish | None:
    """What `to_tensors` described; None where there was nothing.

    Args:
        tensors: of the saved model.
        features: numbers that trees may ask for: a row's features and tasks.

    Raises:
        InputError: they are no trees of so many features.
    """
    if f"{PREFIX}times" not in tensors:
        return None
    (times,) = (float(number) for number in tensors[f"{PREFIX}times"])
    trees = Trees.of_arrays({name: tensors[f"{PREFIX}{name}"] for name in NAMES}, 1)
    trees.check(features)
    if not 1 < times < np.inf:
        raise InputError(f"The file of the model says that {times} rows are drawn for a row: save the model again.")
    return Polish(times, trees)
