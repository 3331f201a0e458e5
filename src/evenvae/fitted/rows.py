"""The rows that a fit learns from: what it asks of them, whether they are in memory or in files."""

import dataclasses
import functools
from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float, Shaped

from evenvae import tables
from evenvae.models import Layout
from evenvae.models.space import Space
from evenvae.tables import Encoded, MissingnessModel, Schema, TaskCounts
from evenvae.training.disk import DataOnDisk
from evenvae.training.runs import Data
from evenvae.training.setup import constants, in_memory

Cells = tuple[Float[np.ndarray, "M E"], Bool[np.ndarray, "M D"]]
"""Values, and which of them are observed."""


@runtime_checkable
class Some(Protocol):
    """Rows of which some can be taken."""

    @property
    def count(self) -> int:
        """How many there are."""
        ...

    @property
    def observed_share(self) -> Float[np.ndarray, " D"]:
        """The share of each feature's cells that are not missing."""
        ...

    def take(self, rows: Shaped[np.ndarray, " n"]) -> Encoded:
        """Some of the rows, by their numbers, in this order."""
        ...


@runtime_checkable
class Rows(Some, Protocol):
    """The rows that a fit learns from."""

    @property
    def schema(self) -> Schema:
        """Of the table."""
        ...

    @property
    def whole(self) -> bool:
        """Whether the constants of the columns follow from all rows, not from a sample."""
        ...

    @property
    def weight(self) -> Float[np.ndarray, " N"] | None:
        """Of the rows; None where all weigh the same."""
        ...

    @property
    def fingerprint(self) -> str:
        """See `tables.fingerprint`."""
        ...

    def cells(self) -> Cells:
        """The cells that marginals are learned from."""
        ...

    def space(self, layout: Layout) -> Space:
        """The constants of the columns."""
        ...

    def data(self, space: Space) -> Data | DataOnDisk:
        """All rows in model space."""
        ...

    def task_counts(self) -> TaskCounts:
        """How often each combination of tasks occurs."""
        ...

    def missingness(self) -> MissingnessModel | None:
        """Which cells are missing; None where nothing is learned of it."""
        ...


def chosen_rows(
    rows: Some, weight: Float[np.ndarray, " N"] | None, most: int, generator: np.random.Generator
) -> Shaped[np.ndarray, " n"]:
    """Numbers of at most ``most`` rows by chance: each once, or as often as they weigh."""
    share = None if weight is None else weight / weight.sum()
    return generator.choice(rows.count, min(rows.count, most), replace=share is not None, p=share)


@dataclasses.dataclass(frozen=True, eq=False)
class TableRows:
    """The rows of a table in memory; see `Rows`."""

    encoded: Encoded
    schema: Schema
    weight: Float[np.ndarray, " N"] | None = None
    whole: bool = True

    @property
    def count(self) -> int:
        """How many there are."""
        return self.encoded.count

    @property
    def observed_share(self) -> Float[np.ndarray, " D"]:
        """The share of each feature's cells that are not missing."""
        return self.encoded.observed_share

    def take(self, rows: Any) -> Encoded:
        """Some of the rows."""
        return self.encoded.take(rows)

    @property
    def fingerprint(self) -> str:
        """See `tables.fingerprint`."""
        return self._fingerprint

    @functools.cached_property
    def _fingerprint(self) -> str:
        return tables.fingerprint(self.encoded)

    def cells(self) -> Cells:
        """Rows appear as often as they weigh."""
        return constants(self.encoded.values, self.encoded.observed, self.weight)

    def space(self, layout: Layout) -> Space:
        """From all rows."""
        return Space.fit(layout.likelihoods, *self.cells())

    def data(self, space: Space) -> Data:
        """On the device."""
        return in_memory(space, space.batch(self.encoded.values, self.encoded.observed, self.encoded.tasks))

    def task_counts(self) -> TaskCounts:
        """As the rows weigh."""
        return TaskCounts.of(self.encoded.tasks, self.weight)

    def missingness(self) -> MissingnessModel | None:
        """From all rows, as they weigh."""
        return MissingnessModel.of(self.encoded, self.schema, self.weight)
