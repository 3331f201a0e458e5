"""A column as the search for relations sees it, and how much chance can explain."""

import dataclasses
import functools
from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int

from evenvae.tables.formulas import Cells, spelled_name
from evenvae.tables.schema.column import Column

FEWEST_ROWS = 100
"""A relation is looked for where at least so many rows hold both columns."""
LEAST_SHARE = 0.5
"""At least so many of the cells of a computed column must be in rows that hold its sources too."""
ENOUGH = 40.0
"""Nats of surprise from which chance is no explanation: independent columns would agree so with probability e^-40."""
SAMPLE = 256
"""Most relations are ruled out by so many rows."""


@dataclasses.dataclass(frozen=True, eq=False)
class Seen:
    """A feature of a table.

    Attributes:
        column: what is known of it.
        cells: its cells; those in a pooled level count as missing.
        rank: its place among the columns that others may be computed from: fewer missing cells first, then earlier
            columns.
        observed: which cells are observed. Columns that are missing in the same rows share the array.
        shared: what is known of pairs of these arrays, for all columns of a table.
        memory: what a relation keeps of the column between its questions.
    """

    column: Column
    cells: Cells
    rank: int
    observed: Bool[np.ndarray, " rows"]
    shared: dict[Any, Any]
    memory: dict[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def values(self) -> Float[np.ndarray, " rows"]:
        """Numbers, seconds or places among the texts; NaN where missing."""
        return self.cells.values

    @property
    def name(self) -> str:
        """The name as formulas spell it."""
        return spelled_name(self.column.name)

    @property
    def is_number(self) -> bool:
        """Whether the cells are numbers."""
        return self.cells.kind in ("number", "flag")

    @functools.cached_property
    def _unique(self) -> tuple[Float[np.ndarray, " distinct"], Int[np.ndarray, " seen"], Int[np.ndarray, " distinct"]]:
        return np.unique(self.values[self.observed], return_inverse=True, return_counts=True)

    @property
    def distinct(self) -> Float[np.ndarray, " distinct"]:
        """The distinct values, sorted."""
        return self._unique[0]

    @functools.cached_property
    def codes(self) -> Int[np.ndarray, " rows"]:
        """The place of each cell among the distinct values; -1 where missing."""
        codes = np.full(len(self.values), -1)
        codes[self.observed] = self._unique[1].reshape(-1)
        return codes

    @functools.cached_property
    def surprise(self) -> Float[np.ndarray, " rows"]:
        """-log of the share of each cell's value among the observed cells, in nats; 0 where missing."""
        counts = self._unique[2]
        return np.append(-np.log(counts / counts.sum()), 0.0)[self.codes]

    @functools.cached_property
    def commonest(self) -> int:
        """The code of the most frequent value."""
        return int(self._unique[2].argmax())

    @functools.cached_property
    def whole(self) -> bool:
        """Whether the cells are whole numbers."""
        return self.is_number and bool((self.distinct == np.round(self.distinct)).all())

    @functools.cached_property
    def half(self) -> float:
        """Half of the last decimal, or next to nothing where the column needs more decimals than are counted."""
        if self.column.discrete or self.column.decimals is None:
            return 1e-9 * max(1.0, float(np.abs(self.distinct).max(initial=0.0)))
        return 0.5 * 10.0**-self.column.decimals


@dataclasses.dataclass(frozen=True, eq=False)
class Rows:
    """The rows in which several columns are observed.

    Attributes:
        all: their places.
        few: up to `SAMPLE` of them, spread over all.
    """

    all: Int[np.ndarray, " rows"]
    few: Int[np.ndarray, " some"]


def seen_columns(columns: Sequence[Column], cells: Sequence[Cells]) -> list[Seen]:
    """The features of a table, those first that others are computed from first."""
    arrays: dict[bytes, np.ndarray] = {}
    observed = []
    for one in cells:
        mask = ~np.isnan(one.values)
        observed.append(arrays.setdefault(np.packbits(mask).tobytes(), mask))
    order = sorted(range(len(columns)), key=lambda i: (-int(observed[i].sum()), i))
    shared: dict[Any, Any] = {}
    return [Seen(columns[i], cells[i], rank, observed[i], shared) for rank, i in enumerate(order)]


def both(target: Seen, *sources: Seen) -> Rows | None:
    """The rows that hold all of the columns; None where there are too few."""
    key = (id(target.observed), *(id(source.observed) for source in sources))
    if key not in target.shared:
        places = np.flatnonzero(np.logical_and.reduce([one.observed for one in (target, *sources)]))
        enough = len(places) >= max(FEWEST_ROWS, LEAST_SHARE * target.observed.sum())
        target.shared[key] = Rows(places, spread(places, SAMPLE)) if enough else None
    return target.shared[key]


def spread(places: Int[np.ndarray, " rows"], most: int) -> Int[np.ndarray, " some"]:
    """Up to ``most`` of some places, spread over all of them."""
    return places[np.linspace(0, len(places) - 1, min(len(places), most)).astype(int)]


def beyond_chance(target: Seen, rows: Rows) -> bool:
    """Whether it cannot be chance that a relation gives the cells of a column right in these rows."""
    return float(target.surprise[rows.all].sum()) > ENOUGH
