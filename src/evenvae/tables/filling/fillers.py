"""What the missing cells of each column are filled with, and which cells cannot be filled."""

import warnings
from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float

from evenvae.errors import TableWarning
from evenvae.tables.codec import feature_values
from evenvae.tables.columns.missing_cells import observed_cells
from evenvae.tables.schema.column import Column
from evenvae.tables.schema.schema import Schema

REASONS = {
    "identifier": "it names the rows",
    "ignored": "it is not learned",
    "task": "tasks are given, not modelled",
}
"""Why the missing cells of a column that is no feature stay missing, by its role."""


class Filler(NamedTuple):
    """What one column is filled with.

    Attributes:
        column: what is known of the column.
        place: its place among the columns of the table.
        missing: the rows to fill.
        values: the new cells as numbers, settled; empty where the column is constant.
        cells: the new cells of these rows, in their order.
        observed: the cells of the column that are not missing.
    """

    column: Column
    place: int
    missing: Bool[np.ndarray, " N"]
    values: Float[np.ndarray, "n *size"]
    cells: pd.Series
    observed: pd.Series

    @property
    def typed(self) -> pd.Series:
        """The new cells in the type that the column had in the training table."""
        return self.column.codec.typed(self.cells, self.column)


def find_fillers(
    frame: pd.DataFrame,
    values: Float[np.ndarray, "N E"],
    schema: Schema,
    where: Bool[np.ndarray, "N D"] | None = None,
) -> dict[str, Filler]:
    """The columns to fill, by name. Constant columns are filled with their constant.

    Missing cells that stay missing are reported once, as a `TableWarning` that says why.

    Args:
        frame: the table, as `aligned` gives it.
        values: of the features; NaN leaves a cell as it is.
        schema: of the training table.
        where: the feature cells to fill in place of the missing ones.
    """
    fillers, left = {}, {}
    for position, (column, cells) in enumerate(feature_values(values, schema)):
        own = frame[column.name]
        seen = observed_cells(own, column.missing)
        missing = ~seen if where is None else where[:, position]
        known = ~np.isnan(cells.reshape(len(cells), -1)[:, 0])
        if where is None and (missing & ~known).any():
            left[column.name] = "the values for them are NaN"
        rows = missing & known
        if rows.any():
            new = cells[rows] if column.shape else column.codec.settle(cells[rows], column)
            fillers[column.name] = _filler(column, frame, rows, new, column.decode(new), seen)
    for column in () if where is not None else schema.columns:
        if column.role == "feature" or column.name not in frame.columns:
            continue
        seen = observed_cells(frame[column.name], column.missing)
        rows = ~seen
        if not rows.any():
            continue
        if column.role == "constant":
            cells = column.codec.constant(column, int(rows.sum()))
            fillers[column.name] = _filler(column, frame, rows, np.zeros(0), cells, seen)
        else:
            left[column.name] = column.reason if column.role == "ignored" and column.reason else REASONS[column.role]
    if left:
        said = ", ".join(f"{name!r} ({reason})" for name, reason in left.items())
        warnings.warn(f"Missing cells stay missing in {said}.", TableWarning, stacklevel=4)
    return fillers


def _filler(
    column: Column,
    frame: pd.DataFrame,
    rows: Bool[np.ndarray, " N"],
    values: np.ndarray,
    cells: pd.Series,
    seen: Bool[np.ndarray, " N"],
) -> Filler:
    place = int(frame.columns.get_loc(column.name))  # type: ignore[arg-type]
    return Filler(column, place, rows, values, cells, frame[column.name][seen & ~rows])
