"""What one pass over a table's files tells: how many rows there are, and a sample that shows what every column is."""

import dataclasses
from collections.abc import Iterable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute
from jaxtyping import Bool, Int

from evenvae.io.watching import tell
from evenvae.tables.columns.identifiers import MANY_ROWS
from evenvae.tables.schema.column import Column
from evenvae.tables.schema.schema import Schema

pc: Any = pyarrow.compute

SAMPLE = 2**17
"""Rows of the sample. A quantile of the sample is one of the table up to 0.45 % of the rows, with a probability of 99 %
(Dvoretzky, Kiefer and Wolfowitz, 1956, with the constant of Massart, 1990)."""
MOST_LEVELS, MOST_NUMBERS = 10_000, 64
"""Different texts, and different numbers, of a column up to which the sample shows every value. More numbers are no
levels, and rare ones would be too frequent in the sample."""
TWICE = 2
"""Rows that show a value, so that values of a single row can be told from others."""


@dataclasses.dataclass(frozen=True, eq=False)
class Survey:
    """A table that is too large for memory, as far as its columns are concerned.

    Attributes:
        rows: how many there are.
        sample: a uniform sample of `SAMPLE` rows, and witnesses: rows that show the lowest and the highest value of a
            column, a missing cell, and each of its values where these are few enough. A smaller table is all sample.
        numbers: which rows these are, in order.
        counting: columns of whole numbers whose highest value lies as far above the lowest as there are cells.
    """

    rows: int
    sample: pa.Table
    numbers: Int[np.ndarray, " sample"]
    counting: frozenset[str]

    @property
    def whole(self) -> bool:
        """Whether the sample is the table."""
        return len(self.numbers) == self.rows

    def schema(self, given: Any, families: str) -> Schema:
        """The complete schema of the table, from the sample; arguments as those of `Schema.of`.

        Formulas are those that hold in the sample.

        Raises:
            InputError: what is given contradicts the sample.
        """
        found = Schema.of(given, self.sample, families)
        return dataclasses.replace(found, columns=tuple(map(self._counted, found.columns)))

    def _counted(self, column: Column) -> Column:
        """A column of numbers that count the rows, which a sample shows with gaps, as an identifier."""
        if self.whole or column.rule == "schema" or column.name not in self.counting:
            return column
        cells = self.sample.column(column.name)
        if column.role != "feature" or pc.count_distinct(cells).as_py() < len(cells) - cells.null_count:
            return column
        high = pc.max(cells).as_py()
        reason = "whole numbers, all distinct in a sample, that count the rows"
        return Column(column.name, "identifier", None, reason, "identifier", dtype=column.dtype, high=high)


def survey(pieces: Iterable[pa.Table], size: int | None = None) -> Survey:
    """Read all rows once.

    Args:
        pieces: the table, all pieces with the same columns.
        size: rows of the sample, `SAMPLE` if not given.

    Raises:
        InputError: whatever reading raises.
    """
    size = size or SAMPLE
    sample, witnesses, watched = _Kept(), _Kept(), None
    generator = np.random.Generator(np.random.Philox(0))
    keys, bound, rows = np.zeros(0), 1.0, 0
    for piece in pieces:
        watched = [_Watched(column) for column in piece.columns] if watched is None else watched
        own = generator.random(piece.num_rows)
        # the rows with the smallest of random numbers are a uniform sample, however many follow
        chosen = np.flatnonzero(own < bound)
        sample.add(piece, chosen, rows)
        keys = np.concatenate([keys, own[chosen]])
        if len(keys) > 2 * size:
            smallest = np.sort(np.argpartition(keys, size)[:size])
            keys = keys[smallest]
            sample.keep(smallest)
            bound = keys.max()
        for one, column in zip(watched, piece.columns, strict=True):
            one.see(column, rows)
        wanted = np.unique(np.concatenate([one.numbers for one in watched]))
        witnesses.add(piece, wanted[wanted >= rows] - rows, rows)
        if len(witnesses.numbers) > len(wanted) + size:
            witnesses.keep(np.flatnonzero(np.isin(witnesses.numbers, wanted)))
        rows += piece.num_rows
        tell("reading: columns", rows, None)
    assert watched is not None
    if len(keys) > size:
        sample.keep(np.sort(np.argpartition(keys, size)[:size]))
    if rows > size:
        table = sample.table
        shown = [one.needed(column, sample.numbers) for one, column in zip(watched, table.columns, strict=True)]
        wanted = np.unique(np.concatenate(shown))
        missing = np.isin(witnesses.numbers, wanted) & ~np.isin(witnesses.numbers, sample.numbers)
        witnesses.keep(np.flatnonzero(missing))
        sample.join(witnesses)
    counting = frozenset(
        name for name, one in zip(sample.table.column_names, watched, strict=True) if one.counts(MANY_ROWS)
    )
    return Survey(rows, sample.table, sample.numbers, counting)


