"""What each column is taken for: inferred, edited by hand, saved."""

import dataclasses
import difflib
import itertools
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from evenvae.errors import InputError

ROLES = ("feature", "task", "constant", "identifier", "ignored")
LIKELIHOODS = ("normal", "lognormal", "poisson", "bernoulli", "categorical", "ordinal")
OF_IMAGES = ("bernoulli", "normal", "squared")
NOMINAL = ("bernoulli", "categorical", "ordinal")


@dataclasses.dataclass(frozen=True)
class Column:
    """One column of the table.

    ``levels`` are the original values in code order; ``pooled`` is the level that stands for all rare ones, and
    is the last. ``low`` and ``high`` bound decoded numbers, ``decimals`` rounds them (0 for whole numbers); for
    moments they are in seconds since 1970. ``missing`` adds texts that mean a hole here. ``dtype`` is the
    column's type in its own library, ``categories`` a pandas categorical's where they are more than the levels,
    ``text_format`` how moments were spelled in a text file. ``shape`` is (H, W) or (H, W, C) where the cells are
    images (``kind="image"``).
    """

    name: str
    role: str = "feature"
    likelihood: str | None = None
    reason: str = ""
    rule: str = ""
    kind: str = "number"
    levels: tuple = ()
    low: float | None = None
    high: float | None = None
    decimals: int | None = None
    dtype: str = ""
    ordered: bool = False
    pooled: str | None = None
    missing: tuple[str, ...] = ()
    value: Any = None
    text_format: str | None = None
    note: str = ""
    categories: tuple = ()
    shape: tuple[int, ...] = ()

    @property
    def size(self) -> int:
        """Numbers that a cell holds: 1, or an image's pixels."""
        return math.prod(self.shape)

    @property
    def cardinality(self) -> int:
        """Number of levels."""
        return len(self.levels)

    @property
    def nominal(self) -> bool:
        """Whether the column holds levels."""
        return self.likelihood in NOMINAL and self.kind != "image"


FIELDS = tuple(field.name for field in dataclasses.fields(Column))
EDITABLE = tuple(name for name in FIELDS if name != "name")


