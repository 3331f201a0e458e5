"""Computed columns in drawn rows and in filled cells."""

import dataclasses
import warnings
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float

from evenvae.tables.codec import decode
from evenvae.tables.derived.plan import on_grid, plan, same
from evenvae.tables.derived.pulling import pull
from evenvae.tables.derived.work import Work
from evenvae.tables.schema.schema import Schema


def derive(
    values: Float[np.ndarray, "N E"], schema: Schema, known: Bool[np.ndarray, "N D"] | None = None
) -> tuple[Float[np.ndarray, "N E"], Bool[np.ndarray, " N"]]:
    """Compute the columns that have a formula.

    A known cell never changes. An unknown source is first chosen so that it agrees with the known columns that are
    computed from it, where that can be done (see `pulling`). A cell that cannot be computed, because a source is
    missing or has a level that the formula does not know, keeps its value within the bounds of the column.

    Args:
        values: feature values as in `Encoded`; NaN where a cell is missing, which stays missing.
        schema: a complete one.
        known: the cells that are given; None for none.

    Returns:
        The values; and the rows in which a known cell differs from what its formula gives.
    """
    derivations = plan(schema.columns)
    contradicted = np.zeros(len(values), bool)
    if not derivations:
        return values, contradicted
    work = Work(values, schema, known)
    if known is not None:
        pull(work, derivations)
    for derivation in derivations:
        place = work.place[derivation.column.name]
        own, given = work.values[:, place], work.known(derivation.column.name)
        found = work.computed(derivation)
        contradicted |= given & ~np.isnan(found) & ~same(found, own)
        kept = np.where(np.isnan(found), on_grid(own, derivation.column), found)
        work.values[:, place] = np.where(given | np.isnan(own), own, kept)
    return work.values, contradicted


def without_bounds(schema: Schema) -> Schema:
    """The schema for decoding derived values: a computed column has no bounds, for what its formula gives counts."""
    computed = {derivation.column.name for derivation in plan(schema.columns)}
    if not computed:
        return schema
    columns = (
        dataclasses.replace(column, low=None, high=None) if column.name in computed else column
        for column in schema.columns
    )
    return dataclasses.replace(schema, columns=tuple(columns))


def decode_derived(values: Float[np.ndarray, "N E"], schema: Schema, **options: Any) -> Any:
    """A table of numbers in which columns with a formula are computed; see `codec.decode` for the options."""
    return decode(derive(values, schema)[0], without_bounds(schema), **options)


def derive_filled(
    values: Float[np.ndarray, "N E"], frame: pd.DataFrame, schema: Schema, where: Bool[np.ndarray, "N D"] | None
) -> tuple[Float[np.ndarray, "N E"], Schema]:
    """Values for the missing cells of a table, with those of computed columns computed.

    Args:
        values: for all feature cells, as `Encoded.values`.
        frame: the table, with the columns of the schema.
        schema: of the table.
        where: the cells to fill; None for the missing ones.

    Returns:
        The values; and the schema to decode them with.
    """
    derivations = plan(schema.columns)
    if not derivations:
        return values, schema
    involved = {name for one in derivations for name in (one.column.name, *one.sources)}
    completed = values.copy()
    known = np.zeros((len(values), len(schema.features)), bool)
    for feature, (column, place) in enumerate(zip(schema.features, schema.first, strict=True)):
        if column.name in involved:
            with warnings.catch_warnings(action="ignore"):
                # whoever encoded the table has said what is strange in it
                given = column.encode(frame[column.name])
            known[:, feature] = ~np.isnan(given) if where is None else ~np.isnan(given) & ~where[:, feature]
            completed[:, place] = np.where(known[:, feature], given, values[:, place])
    derived, _ = derive(completed, schema, known)
    return derived, without_bounds(schema)