class _Kept:
    """Some rows of the table with their numbers, in order."""

    def __init__(self) -> None:
        self.parts: list[pa.Table] = []
        self.numbers: Int[np.ndarray, " kept"] = np.zeros(0, np.int64)

    @property
    def table(self) -> pa.Table:
        # one dictionary for all rows, so that levels of different pieces have one order
        joined = pa.concat_tables(self.parts).unify_dictionaries().combine_chunks()
        self.parts = [joined]
        return joined

    def add(self, piece: pa.Table, places: Int[np.ndarray, " n"], before: int) -> None:
        """Keep some rows of a piece, ``before`` which there are so many rows."""
        if len(places) or not self.parts:
            self.parts.append(piece if len(places) == piece.num_rows else piece.take(pa.array(places)))
            self.numbers = np.concatenate([self.numbers, places + before])

    def keep(self, places: Int[np.ndarray, " n"]) -> None:
        """Keep some of the rows that were kept so far."""
        self.parts, self.numbers = [self.table.take(pa.array(places))], self.numbers[places]

    def join(self, other: "_Kept") -> None:
        """Keep the rows of another one as well."""
        numbers = np.concatenate([self.numbers, other.numbers])
        self.parts = [*self.parts, *other.parts]
        self.numbers = numbers
        self.keep(np.argsort(numbers, kind="stable"))


class _Watched:
    """One column while the table is read: the numbers of the rows that show what it holds."""

    def __init__(self, column: pa.ChunkedArray):
        kind = column.type
        self.is_whole, self.is_float = pa.types.is_integer(kind), pa.types.is_floating(kind)
        self.is_ordered = self.is_whole or self.is_float or pa.types.is_temporal(kind) or pa.types.is_decimal(kind)
        text = pa.types.is_string(kind) or pa.types.is_large_string(kind)
        levels = text or pa.types.is_dictionary(kind) or pa.types.is_boolean(kind)
        self.most = MOST_LEVELS if levels else MOST_NUMBERS if self.is_whole or self.is_float else 0
        self.levels: dict[Any, list[int]] | None = {} if self.most else None
        self.ends: dict[str, tuple[Any, int]] = {}
        self.empty: int | None = None
        self.observed = 0

    @property
    def numbers(self) -> Int[np.ndarray, " witnesses"]:
        """The rows that are witnesses."""
        return self._with_ends(row for rows in (self.levels or {}).values() for row in rows)

    def needed(self, sample: pa.ChunkedArray, numbers: Int[np.ndarray, " sample"]) -> Int[np.ndarray, " witnesses"]:
        """The witnesses that are needed beside a sample of the column, which holds the rows with these numbers."""
        if not self.levels:
            return self._with_ends(())
        counts = dict(zip(*(column.to_pylist() for column in pc.value_counts(sample).flatten()), strict=True))
        kept, known = [], set(numbers.tolist())
        for value, rows in self.levels.items():
            others = [row for row in rows if row not in known]
            kept += others[: max(0, TWICE - counts.get(value, 0))]
        return self._with_ends(kept)

    def _with_ends(self, rows: Iterable[int]) -> Int[np.ndarray, " witnesses"]:
        ends = [row for _, row in self.ends.values()]
        return np.array([*rows, *ends, *(() if self.empty is None else (self.empty,))], np.int64)

    def counts(self, least: int) -> bool:
        """Whether the numbers may count the rows, of which there are at least so many."""
        if not self.is_whole or self.observed < least:
            return False
        return self.ends["max"][0] - self.ends["min"][0] + 1 == self.observed

    def see(self, column: pa.ChunkedArray, before: int) -> None:
        """Look at the cells of a piece, ``before`` which there are so many rows."""
        array = column.combine_chunks()
        array = pa.concat_arrays(array.chunks) if isinstance(array, pa.ChunkedArray) else array
        known = pc.is_valid(array).to_numpy(zero_copy_only=False)
        if self.is_float:
            known &= ~np.isnan(array.to_numpy(zero_copy_only=False).astype(float))
        self.observed += int(known.sum())
        if self.empty is None and not known.all():
            self.empty = before + int(known.argmin())
        if not known.any():
            return
        if self.is_ordered:
            self._see_ends(array, known, before)
        if self.levels is not None:
            self._see_levels(array, known, before)

    def _see_ends(self, array: pa.Array, known: Bool[np.ndarray, " rows"], before: int) -> None:
        cells = array if known.all() else array.filter(pa.array(known))
        for name, value in pc.min_max(cells).as_py().items():
            old = self.ends.get(name)
            if old is None or (value < old[0] if name == "min" else value > old[0]):
                self.ends[name] = (value, before + pc.index(array, pa.scalar(value, array.type)).as_py())

    def _see_levels(self, array: pa.Array, known: Bool[np.ndarray, " rows"], before: int) -> None:
        assert self.levels is not None
        coded = array if pa.types.is_dictionary(array.type) else array.dictionary_encode()
        if len(coded.dictionary) > self.most:
            self.levels = None
            return
        codes = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
        codes = np.where(known, codes, -1)
        counts = np.bincount(codes[codes >= 0], minlength=len(coded.dictionary))
        lacking = {
            code: value
            for code, value in enumerate(coded.dictionary.to_pylist())
            if counts[code] and len(self.levels.get(value, ())) < TWICE
        }
        if not lacking:
            return
        order = np.argsort(codes, kind="stable")
        ordered = codes[order]
        for code, value in lacking.items():
            rows = self.levels.setdefault(value, [])
            first = int(np.searchsorted(ordered, code))
            rows += (order[first : first + min(TWICE - len(rows), int(counts[code]))] + before).tolist()
        if len(self.levels) > self.most:
            self.levels = None
