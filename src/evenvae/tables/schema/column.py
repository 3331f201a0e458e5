"""One column of a table, with the codec that knows its kind."""

import dataclasses
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float

from evenvae.tables.columns.base import Codec, OnUnseen
from evenvae.tables.columns.fields import ColumnFields
from evenvae.tables.columns.registry import codec_of


@dataclasses.dataclass(frozen=True)
class Column(ColumnFields):
    """One column of a table: what is known of it (the fields are those of `ColumnFields`), and its cells as numbers.

    >>> Column("income", likelihood="lognormal", low=0.0, decimals=2).decode(np.array([-1.0, 2.345])).tolist()
    [0.0, 2.35]
    """

    @property
    def codec(self) -> Codec:
        """What encodes, decodes and writes the cells of this column."""
        return codec_of(self)

    @property
    def is_image(self) -> bool:
        """Whether the cells are images."""
        return self.codec.is_image

    @property
    def is_number(self) -> bool:
        """Whether the cells are plain numbers, not levels, datetimes or images."""
        return self.codec.is_number

    @property
    def is_datetime(self) -> bool:
        """Whether the cells are points in time with a date; the values are then seconds since 1970."""
        return self.codec.is_datetime

    def encode(self, cells: pd.Series, on_unseen: OnUnseen = "missing") -> Float[np.ndarray, "rows *size"]:
        """Cells of this column as numbers; see `Codec.encode`."""
        return self.codec.encode(cells, self, on_unseen)

    def decode(self, values: Float[np.ndarray, "rows *size"]) -> pd.Series:
        """Numbers as cells of this column; see `Codec.decode`."""
        return self.codec.decode(values, self)


FIELDS = tuple(field.name for field in dataclasses.fields(Column))
EDITABLE = tuple(name for name in FIELDS if name != "name")
"""The fields that a schema of the user may give."""
_DEFAULTS = dataclasses.asdict(Column(""))


def given_fields(column: Column) -> dict[str, Any]:
    """The fields, without the name, that differ from their default."""
    fields = dataclasses.asdict(column)
    return {name: fields[name] for name in EDITABLE if fields[name] != _DEFAULTS[name]}
