"""schema.toml: written with reasons as comments, read back with errors that teach."""

import tomllib
from pathlib import Path
from typing import Any

import tomlkit

from evenvae.errors import InputError
from evenvae.tables.schema import EDITABLE, Column, Schema, check_column, nearest

NUMBERS = ("low", "high", "decimals")
TYPES: dict[str, Any] = {
    "levels": list,
    "missing": list,
    "categories": list,
    "shape": list,
    "low": int | float,
    "high": int | float,
    "decimals": int,
    "ordered": bool,
    "value": object,
}
HEADER = """How EvenVAE takes each column. Edit, then pass it with --schema or schema=.
likelihood: normal, lognormal, poisson, bernoulli, categorical, ordinal.
role: feature, task, constant, identifier, ignored.
What you leave out of a column is completed from the data."""


def dump(schema: Schema) -> str:
    """The schema as TOML text."""
    document = tomlkit.document()
    for line in HEADER.splitlines():
        document.add(tomlkit.comment(line))
    document.add("library", tomlkit.item(schema.library))
    columns = tomlkit.table(is_super_table=True)
    empty = Column("")
    for column in schema.columns:
        table = tomlkit.table()
        for text in (column.reason, column.note):
            if text:
                table.add(tomlkit.comment(text.replace("\n", " ")))
        for key in EDITABLE:
            value = getattr(column, key)
            if key in ("reason", "note") or value is None or (value == getattr(empty, key) and key != "role"):
                continue
            if isinstance(value, tuple):
                array = tomlkit.array()
                array.extend(list(value))
                table.add(key, array.multiline(len(value) > 12))
            else:
                table.add(key, value)
        columns.add(column.name, table)
    document.add("columns", columns)
    return tomlkit.dumps(document)


def load(path: str | Path) -> Schema:
    """A schema from a TOML file; InputError names the line, the column or the key that is wrong."""
    path = Path(path)
    if not path.is_file():
        raise InputError(f"There is no schema file {path}; make one with: evenvae schema DATA -o {path.name}")
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not valid TOML ({error}); mend that line.") from error
    for key in data:
        if key not in ("library", "columns"):
            raise InputError(f"{path} has an unknown table or key {key!r}; columns go under [columns.NAME].")
    columns, given = [], set()
    for name, table in data.get("columns", {}).items():
        if isinstance(table, str):
            table = {"likelihood": table}
        if not isinstance(table, dict):
            raise InputError(f"{path}: column {name!r} is {table!r}; give a table such as "
                             f'[columns."{name}"] with likelihood = "poisson".')  # fmt: skip
        columns.append(_column(path, name, table))
        given |= {f"{name}.{key}" for key in table}
    return Schema(tuple(columns), data.get("library", "pandas"), given=frozenset(given))


def _column(path: Path, name: str, table: dict[str, Any]) -> Column:
    for key in table:
        if key not in EDITABLE:
            raise InputError(f"{path}: column {name!r} has an unknown key {key!r}; {nearest(key, EDITABLE)}.")
        kind = TYPES.get(key, str)
        if not isinstance(table[key], kind) or (isinstance(table[key], bool) and key in NUMBERS):
            what = "a list" if kind is list else "a number" if key in NUMBERS else kind.__name__  # type: ignore
            raise InputError(f"{path}: column {name!r} has {key} = {table[key]!r}, which must be {what}.")
    values: dict[str, Any] = {key: tuple(v) if isinstance(v, list) else v for key, v in table.items()}
    return check_column(Column(name, **values), partial=True)
