"""Whether the description of a column agrees with itself."""

import math
from typing import Any

from evenvae.errors import InputError
from evenvae.likelihoods.registry import names
from evenvae.tables.columns.missing_cells import MISSING
from evenvae.tables.columns.time_units import CALENDAR, STEPS
from evenvae.tables.schema.column import Column
from evenvae.tables.suggestions import nearest

ROLES = ("feature", "task", "constant", "identifier", "ignored")
UNITS = (*CALENDAR, *STEPS)


def check_column(column: Column, partial: bool = False) -> Column:
    """Check the role, likelihood, unit, levels and bounds of a column.

    Args:
        column: what is known of the column.
        partial: the description may leave things out, as in a file that a user has edited.

    Returns:
        The column.

    Raises:
        InputError: the description contradicts itself.
    """
    where = f"Column {column.name!r} of the schema"
    if column.role not in ROLES:
        raise InputError(f"{where} has role={column.role!r}; {nearest(column.role, ROLES)}.")
    check_likelihood(column, partial)
    if column.shape and not partial and not column.is_image:
        raise InputError(f"{where} has shape={column.shape}, which images alone have; take it out.")
    if column.unit is not None and column.unit not in UNITS:
        raise InputError(f"{where} has unit={column.unit!r}; {nearest(column.unit, UNITS)}.")
    for cell in (*column.levels, *(() if column.value is None else (column.value,))):
        _check_cell(cell, column, where)
    if len({(isinstance(v, bool), v) for v in column.levels}) != len(column.levels):
        raise InputError(f"{where} lists a level twice; keep each once.")
    two_levels = column.role == "feature" and column.likelihood == "bernoulli" and not column.is_image
    if two_levels and len(column.levels) not in ((0, 2) if partial else (2,)):
        raise InputError(
            f"{where} is bernoulli and has {len(column.levels)} levels; bernoulli needs two, use categorical."
        )
    if column.low is not None and column.high is not None and column.low > column.high:
        raise InputError(f"{where} has low={column.low} above high={column.high}; swap them.")
    return column


def _check_cell(cell: Any, column: Column, where: str) -> None:
    """Refuse a level or a constant with which no missing cell can be filled."""
    endless = isinstance(cell, float) and not math.isfinite(cell)
    if not isinstance(cell, str | bool | int | float) or endless:
        raise InputError(f"{where} lists {cell!r:.60} where a text, a finite number or a truth value should stand.")
    if isinstance(cell, str) and cell.strip() in {*MISSING, *column.missing}:
        raise InputError(f"{where} lists {cell!r}, which means a missing cell; take it out.")


def check_likelihood(column: Column, partial: bool = False) -> None:
    """Check that a feature has a likelihood that exists for its kind of cells.

    Raises:
        InputError: it has not.
    """
    known = names(image=column.is_image)
    # a partial description may belong to an image column without saying so
    allowed = {*known, *((None, *names(image=True)) if partial else ())}
    if column.role == "feature" and column.likelihood not in allowed:
        raise InputError(
            f"Column {column.name!r} of the schema has likelihood={column.likelihood!r}; "
            f"{nearest(str(column.likelihood), known)}."
        )
