"""The schema of a table: its columns, and what the table was."""

import dataclasses
import itertools
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

import numpy as np

from evenvae.errors import InputError
from evenvae.io.atomic import write_text
from evenvae.io.typed import check_fields
from evenvae.tables.columns.base import Rules
from evenvae.tables.columns.fields import ColumnFields
from evenvae.tables.frames import LIBRARIES, arrow_types, as_frame, library_of, origin_of
from evenvae.tables.interchange import collected
from evenvae.tables.schema import toml
from evenvae.tables.schema.checks import check_column
from evenvae.tables.schema.column import EDITABLE, Column, given_fields
from evenvae.tables.schema.families import Families, by_evidence
from evenvae.tables.schema.formulas import turned_off, with_formulas
from evenvae.tables.schema.inference import infer_columns
from evenvae.tables.schema.labels import as_json, from_json, labels_of
from evenvae.tables.schema.notebook_view import schema_html
from evenvae.tables.suggestions import nearest


@dataclasses.dataclass(frozen=True)
class Schema:
    """The columns of a table, in the order of the table.

    Attributes:
        columns: a `Column` for each.
        library: the library that the table came from: "pandas", "polars", "pyarrow", "numpy" or "dict".
        native: the column types of a polars or pyarrow table, as text.
        given: what a hand-written file gave, each as ``"column.field"``.
        labels: the names of the columns where not all of them are texts, as numbers and tuples are not; else empty.
    """

    columns: tuple[Column, ...]
    library: str = "pandas"
    native: str = ""
    given: frozenset[str] = frozenset()
    labels: tuple[Any, ...] = ()

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
        """How many numbers (E) the feature cells of a row hold: one each, or the pixels of an image."""
        return sum(column.size for column in self.features)

    @property
    def first(self) -> list[int]:
        """Where the numbers of each feature begin among the E of a row."""
        return list(itertools.accumulate((column.size for column in self.features), initial=0))[:-1]

    @property
    def tasks(self) -> tuple[Column, ...]:
        """The columns that say to which task (site, sensor, year) a row belongs."""
        return tuple(column for column in self.columns if column.role == "task")

    def __getitem__(self, name: str) -> Column:
        """A column by name.

        Raises:
            InputError: there is no such column.
        """
        for column in self.columns:
            if column.name == name:
                return column
        raise InputError(f"The schema has no column {name!r}; {nearest(name, self.names)}.")

    @classmethod
    def of(cls, given: Any, X: Any, families: str = "evidence") -> "Schema":
        """The complete schema of a table, from what the user gives.

        Args:
            given: None to infer it; a dict of overrides by column, as in `infer`; a schema, or a path to a
                schema.toml, to be completed.
            X: the table.
            families: how the likelihood of numbers is chosen where none is given; see `infer`.

        Raises:
            InputError: what is given contradicts the table.
        """
        if given is None or isinstance(given, Mapping):
            return cls.infer(X, families=families, overrides=given)
        return (given if isinstance(given, cls) else cls.from_toml(given)).complete(X, families)

    @classmethod
    def infer(
        cls,
        X: Any,
        *,
        count_max: int = Rules.count_max,
        int_cat_max: int = Rules.int_cat_max,
        max_levels: int = Rules.max_levels,
        formulas: bool = True,
        families: str = "evidence",
        overrides: Mapping[str, Mapping[str, Any] | str] | None = None,
    ) -> "Schema":
        """Infer from the cells what each column is; every choice comes with its reason.

        Args:
            X: any table (see `tables.as_frame`).
            count_max: whole numbers from 0 to at most this are counts.
            int_cat_max: whole numbers with at most this many distinct values are levels.
            max_levels: if there are more levels, the rarest are pooled into one.
            formulas: whether to look for columns that are functions of other columns, which are then computed in drawn
                rows and filled cells (``Column.formula``). False marks every column as having no formula, unless
                ``overrides`` give it one.
            families: how the likelihood of numbers is chosen. ``"evidence"``: the family whose marginal distribution
                describes held-out cells best, and the simplest where several are equally good; ``"paper"``: by the
                rules of the paper (Poisson for counts, log-normal from 0 up, else normal).
            overrides: by column, a likelihood or a dict of fields of `Column`.

        Raises:
            InputError: ``families`` is another word; an override names a column that the table does not have, or does
                not fit its cells.
        """
        if families not in get_args(Families):
            raise InputError(f"families={families!r} is not known; {nearest(families, get_args(Families))}.")
        X = collected(X)
        overrides = {str(name): given for name, given in (overrides or {}).items()}
        # an array has no column names of its own
        names = tuple(overrides) if library_of(X) == "numpy" and len(overrides) == np.shape(X)[-1] else None
        frame = as_frame(X, names)
        columns = infer_columns(frame, Rules(count_max, int_cat_max, max_levels), overrides)
        if families == "evidence":
            columns = by_evidence(columns, frame, frozenset(name for name, said in overrides.items() if _chooses(said)))
        columns = with_formulas(columns, frame, formulas, overrides)
        origin = origin_of(frame)
        own = origin.library in ("pandas", "dict")
        labels = labels_of(origin.labels, tuple(frame.columns)) if own else ()
        return cls(columns, origin.library, origin.types, labels=labels)

    def with_families(self, X: Any) -> "Schema":
        """The schema in which every column of numbers has the family that describes held-out cells of a table best."""
        frame = as_frame(X, self.names if library_of(X) == "numpy" else None)
        return dataclasses.replace(self, columns=by_evidence(self.columns, frame, frozenset()))

    def complete(self, X: Any, families: str = "evidence") -> "Schema":
        """Complete a schema that was edited by hand: what it leaves out is inferred from the table.

        Args:
            X: the table.
            families: how the likelihood of numbers is chosen where none is given; see `infer`.

        Raises:
            InputError: the schema has a column that the table does not have, or does not fit its cells.
        """
        overrides = {}
        for column in self.columns:
            # a field may be given with the value that it has by default
            same = {key: getattr(column, key) for key in EDITABLE if f"{column.name}.{key}" in self.given}
            overrides[column.name] = {**given_fields(column), **same}
        return type(self).infer(X, families=families, overrides=overrides)

    def without_formulas(self) -> "Schema":
        """The schema in which no column is computed from others, also after it was completed."""
        return dataclasses.replace(self, columns=turned_off(self.columns))

    def to_dict(self) -> dict[str, Any]:
        """The schema as JSON can hold it."""
        as_list: Any = lambda value: list(value) if isinstance(value, tuple) else value
        columns = [
            {"name": column.name, **{name: as_list(value) for name, value in given_fields(column).items()}}
            for column in self.columns
        ]
        return {"library": self.library, "native": self.native, "columns": columns, **as_json(self.labels)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Schema":
        """The schema that `to_dict` has described.

        Raises:
            InputError: a column is described by other fields or types, twice, or in a way that contradicts itself.
        """
        for item in data["columns"]:
            check_fields(ColumnFields, item, "A column of the schema")
        as_tuple: Any = lambda value: tuple(value) if isinstance(value, list) else value
        columns = tuple(Column(**{name: as_tuple(v) for name, v in item.items()}) for item in data["columns"])
        described = cls(columns, data.get("library", "pandas"), data.get("native", ""), labels=from_json(data))
        for column in columns:
            check_column(column)
        if len(set(described.names)) < len(columns) or described.library not in LIBRARIES:
            raise InputError("The schema names a column twice, or a library that is not known.")
        if described.labels and len(described.labels) != len(columns):
            raise InputError("The schema has another number of names than of columns.")
        arrow_types(described.native)
        return described

    def to_toml_string(self) -> str:
        """The schema as TOML, with the reasons as comments, to be edited by hand."""
        return toml.dump(self.columns, self.library)

    def to_toml(self, path: str | Path) -> None:
        """Write `to_toml_string` to a file."""
        write_text(path, self.to_toml_string())

    @classmethod
    def from_toml(cls, path: str | Path) -> "Schema":
        """Read a schema.toml.

        Raises:
            InputError: the file is missing, or it has a wrong line, column or key.
        """
        columns, library, given = toml.load(path)
        return cls(columns, library, given=given)

    def _repr_html_(self) -> str:
        return schema_html(self.columns, self.library)

    def report(self) -> list[tuple[str, str, str, str, str, str]]:
        """(column, role, likelihood, rule, reason, note and doubt) of every column, for printing."""
        said = lambda column: "; ".join(text for text in (column.note, column.doubt) if text)
        return [(c.name, c.role, c.likelihood or "", c.rule, c.reason, said(c)) for c in self.columns]


def _chooses(said: Mapping[str, Any] | str) -> bool:
    """Whether what a user says of a column names its likelihood."""
    return isinstance(said, str) or "likelihood" in said
