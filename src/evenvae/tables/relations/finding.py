"""The formulas of all columns of a table."""

import dataclasses
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from evenvae.io.watching import told
from evenvae.tables.derived.plan import cells_of, encoded, same
from evenvae.tables.formulas import Cells, evaluate, parse
from evenvae.tables.relations import affine, bins, date_parts, digits, equal, lookups, sums
from evenvae.tables.relations.sample import Sample
from evenvae.tables.relations.seen import FEWEST_ROWS, Seen, seen_columns
from evenvae.tables.schema.column import Column


class Kind(NamedTuple):
    """A kind of relations between two columns.

    ``find`` gives the formula of the first column from the second one, or None; ``possible`` gives the columns for
    which that is worth asking, from a few rows of all columns.
    """

    find: Callable[[Seen, Seen], str | None]
    possible: Callable[[Sample, int], np.ndarray]


BEFORE_SUMS = (Kind(equal.find, equal.possible), Kind(affine.find_exact, affine.possible_exact))
AFTER_SUMS = (
    Kind(digits.find, digits.possible),
    Kind(affine.find_rounded, affine.possible_rounded),
    Kind(date_parts.find, date_parts.possible),
    Kind(bins.find, bins.possible),
    Kind(lookups.find, lookups.possible),
)
"""The kinds of relations in the order in which they are asked."""


def find_formulas(columns: Iterable[Column], frame: pd.DataFrame) -> dict[str, str]:
    """The columns that are functions of others, and their formulas.

    Where two columns are functions of each other, the one with more missing cells, or else the later one, is computed
    from the other one. No formulas form a circle.

    Args:
        columns: of a complete schema. Columns with a formula, or with an empty one, get none.
        frame: the table.
    """
    features = [column for column in columns if column.role == "feature" and not column.is_image]
    if len(frame) < FEWEST_ROWS or len(features) < 2:
        return {}
    seen = seen_columns(features, _cells(features, frame))
    search = _Search(seen, {column.name: column.formula for column in features})
    # numbers that overflow agree with nothing
    with np.errstate(all="ignore"):
        before = [lambda kind=kind: search.pairs(kind) for kind in BEFORE_SUMS]
        after = [lambda kind=kind: search.pairs(kind) for kind in AFTER_SUMS]
        for look in told([*before, search.sums, *after], "looking for relations"):
            look()
    return search.found


def _cells(features: list[Column], frame: pd.DataFrame) -> list[Cells]:
    with warnings.catch_warnings(action="ignore"):
        # what is strange in the cells was said when their columns were described
        return [cells_of(column.encode(frame[column.name]), column) for column in features]


class _Search:
    """What was found so far.

    Attributes:
        found: formulas by column.
    """

    def __init__(self, seen: list[Seen], given: Mapping[str, str | None]):
        self.seen = seen
        self.sample = Sample.of(seen)
        self.found: dict[str, str] = {}
        self.closed = {name for name, formula in given.items() if formula is not None}
        self.sources = {name: set(parse(formula).columns) for name, formula in given.items() if formula}

    def pairs(self, kind: Kind) -> None:
        """Look for relations of one kind between two columns: later columns from earlier ones, then the others."""
        possible = {target.rank: kind.possible(self.sample, target.rank) for target in self.targets()}
        for earlier in (True, False):
            for target in self.targets():
                chosen = [self.seen[place] for place in np.flatnonzero(possible[target.rank])]
                for source in self.ordered(target, chosen):
                    if (source.rank < target.rank) == earlier and self.accept(target, kind.find(target, source)):
                        break

    def sums(self) -> None:
        """Look for sums of columns; a total is found before its parts are found as differences."""
        totals = sorted(self.targets(), key=lambda one: -float(np.nansum(np.abs(one.values))) if one.is_number else 0)
        for target in totals:
            sources = [one for one in self.ordered(target, self.seen) if one.column.name not in self.found]
            self.accept(target, sums.find(target, sources))
        for target, formula in sorted(
            sums.find_many(self.targets()), key=lambda one: (one[1].count(" - "), -one[0].rank)
        ):
            if not any(self.needs(name, target.column.name) for name in parse(formula).columns):
                self.accept(target, formula)

    def targets(self) -> list[Seen]:
        """The columns without a formula."""
        return [one for one in self.seen if one.column.name not in self.closed and one.column.name not in self.found]

    def ordered(self, target: Seen, chosen: Sequence[Seen]) -> list[Seen]:
        """Those of some columns that a column may be computed from: first those not computed, with few values."""
        name = target.column.name
        allowed = [one for one in chosen if one is not target and not self.needs(one.column.name, name)]
        return sorted(allowed, key=lambda one: (one.column.name in self.found, one.column.cardinality, one.rank))

    def needs(self, name: str, other: str) -> bool:
        """Whether a column is computed from another one, at first or at second hand."""
        return any(source == other or self.needs(source, other) for source in self.sources.get(name, ()))

    def accept(self, target: Seen, formula: str | None) -> bool:
        """Keep a formula if it gives every observed cell of its column."""
        if not formula or not self.holds(target, formula):
            return False
        self.found[target.column.name] = formula
        self.sources[target.column.name] = set(parse(formula).columns)
        return True

    def holds(self, target: Seen, formula: str) -> bool:
        """Whether a formula, as it will be used, gives every cell of a column where it gives one."""
        read = parse(formula)
        cells = {one.column.name: one.cells for one in self.seen if one.column.name in read.columns}
        given = encoded(evaluate(read, cells), target.column)
        own = encoded(dataclasses.replace(target.cells, zone=None), target.column)
        return bool((same(given, own) | np.isnan(given) | np.isnan(own)).all())
