"""The formulas of a schema: those that the user gave, checked, and those that the table shows."""

import dataclasses
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from evenvae.errors import InputError
from evenvae.tables.derived.plan import Derivation, cells_of, plan, same
from evenvae.tables.relations.finding import find_formulas
from evenvae.tables.schema.column import Column

NONE = ""
"""The formula of a column that is to have none."""
COMPUTED = "drawn and filled cells are computed"
"""What the note of a column with a formula says."""
FOUND = "in every row, and"
"""What the note of a column says whose formula was found, not given."""
SHOWN = 80
"""A note shows a formula of so many characters, and the beginning of a longer one."""


def with_formulas(
    columns: tuple[Column, ...],
    frame: pd.DataFrame,
    find: bool,
    overrides: Mapping[str, Mapping[str, Any] | str],
) -> tuple[Column, ...]:
    """The columns with their formulas.

    Args:
        columns: complete but for the formulas that the user did not give.
        frame: the table, as `as_frame` gives it.
        find: whether to look for formulas of other columns; if not, they are marked as having none.
        overrides: what the user said of the columns, by name.

    Raises:
        InputError: a formula that the user gave has something that is not allowed, does not fit its column, or belongs
            to a column that is not modelled.
    """
    for column in columns:
        override = overrides.get(column.name)
        given = isinstance(override, Mapping) and formula_given(column.name, override.get("formula"))
        if given and column.role in ("identifier", "ignored") and column.rule != "empty":
            raise InputError(f"Column {column.name!r} of the schema has a formula, but it is not modelled "
                             f"({column.role}); give it a likelihood, or take the formula out.")  # fmt: skip
    columns = tuple(
        dataclasses.replace(column, formula=None) if column.role != "feature" else column for column in columns
    )
    differing = {one.column.name: _differing(one, frame) for one in plan(columns)}
    found = find_formulas(columns, frame) if find else {}
    return tuple(_described(column, found.get(column.name), find, differing.get(column.name, "")) for column in columns)


def _differing(derivation: Derivation, frame: pd.DataFrame) -> str:
    """How many cells of a table differ from what the formula of their column gives, in words; empty for none.

    Raises:
        InputError: the formula gives no value of its column in any row that has all of its sources.
    """
    with warnings.catch_warnings(action="ignore"):
        # what is strange in the cells was said when their columns were described
        own = derivation.column.encode(frame[derivation.column.name])
        cells = {
            name: cells_of(column.encode(frame[name]) if column.role == "feature" else np.zeros(len(frame)), column)
            for name, column in derivation.sources.items()
        }
    given = derivation.computed(cells, len(frame))
    whole = np.logical_and.reduce([np.ones(len(frame), bool), *(~np.isnan(one.values) for one in cells.values())])
    if whole.any() and np.isnan(given[whole]).all():
        raise derivation.formula.problem(0, "it gives no value of the column in any row of the table.")
    compared = ~np.isnan(given) & ~np.isnan(own)
    wrong = int((compared & ~same(given, own)).sum())
    return f", which differs from the table in {wrong} of {int(compared.sum())} rows" if wrong else ""


def broken(columns: tuple[Column, ...], frame: pd.DataFrame) -> frozenset[str]:
    """The columns with a formula that was found in other rows of the table, and does not hold in these."""
    found = [one for one in plan(columns) if FOUND in one.column.note]
    return frozenset(one.column.name for one in found if _differing(one, frame))


def without(column: Column) -> Column:
    """A column whose formula was found and does not hold, without it."""
    return _described(dataclasses.replace(column, formula=None), None, find=True)


def turned_off(columns: tuple[Column, ...]) -> tuple[Column, ...]:
    """The columns, all of which have no formula."""
    return tuple(_described(dataclasses.replace(column, formula=None), None, find=False) for column in columns)


def formula_given(name: str, value: object) -> str | None:
    """The formula that a user gave: a text; False or an empty text for none; None to look for one.

    Raises:
        InputError: it is anything else.
    """
    if value is None or isinstance(value, str):
        return value.strip() if isinstance(value, str) else None
    if value is False:
        return NONE
    raise InputError(f"Column {name!r} of the schema has formula = {value!r}, which must be a text such as "
                     '"2.54 * inches", or "" for none.')  # fmt: skip


def _described(column: Column, found: str | None, find: bool, differing: str = "") -> Column:
    if column.role != "feature":
        return column
    if not column.formula and not found:
        note = "" if COMPUTED in column.note else column.note
        formula = column.formula if find or column.is_image else NONE
        return dataclasses.replace(column, formula=formula, note=note)
    if found is None and COMPUTED in column.note and not differing:
        return column
    formula = found or str(column.formula)
    shown = formula if len(formula) <= SHOWN else f"{formula[:SHOWN]}..."
    how = f"equals {shown} {FOUND} {COMPUTED} so" if found else f"{COMPUTED} as {shown}{differing}"
    before = "" if COMPUTED in column.note else column.note
    note = "; ".join(filter(None, [f'{how} (formula = "" turns this off)', before]))
    return dataclasses.replace(column, formula=formula, note=note)
