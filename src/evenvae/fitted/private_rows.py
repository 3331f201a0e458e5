"""Rows of a private fit: all constants follow from the schema, and nothing else that a model keeps from the rows."""

import dataclasses
from typing import Any

import numpy as np
from jaxtyping import Float

from evenvae.errors import InputError
from evenvae.fitted.rows import Cells, TableRows
from evenvae.likelihoods import family
from evenvae.models import Layout
from evenvae.models.space import Space
from evenvae.tables import Column, Schema

GRID = 1024
"""Numbers that stand for a column between its bounds."""


def check_public(schema: Any) -> Schema:
    """A schema that says of every modelled column what else its cells would say, so that it is used as it stands.

    Raises:
        InputError: it leaves something to the rows, or has columns that a private fit does not know.
    """
    if not isinstance(schema, Schema):
        raise InputError(
            "privacy.epsilon needs a whole schema that does not come from the private rows: give a Schema or the path "
            "of a schema.toml, such as `evenvae schema` writes for public rows of the same kind."
        )
    for column in schema.features:
        what = f"privacy.epsilon: the schema gives column {column.name!r}"
        if column.likelihood is None:
            raise InputError(f"{what} no likelihood; a private fit looks for none in the rows.")
        if column.is_image:
            raise InputError(f"{what} images, for which there is no private fit yet.")
        if column.discrete and column.cardinality < 2:
            raise InputError(f"{what} fewer than two levels; list all that there may be.")
        if not column.discrete and (column.low is None or column.high is None or not column.low < column.high):
            raise InputError(f"{what} no bounds; say the lowest and the highest number that there may be.")
        if not column.discrete and not reference(column).size:
            raise InputError(f"{what} bounds outside the support of {column.likelihood!r}.")
    if schema.tasks:
        raise InputError("privacy.epsilon: tasks are not known to a private fit yet; take role = 'task' out.")
    return schema


@dataclasses.dataclass(frozen=True, eq=False)
class PrivateRows(TableRows):
    """The rows of a table, whose constants are those of `reference` numbers; see `Rows`."""

    def cells(self) -> Cells:
        """As many cells of every column, all observed, that follow from the schema."""
        values = reference_rows(self.schema)
        return values, np.ones(values.shape, bool)

    def space(self, layout: Layout) -> Space:
        """From the schema; no values are taken to repeat."""
        return dataclasses.replace(Space.fit(layout.likelihoods, *self.cells()), repeated=None)

    def missingness(self) -> None:
        """Nothing is learned of missing cells."""
        return


def reference_rows(schema: Schema) -> Float[np.ndarray, "M D"]:
    """The reference numbers of all columns, each repeated to as many rows as there are."""
    columns = [reference(column) for column in schema.features]
    rows = max(map(len, columns))
    return np.stack([column[np.arange(rows) * len(column) // rows] for column in columns], axis=1)


def reference(column: Column) -> Float[np.ndarray, " m"]:
    """Numbers that stand for a column of which only the schema is known.

    Levels are equally frequent. Numbers lie evenly between the bounds; those of families for positive numbers lie
    evenly in log(1 + x), and where the family has single values of its own half of them are 0.
    """
    if column.discrete:
        return np.arange(column.cardinality, dtype=float)
    low, high = float(column.low or 0), float(column.high or 0)
    kind, name = family(str(column.likelihood)), str(column.likelihood)
    counts = name.endswith(("poisson", "negative-binomial"))
    positive = low >= 0 and (counts or name.endswith("lognormal"))
    decimals = 0 if counts else column.decimals
    unit = 1.0 if decimals is None else 10.0**-decimals
    if positive:
        values = np.expm1(np.linspace(np.log1p(low / unit), np.log1p(high / unit), GRID)) * unit
    else:
        values = np.linspace(low, high, GRID)
    if decimals is not None:
        values = np.round(values, decimals)
    values = values.clip(low, high)
    if name.startswith(("spiked", "zero-inflated")) and low <= 0 <= high:
        values = np.concatenate([np.zeros(GRID), values[values != 0]])
    return values[kind.in_support(values)]
