"""Cells of a table hidden on purpose, to see how well they are found again."""

from typing import Any

import numpy as np
from jaxtyping import Bool

from evenvae.tables.codec import decode, encode
from evenvae.tables.schema.schema import Schema


def hide_cells(X: Any, hidden: Bool[np.ndarray, "N D"], schema: Schema) -> Any:
    """The table with some feature cells made missing, in its own library.

    Args:
        X: any table (see `as_frame`).
        hidden: the cells to hide, by row and feature.
        schema: of the table.
    """
    elements = np.repeat(hidden, [column.size for column in schema.features], axis=1)
    values = np.where(elements, np.nan, encode(X, schema).values)
    return decode(values, schema, like=X, base=X)
