"""Drawn rows as whoever gets them reads them, so that they are compared with rows of a table on equal terms."""

import dataclasses

import numpy as np
from jaxtyping import Float, Int

from evenvae import tables
from evenvae.tables import Encoded, Schema
from evenvae.tables.derived.computing import without_bounds


def as_read(values: Float[np.ndarray, "N E"], tasks: Int[np.ndarray, "N T"], schema: Schema) -> Encoded:
    """Raw values that were drawn, after they were written to a table and read again: rounded, bounded and on grids."""
    plain = dataclasses.replace(without_bounds(schema), library="pandas")
    return tables.encode(tables.decode(values, plain, tasks=tasks), schema)


def numbers_of(rows: Encoded, schema: Schema) -> Float[np.ndarray, "N columns"]:
    """The features rounded to the decimals of their columns, and then the codes of the tasks; NaN where missing."""
    values = rounded(rows.values, schema)
    return np.concatenate([values, np.where(rows.tasks < 0, np.nan, rows.tasks)], axis=1)


def rounded(values: Float[np.ndarray, "N D"], schema: Schema) -> Float[np.ndarray, "N D"]:
    """Values with the decimals of their columns, in float64, so that equal cells are equal numbers."""
    values = np.array(values, float)
    for place, column in enumerate(schema.features):
        if column.decimals is not None:
            values[:, place] = np.round(values[:, place], column.decimals)
    return values
