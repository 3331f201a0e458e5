"""What the cells of a table say about its columns."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import pandas as pd

from evenvae.errors import InputError
from evenvae.io.watching import told
from evenvae.tables.columns import registry
from evenvae.tables.columns.base import GIVEN, Rules
from evenvae.tables.columns.cell_checks import check_cells, check_classes
from evenvae.tables.columns.raw_cells import RawCells
from evenvae.tables.schema.checks import check_column, check_likelihood
from evenvae.tables.schema.column import EDITABLE, Column
from evenvae.tables.schema.formulas import formula_given
from evenvae.tables.suggestions import nearest

CHOSEN = {"likelihood", "role", "kind", "text_format"}
"""Fields with which a user decides what the cells alone leave in doubt."""


def infer_columns(
    frame: pd.DataFrame, rules: Rules, overrides: Mapping[str, Mapping[str, Any] | str]
) -> tuple[Column, ...]:
    """Describe all columns of a table.

    Args:
        frame: the table, as `as_frame` gives it.
        rules: the thresholds.
        overrides: what the user says, by column: a likelihood, or a dict of fields of `Column`.

    Raises:
        InputError: an override names a column or a field that does not exist, or does not fit the cells.
    """
    for name in overrides:
        if name not in frame.columns:
            raise InputError(f"The schema names a column {name!r} that the table does not have; "
                             f"{nearest(name, frame.columns)}.")  # fmt: skip
    names = told(list(frame.columns), "describing columns")
    return tuple(infer_column(name, frame[name], _fields(name, overrides.get(name, {})), rules) for name in names)


def infer_column(name: str, cells: pd.Series, given: Mapping[str, Any], rules: Rules) -> Column:
    """Describe one column; what the user has ``given`` replaces what the cells say.

    Raises:
        InputError: what the user has given contradicts itself or the cells.
    """
    try:
        check_cells(name, cells)
    except InputError:
        if given.get("role") != "ignored":
            raise
        return check_column(Column(**{"name": name, "dtype": str(cells.dtype), **GIVEN, **given}))
    raw = RawCells(name, cells, tuple(given.get("missing", ())), given.get("text_format"))
    always = {"name": name, "dtype": str(cells.dtype), "missing": raw.missing}
    codec = registry.recognise(raw, given.get("kind"))
    raw = codec.learnable(raw)
    described = codec.describe(raw, given, rules)
    if "role" in described and not {"levels", "likelihood"} & given.keys():
        return Column(**always, **described)
    if CHOSEN & given.keys():
        described["doubt"] = ""
    column = Column(**{**always, **described, **given})
    if given.get("role", "feature") != "feature":
        return check_column(column)
    if "kind" not in given:
        column = dataclasses.replace(column, kind=codec.kind_with(column.kind, column.discrete))
    check_likelihood(column)
    found = column.codec.complete(column, raw, given, rules)
    for said in ("note", "doubt"):
        texts = dict.fromkeys(text for text in (getattr(column, said), found.get(said, "")) if text)
        found[said] = "; ".join(texts)
    column = dataclasses.replace(column, **found)
    if not column.is_number:
        check_classes(name, cells)
    return check_column(column)


def _fields(name: str, given: Mapping[str, Any] | str) -> dict[str, Any]:
    fields = {"likelihood": given} if isinstance(given, str) else dict(given)
    for key in fields:
        if key not in EDITABLE:
            raise InputError(f"Column {name!r} of the schema has an unknown key {key!r}; {nearest(key, EDITABLE)}.")
    if "formula" in fields:
        fields["formula"] = formula_given(name, fields["formula"])
    return fields
