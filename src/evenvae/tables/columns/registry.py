"""The codecs of all kinds of columns, in the order in which they are asked."""

from evenvae.errors import InputError
from evenvae.tables.columns.base import Codec
from evenvae.tables.columns.clock_times import Duration, TimeOfDay
from evenvae.tables.columns.count import Count
from evenvae.tables.columns.datetimes import Date, Datetime
from evenvae.tables.columns.fields import ColumnFields
from evenvae.tables.columns.flag import Flag
from evenvae.tables.columns.image import Image
from evenvae.tables.columns.level import Level
from evenvae.tables.columns.number import Number
from evenvae.tables.columns.ordered_level import OrderedLevel
from evenvae.tables.columns.raw_cells import RawCells

CODECS: list[Codec] = [
    Image(),
    OrderedLevel(),
    Flag(),
    Datetime(),
    Date(),
    TimeOfDay(),
    Duration(),
    Count(),
    Number(),
    Level(),
]
"""A codec stands before those that would take its columns too. `Level` takes everything that is left."""


def recognise(raw: RawCells, kind: str | None = None) -> Codec:
    """The codec that describes a column.

    Args:
        raw: the cells.
        kind: what the schema of the user says that the cells are; None where it says nothing.

    Raises:
        InputError: the schema calls cells images that are no images, or the other way round.
    """
    found = next(codec for codec in CODECS if codec.kind_of(raw) is not None and codec.fits(raw))
    if kind is None:
        return found
    named = [codec for codec in CODECS if kind in codec.kinds] or [Number()]
    if named[0].is_image != found.is_image:
        raise InputError(f"Column {raw.name!r} of the schema has kind={kind!r}, but its cells are "
                         f"{'images' if found.is_image else 'no images'}; remove kind.")  # fmt: skip
    return next((codec for codec in named if codec.fits(raw)), Number())


def codec_of(column: ColumnFields) -> Codec:
    """The codec of a column that was described before."""
    return next(codec for codec in CODECS if codec.handles(column))
