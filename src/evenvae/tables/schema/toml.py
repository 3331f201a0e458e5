"""The file format schema.toml: written with reasons as comments, to be edited by hand."""

import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import tomlkit

from evenvae.errors import InputError
from evenvae.likelihoods.registry import names
from evenvae.tables.schema.checks import ROLES, check_column
from evenvae.tables.schema.column import EDITABLE, Column, given_fields
from evenvae.tables.schema.formulas import formula_given
from evenvae.tables.suggestions import nearest

NUMBERS = ("low", "high", "decimals", "missing_share")
COMMENTS = ("reason", "note", "doubt")
"""Fields that are written as comments."""
TYPES: dict[str, Any] = {
    "levels": list,
    "missing": list,
    "categories": list,
    "shape": list,
    "low": int | float,
    "high": int | float,
    "decimals": int,
    "missing_share": int | float,
    "ordered": bool,
    "value": object,
    "formula": object,
}
"""The types of the fields that are no texts."""
PLAIN = str | bool | int | float
CELLS: dict[str, Any] = {"levels": PLAIN, "categories": PLAIN, "missing": PLAIN, "shape": int}
"""The types of what lists hold."""


def dump(columns: Iterable[Column], library: str) -> str:
    """The columns of a table, and the library that it came from, as TOML text."""
    document = tomlkit.document()
    for line in (
        "What EvenVAE takes each column for. Edit it, then pass it with --schema or schema=.",
        f"likelihood: {', '.join(names())}.",
        f"role: {', '.join(ROLES)}.",
        'formula: the column as a function of others, by which drawn and filled cells are computed; "" is none.',
        "What you leave out of a column is completed from the data.",
    ):
        document.add(tomlkit.comment(line))
    document.add("library", tomlkit.item(library))
    tables = tomlkit.table(is_super_table=True)
    for column in columns:
        table = tomlkit.table()
        for text in (column.reason, column.note, column.doubt):
            if text:
                table.add(tomlkit.comment(_on_one_line(text)))
        for key, value in {"role": column.role, **given_fields(column)}.items():
            if key in COMMENTS or value is None:
                continue
            if isinstance(value, tuple):
                array = tomlkit.array()
                array.extend(list(value))
                table.add(key, array.multiline(len(value) > 12))
            else:
                table.add(key, value)
        tables.add(column.name, table)
    document.add("columns", tables)
    return tomlkit.dumps(document)


def _on_one_line(text: str) -> str:
    """A text as a comment: TOML allows no control characters there, so that they are spelled, as in ``\\x00``."""
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in text.replace("\n", " "))


def load(path: str | Path) -> tuple[tuple[Column, ...], str, frozenset[str]]:
    """Read a schema from a TOML file.

    Returns:
        The columns, the library, and what the file gives, each as ``"column.field"``.

    Raises:
        InputError: there is no such file, or it has a wrong line, column or key, which the message names.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"There is no schema file {path}; make one with: evenvae schema DATA -o {path.name}")
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not valid TOML ({error}); correct that line.") from error
    except RecursionError as error:
        raise InputError(f"{path} is not a schema: it has too many brackets inside each other.") from error
    for key in data:
        if key not in ("library", "columns"):
            raise InputError(f"{path} has an unknown table or key {key!r}; columns go under [columns.NAME].")
    for key, kind, what in (("columns", dict, "tables such as [columns.NAME]"), ("library", str, "a name")):
        if not isinstance(data.get(key, kind()), kind):
            raise InputError(f"{path} has {key} = {data[key]!r:.60}, where {what} should stand.")
    columns, given = [], set()
    for name, table in data.get("columns", {}).items():
        if isinstance(table, str):
            table = {"likelihood": table}
        if not isinstance(table, dict):
            raise InputError(f"{path}: column {name!r} is {table!r}; give a table such as "
                             f'[columns."{name}"] with likelihood = "poisson".')  # fmt: skip
        columns.append(_column(path, name, table))
        given |= {f"{name}.{key}" for key in table}
    return tuple(columns), data.get("library", "pandas"), frozenset(given)


def _column(path: Path, name: str, table: dict[str, Any]) -> Column:
    for key, value in table.items():
        if key not in EDITABLE:
            raise InputError(f"{path}: column {name!r} has an unknown key {key!r}; {nearest(key, EDITABLE)}.")
        expected = TYPES.get(key, str)
        if not isinstance(value, expected) or (isinstance(value, bool) and key in NUMBERS):
            what = "a list" if expected is list else "a number" if key in NUMBERS else expected.__name__
            raise InputError(f"{path}: column {name!r} has {key} = {value!r}, which must be {what}.")
        if (
            key in CELLS
            and isinstance(value, list)
            and not all(isinstance(cell, CELLS[key]) and cell == cell for cell in value)
        ):
            raise InputError(f"{path}: column {name!r} has {key} = {value!r:.60}; give a list of single values.")
    fields: dict[str, Any] = {key: tuple(v) if isinstance(v, list) else v for key, v in table.items()}
    if "formula" in fields:
        fields["formula"] = formula_given(name, fields["formula"])
    return check_column(Column(name, **fields), partial=True)
