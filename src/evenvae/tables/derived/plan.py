"""The formulas of a schema, read, checked, and in an order in which they can be computed."""

import dataclasses
import functools
from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float

from evenvae.errors import InputError
from evenvae.tables.columns.level import codes
from evenvae.tables.formulas import Cells, Formula, check_names, evaluate, parse
from evenvae.tables.formulas.cells import WORDS
from evenvae.tables.formulas.comparing import time_of
from evenvae.tables.schema.column import Column

SAME = 1e-9
"""Relative difference of two values that count as the same."""


@dataclasses.dataclass(frozen=True)
class Derivation:
    """A column that is computed from others.

    Attributes:
        column: the column.
        formula: by which it is computed.
        sources: the columns that the formula names, by name.
    """

    column: Column
    formula: Formula
    sources: Mapping[str, Column]

    def computed(self, cells: Mapping[str, Cells], rows: int) -> Float[np.ndarray, " {rows}"]:
        """The encoded values of the column, from the cells of its sources; NaN where they cannot be computed."""
        return np.broadcast_to(encoded(evaluate(self.formula, cells), self.column), (rows,))


def plan(columns: Iterable[Column]) -> tuple[Derivation, ...]:
    """The columns of a schema that are computed, each after those that it is computed from.

    Raises:
        InputError: a formula has something that is not allowed, names a column that is not modelled, names its own
            column by a circle of formulas, or gives values of another kind than its column has.
    """
    known = {column.name: column for column in columns}
    derivations = {
        name: _derivation(column, known)
        for name, column in known.items()
        if column.formula and column.role == "feature"
    }
    for derivation in derivations.values():
        _check_kind(derivation)
    done: dict[str, Derivation] = {}
    while len(done) < len(derivations):
        ready = [
            name
            for name, derivation in derivations.items()
            if name not in done and all(source in done or source not in derivations for source in derivation.sources)
        ]
        if not ready:
            circle = ", ".join(repr(name) for name in derivations if name not in done)
            raise InputError(f"The formulas of the columns {circle} of the schema need each other; take one out with "
                             'formula = "".')  # fmt: skip
        done |= {name: derivations[name] for name in ready}
    return tuple(done.values())


@functools.lru_cache(maxsize=256)
def _read(text: str, what: str) -> Formula:
    return parse(text, what=what)


def _derivation(column: Column, known: Mapping[str, Column]) -> Derivation:
    formula = check_names(_read(str(column.formula), f"Column {column.name!r} of the schema: formula"), known)
    for name, at in formula.names:
        if name == column.name:
            raise formula.problem(at, "a column cannot be computed from itself.")
        if known[name].role not in ("feature", "constant") or known[name].is_image:
            raise formula.problem(at, f"the column {name!r} is not modelled, so nothing can be computed from it.")
    if column.is_image:
        raise formula.problem(0, "an image cannot be computed by a formula.")
    return Derivation(column, formula, {name: known[name] for name in formula.columns})


def _check_kind(derivation: Derivation) -> None:
    """Try the formula on the ends of its sources; what it gives must be of the kind of its column."""
    found = evaluate(derivation.formula, {name: _ends(column) for name, column in derivation.sources.items()})
    own = Cells.of_values(np.zeros(1), derivation.column).kind
    numbers = ("number", "flag")
    if derivation.column.discrete or found.kind == own or (found.kind in numbers and own in numbers):
        return
    if found.kind == "text" and own == "time":
        return
    raise derivation.formula.problem(0, f"it gives {WORDS[found.kind]}, but the column holds {WORDS[own]}.")


def _ends(column: Column) -> Cells:
    return cells_of(np.zeros(2) if column.role == "constant" else ends(column), column)


def ends(column: Column) -> Float[np.ndarray, " 2"]:
    """The lowest and the highest encoded value of a feature, to try formulas on."""
    bounds = (0, column.cardinality - 1) if column.discrete else (column.low or 0, column.high or 0)
    return np.array(bounds, float)


def cells_of(values: Float[np.ndarray, " rows"], column: Column) -> Cells:
    """Encoded values of a source as cells; a level that stands for many rare ones counts as missing."""
    if column.role == "constant":
        value = column.value
        one = Cells.of_constant(value if isinstance(value, str | bool) else float(value))
        return dataclasses.replace(one, values=np.broadcast_to(one.values, values.shape), constant=False)
    if column.pooled is not None:
        values = np.where(values == column.cardinality - 1, np.nan, values)
    return Cells.of_values(values, column)


def on_grid(values: Float[np.ndarray, " rows"], column: Column, bounded: bool = True) -> Float[np.ndarray, " rows"]:
    """Values of a feature as decoding would round them, and clip them where ``bounded``."""
    if column.discrete:
        return np.clip(np.round(values), 0, column.cardinality - 1)
    if not bounded:
        column = dataclasses.replace(column, low=None, high=None)
    return column.codec.settle(values, column)


def encoded(found: Cells, column: Column) -> Float[np.ndarray, " rows"]:
    """What a formula gives as encoded values of its column; NaN where it is no value of the column."""
    if column.discrete:
        if found.kind == "text":
            place, levels = found.values, list(found.texts)
        else:
            unique, inverse = np.unique(found.values, return_inverse=True)
            place = np.where(np.isnan(found.values), np.nan, inverse.reshape(-1))
            levels = [bool(value) if found.kind == "flag" else value for value in unique.tolist()]
        known, _ = codes(pd.Series(levels, dtype=object), np.ones(len(levels), bool), column)
        return np.append(known, np.nan)[np.where(np.isnan(place), len(levels), place).astype(int)]
    if found.kind == "text":
        seconds = np.array([*(time_of(text, None) for text in found.texts), np.nan])
        return on_grid(seconds[np.where(np.isnan(found.values), -1, found.values).astype(int)], column, bounded=False)
    return on_grid(found.values, column, bounded=False)


def same(found: Float[np.ndarray, "..."], own: Float[np.ndarray, "..."]) -> Bool[np.ndarray, "..."]:
    """Whether computed values are those of the cells; both are broadcast against each other."""
    return np.abs(found - own) <= SAME * np.maximum(1, np.abs(own))
