"""Holes made on purpose."""

from typing import Any

import numpy as np
from jaxtyping import Bool

from evenvae.tables.codec import decode, encode
from evenvae.tables.schema import Schema


def with_holes(X: Any, hidden: Bool[np.ndarray, "N D"], schema: Schema) -> Any:
    """The table without the feature cells that ``hidden`` marks, in the library it came in."""
    hidden = np.repeat(hidden, [column.size for column in schema.features], axis=1)
    values = np.where(hidden, np.nan, encode(X, schema).values)
    return decode(values, schema, like=X, base=X)