@dataclasses.dataclass(frozen=True)
class Schema:
    """The columns of a table, in its order, and the library it came from.

    ``native`` holds the column types of a polars or pyarrow table; ``given`` what a hand-written file said.
    """

    columns: tuple[Column, ...]
    library: str = "pandas"
    native: str = ""
    given: frozenset[str] = frozenset()

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all columns."""
        return tuple(column.name for column in self.columns)

    @property
    def features(self) -> tuple[Column, ...]:
        """The columns that are modelled."""
        return tuple(column for column in self.columns if column.role == "feature")

    @property
    def elements(self) -> int:
        """Numbers E that the feature cells of a row hold: one each, or an image's pixels."""
        return sum(column.size for column in self.features)

    @property
    def first(self) -> list[int]:
        """Where each feature's numbers begin among a row's E."""
        return list(itertools.accumulate((column.size for column in self.features), initial=0))[:-1]

    @property
    def tasks(self) -> tuple[Column, ...]:
        """The columns that say which task (site, sensor, year) a row belongs to."""
        return tuple(column for column in self.columns if column.role == "task")

    def __getitem__(self, name: str) -> Column:
        """A column by name."""
        for column in self.columns:
            if column.name == name:
                return column
        raise InputError(f"The schema has no column {name!r}; {nearest(name, self.names)}.")

    @classmethod
    def of(cls, given: Any, X: Any) -> "Schema":
        """The complete schema of a table, from what the user gave.

        ``given``: None infers it; a schema or a path to a schema.toml is completed; a dict of overrides by
        column is for `infer`. Raises InputError where they contradict the table.
        """
        if given is None or isinstance(given, Mapping):
            return cls.infer(X, overrides=given)
        return (given if isinstance(given, cls) else cls.from_toml(given)).complete(X)

    @classmethod
    def infer(
        cls,
        X: Any,
        *,
        count_max: int = 1000,
        int_cat_max: int = 2,
        max_levels: int = 10_000,
        overrides: Mapping[str, Mapping[str, Any] | str] | None = None,
    ) -> "Schema":
        """Take each column for what its values say; every choice comes with its reason.

        Args:
            X: any table (see `tables.as_frame`).
            count_max: whole numbers from 0 up to this are counts.
            int_cat_max: whole numbers with at most this many distinct values are levels.
            max_levels: levels beyond this number are pooled into an explicit one.
            overrides: by column, a likelihood or a dict of a `Column`'s fields.

        Raises:
            InputError: an override names a column that is not there, or does not fit its values.
        """
        from evenvae.tables.inference import infer

        return infer(X, count_max, int_cat_max, max_levels, overrides or {})

    def complete(self, X: Any) -> "Schema":
        """Fill what a schema edited by hand leaves out from the data.

        A column that is not in the schema is inferred; one that is not in the data is an InputError.
        """
        from evenvae.tables.inference import infer

        said = {}
        for column in self.columns:
            fields = dataclasses.asdict(column)
            empty = Column("")
            said[column.name] = {
                key: fields[key]
                for key in EDITABLE
                if fields[key] != getattr(empty, key) or f"{column.name}.{key}" in self.given
            }
        return infer(X, 1000, 2, 10_000, said)

    def to_dict(self) -> dict[str, Any]:
        """JSON-safe description."""
        return {
            "library": self.library,
            "native": self.native,
            "columns": [_plain(column) for column in self.columns],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Schema":
        """What `to_dict` gave."""
        tuples: Any = lambda item: {key: tuple(v) if isinstance(v, list) else v for key, v in item.items()}
        columns = tuple(Column(**tuples(item)) for item in data["columns"])
        return cls(columns, data.get("library", "pandas"), data.get("native", ""))

    def to_toml_string(self) -> str:
        """The schema as TOML, with the reasons as comments, to be edited by hand."""
        from evenvae.tables.schema_file import dump

        return dump(self)

    def to_toml(self, path: str | Path) -> None:
        """Write `to_toml_string` to a file."""
        from evenvae.places import write_text

        write_text(path, self.to_toml_string())

    @classmethod
    def from_toml(cls, path: str | Path) -> "Schema":
        """Read a schema.toml; InputError for what it cannot mean."""
        from evenvae.tables.schema_file import load

        return load(path)

    def report(self) -> list[tuple[str, str, str, str, str, str]]:
        """(column, role, likelihood, rule, reason, note) for printing."""
        return [(c.name, c.role, c.likelihood or "", c.rule, c.reason, c.note) for c in self.columns]


def _plain(column: Column) -> dict[str, Any]:
    empty = Column("")
    fields = {key: value for key, value in dataclasses.asdict(column).items() if value != getattr(empty, key)}
    fields = {key: list(value) if isinstance(value, tuple) else value for key, value in fields.items()}
    return {"name": column.name, **fields}


def nearest(name: str, known: Any) -> str:
    """'did you mean ...' or the list of what is known."""
    known = [str(item) for item in known]
    close = difflib.get_close_matches(name, known, 1)
    if close:
        return f"did you mean {close[0]!r}?"
    shown = ", ".join(known[:12]) + (", ..." if len(known) > 12 else "")
    return f"known are {shown}"


def check_column(column: Column, partial: bool = False) -> Column:
    """InputError where a column's description contradicts itself; a ``partial`` one may leave things out."""
    where = f"Column {column.name!r} of the schema"
    if column.role not in ROLES:
        raise InputError(f"{where} has role={column.role!r}; {nearest(column.role, ROLES)}.")
    known = OF_IMAGES if column.kind == "image" else LIKELIHOODS
    # a partial column may be of images without saying so
    fitting = {*known, *((None, *OF_IMAGES) if partial else ())}
    if column.role == "feature" and column.likelihood not in fitting:
        raise InputError(f"{where} has likelihood={column.likelihood!r}; {nearest(str(column.likelihood), known)}.")
    if len({(isinstance(v, bool), v) for v in column.levels}) != len(column.levels):
        raise InputError(f"{where} lists a level twice; keep each once.")
    if (
        column.role == "feature"
        and column.likelihood == "bernoulli"
        and column.kind != "image"
        and len(column.levels) not in ((0, 2) if partial else (2,))
    ):
        raise InputError(
            f"{where} is bernoulli and has {len(column.levels)} levels; bernoulli needs two, use categorical."
        )
    if column.low is not None and column.high is not None and column.low > column.high:
        raise InputError(f"{where} has low={column.low} above high={column.high}; swap them.")
    return column
