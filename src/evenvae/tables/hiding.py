"""Cells of a table hidden on purpose, to see how well they are found again."""

from typing import Any

import numpy as np
from jaxtyping import Bool

from evenvae.errors import InputError
from evenvae.tables.codec import decode, encode
from evenvae.tables.schema.schema import Schema


def hide_cells(X: Any, hidden: Bool[np.ndarray, "N D"], schema: Schema) -> Any:
    """The table with some feature cells made missing, in its own library.

    Args:
        X: any table (see `as_frame`).
        hidden: the cells to hide, by row and feature.
        schema: of the table.

    Raises:
        InputError: ``hidden`` is no mask of the table's feature cells.
    """
    encoded = encode(X, schema)
    hidden = np.asarray(hidden)
    if hidden.dtype != bool or hidden.shape != encoded.observed.shape:
        raise InputError(
            f"hidden must be an array of True and False of shape {encoded.observed.shape}, one for every feature cell, "
            f"not {hidden.dtype} of shape {hidden.shape}."
        )
    elements = np.repeat(hidden, [column.size for column in schema.features], axis=1)
    values = np.where(elements, np.nan, encoded.values)
    return decode(values, schema, like=X, base=X)
