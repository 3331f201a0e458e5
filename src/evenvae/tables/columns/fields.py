"""What is known of one column, as plain data that a codec reads."""

import dataclasses
import math
from typing import Any

from evenvae.likelihoods.registry import family, names


@dataclasses.dataclass(frozen=True)
class ColumnFields:
    """The fields of a `Column`.

    Attributes:
        name: the name of the column.
        role: "feature" (modelled), "task", "constant", "identifier" or "ignored".
        likelihood: the name of the likelihood of a feature; None in other roles.
        reason: why the column has this role or likelihood, for people.
        rule: the same as a short name, for programs.
        kind: what the cells are: "number", "level", "datetime", "date", "time", "duration" or "image". The codec of
            the column is found by it.
        levels: the original values of the levels; the code of a level is its place.
        low, high: decoded numbers are clipped to these bounds. The bounds of datetimes are in seconds since 1970.
        decimals: decoded numbers are rounded to so many decimals; 0 for whole numbers, None for no rounding.
        dtype: the type of the column in its own library.
        ordered: whether the order of the levels has a meaning.
        pooled: the name of the level that replaces all rare levels. It is the last one.
        missing: texts that mean a missing cell in this column, beside `MISSING`.
        value: the value of a constant column.
        missing_share: of the cells of a constant column; `sample(missing=True)` leaves as many empty.
        text_format: how the column spells its cells: times as in `datetime.strftime` (see `time_spelling`), numbers as
            in ``$#,##0.00`` or ``0,0#`` (see `NumberSpelling`).
        note: something that the owner of the table should know about the column.
        doubt: what the cells did not tell for certain, and what to set where the choice is wrong; `fit` warns of it.
        unit: the coarsest unit of time that holds all cells: "year", "month", "day", "hour", "minute" or "second";
            decoded times are rounded to it. None for finer times, and for columns without times.
        value_type: the type of the levels, or of cells that are Python objects, where ``dtype`` does not say it.
        categories: all categories of a pandas categorical, where there are more than the levels.
        shape: (H, W) or (H, W, C) where every cell is an image; empty for all other columns.
        formula: the column as a function of other columns, such as "2.54 * inches" (see `tables.formulas.parsing`).
            Drawn and filled cells are computed by it. Empty for a column without one; None where nothing is known.
    """

    name: str
    role: str = "feature"
    likelihood: str | None = None
    reason: str = ""
    rule: str = ""
    kind: str = "number"
    levels: tuple = ()
    low: float | int | None = None
    high: float | int | None = None
    decimals: int | None = None
    dtype: str = ""
    ordered: bool = False
    pooled: str | None = None
    missing: tuple[str, ...] = ()
    value: Any = None
    missing_share: float = 0.0
    text_format: str | None = None
    note: str = ""
    doubt: str = ""
    unit: str | None = None
    value_type: str = ""
    categories: tuple = ()
    shape: tuple[int, ...] = ()
    formula: str | None = None

    @property
    def size(self) -> int:
        """How many numbers a cell holds: 1, or the pixels of an image."""
        return math.prod(self.shape)

    @property
    def steps(self) -> int:
        """How many steps of its decimals a column of numbers has between its bounds; 0 without decimals or bounds."""
        if self.decimals is None or self.low is None or self.high is None:
            return 0
        return round((float(self.high) - float(self.low)) * 10**self.decimals)

    @property
    def cardinality(self) -> int:
        """How many levels there are."""
        return len(self.levels)

    @property
    def discrete(self) -> bool:
        """Whether the values are levels, encoded as codes; the likelihood says so."""
        image = bool(self.shape)
        return self.likelihood in names(image) and family(str(self.likelihood), image).discrete

    @property
    def has_order(self) -> bool:
        """Whether one value can be less than another: numbers can, and levels whose order has a meaning."""
        return not self.discrete or self.ordered or family(str(self.likelihood)).values == "ordered levels"
