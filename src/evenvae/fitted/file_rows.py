"""The rows of a table that is larger than memory, read from its files whenever something is asked of them."""

import dataclasses
import hashlib
import logging
from collections.abc import Iterator
from typing import Any

import numpy as np
from jaxtyping import Float, Shaped

from evenvae.errors import InputError
from evenvae.fitted.rows import Cells, TableRows
from evenvae.io.watching import tell
from evenvae.models import Layout
from evenvae.models.batch import Batch
from evenvae.models.space import Space
from evenvae.models.totals import Totals
from evenvae.tables import Encoded, MissingnessModel, Schema, TableFiles, TaskCounts, encode
from evenvae.tables.codec import aligned
from evenvae.tables.missing_patterns import MissingPatterns
from evenvae.tables.missingness import MOST_ROWS
from evenvae.tables.schema.formulas import broken, without
from evenvae.tables.survey import Survey
from evenvae.tables.warned_once import WarnedOnce
from evenvae.training.disk import DataOnDisk
from evenvae.training.setup import on_disk

log = logging.getLogger(__name__)


class FileRows:
    """The rows of a table in files; see `Rows`.

    Moments, bounds, levels, tasks, missing cells and the fingerprint are those of all rows. Quantiles, marginals and
    everything that follows from them are those of a sample; see `Survey`. Where the sample is the whole table,
    everything is as it is in memory.
    """

    weight = None

    def __init__(self, files: TableFiles, found: Survey, schema: Schema):
        """Nothing is read yet.

        Args:
            files: the table.
            found: what is known of it.
            schema: of the table.
        """
        self.files, self.count, self.schema = files, found.rows, schema
        self._said = WarnedOnce()
        self.sample = TableRows(self._said.call(encode, found.sample, schema), schema)
        self.whole = found.whole
        self._totals: Totals | None = None
        self._wrong: frozenset[str] = frozenset()
        self._patterns = MissingPatterns(len(schema.features))
        self._tasks: TaskCounts | None = None
        self._digest = hashlib.sha256()
        self._tasks_digested = False
        if any(column.is_image for column in schema.features):
            raise InputError(f"{files.place} holds images, which are learned from in memory only.")

    @property
    def observed_share(self) -> Float[np.ndarray, " D"]:
        """The share of each feature's cells that are not missing."""
        return 1 - self._patterns.counts / self.count

    @property
    def fingerprint(self) -> str:
        """See `tables.fingerprint`."""
        return self._digest.hexdigest()

    def cells(self) -> Cells:
        """Those of the sample."""
        return self.sample.cells()

    def space(self, layout: Layout) -> Space:
        """Moments, bounds and the most frequent levels from all rows, everything else from the sample."""
        found = self.sample.space(layout)
        totals = self._read(found)
        if self.whole:
            return found
        self.schema = _widened(self.schema, self.sample.encoded, totals, self._wrong)
        return totals.constants()

    def data(self, space: Space) -> DataOnDisk:
        """In a temporary file."""
        self._read(space)
        return on_disk(space, self.count, self._batches(space), len(self.schema.tasks))

    def take(self, rows: Shaped[np.ndarray, " n"]) -> Encoded:
        """Some of the rows; all files are read for them, once."""
        rows = np.asarray(rows)
        order = np.argsort(rows, kind="stable")
        ordered, before, parts = rows[order], 0, []
        for piece in self._told(self.files.pieces(), "gathering rows"):
            first, last = np.searchsorted(ordered, (before, before + piece.num_rows))
            if last > first:
                chosen = piece.take(ordered[first:last] - before)
                parts.append(self._said.call(encode, chosen, self.schema))
            before += piece.num_rows
        back = np.empty(len(rows), np.int64)
        back[order] = np.arange(len(rows))
        return _joined(parts).take(back)

    def task_counts(self) -> TaskCounts:
        """How often each combination of tasks occurs."""
        assert self._tasks is not None
        return self._tasks.known()

    def missingness(self) -> MissingnessModel | None:
        """Shares from all rows, what they depend on from some of them."""
        if self.whole:
            return self.sample.missingness()
        if not self._patterns.counts.any():
            return MissingnessModel.of_patterns(self._patterns, self.sample.take(np.arange(2)), self.schema)
        chosen = np.random.default_rng(0).permutation(np.arange(self.count, dtype=np.int32))[:MOST_ROWS]
        return MissingnessModel.of_patterns(self._patterns, self.take(chosen), self.schema)

    def _read(self, space: Space) -> Totals:
        """Read all rows once, for what has to be known of all of them; ``space`` holds the constants of the sample."""
        if self._totals is not None:
            return self._totals
        totals = self._totals = Totals(space)
        for piece in self._told(self.files.pieces(), "moments"):
            encoded = self._said.call(encode, piece, self.schema)
            totals.add(encoded.values, encoded.observed)
            self._patterns.add(encoded.observed)
            counts = TaskCounts.counted(encoded.tasks)
            self._tasks = counts if self._tasks is None else self._tasks.and_also(counts)
            self._digest.update(np.ascontiguousarray(encoded.values).tobytes())
            if not self.whole and any(column.formula for column in self.schema.features):
                self._wrong |= broken(self.schema.columns, aligned(piece, self.schema))
        return totals

    def _batches(self, space: Space) -> Iterator[Batch]:
        for piece in self._told(self.files.pieces(), "packing"):
            encoded = self._said.call(encode, piece, self.schema)
            if not self._tasks_digested:
                self._digest.update(np.ascontiguousarray(encoded.tasks).tobytes())
            yield space.batch(encoded.values, encoded.observed, encoded.tasks)
        self._tasks_digested = True

    def _told(self, pieces: Iterator[Any], what: str) -> Iterator[Any]:
        done = 0
        for piece in pieces:
            yield piece
            done += piece.num_rows
            tell(f"reading: {what}", done, self.count)
        if done != self.count:
            raise InputError(f"{self.files.place} had {self.count} rows and now has {done}; its files were changed "
                             "while they were read.")  # fmt: skip


def _joined(parts: list[Encoded]) -> Encoded:
    return Encoded(
        *(np.concatenate([getattr(part, name) for part in parts]) for name in ("values", "observed", "tasks"))
    )


def _widened(schema: Schema, sample: Encoded, totals: Totals, wrong: frozenset[str]) -> Schema:
    """The schema with the bounds of all rows in place of those of the sample, without formulas that do not hold."""
    columns = []
    places = {column.name: place for place, column in enumerate(schema.features)}
    for column in schema.columns:
        place = places.get(column.name)
        if place is not None and not column.discrete:
            own = sample.values[sample.observed[:, place], place]
            for name, least, found in (("low", own.min, totals.low), ("high", own.max, totals.high)):
                bound = getattr(column, name)
                if len(own) and bound is not None and bound == least() and bound != found[place]:
                    column = dataclasses.replace(column, **{name: float(found[place])})
        columns.append(without(column) if column.name in wrong else column)
    return dataclasses.replace(schema, columns=tuple(columns))
