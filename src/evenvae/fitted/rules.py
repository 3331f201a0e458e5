"""Rules between the columns of drawn rows: formulas, and functions of the table."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Int

from evenvae import tables
from evenvae.errors import InputError
from evenvae.tables import Schema
from evenvae.tables.derived.computing import without_bounds
from evenvae.tables.derived.plan import ends
from evenvae.tables.formulas import Cells, parse, truth


@dataclasses.dataclass(frozen=True)
class Rule:
    """What a row must satisfy.

    Attributes:
        text: the rule in words.
        holds: which rows of a pandas table satisfy it.
    """

    text: str
    holds: Callable[[pd.DataFrame], Bool[np.ndarray, " N"]]


def read(rules: Any, schema: Schema) -> list[Rule]:
    """Rules from what the user gave. Formulas are tried on rows of made-up cells, so that errors show at once.

    Args:
        rules: a formula such as ``"start <= end"``, a function of a pandas table, or several of both.
        schema: of the fitted model.

    Raises:
        InputError: a formula has something that is not allowed, names a column that does not exist, compares what
            cannot be compared, or gives no truth values; or a rule is neither a formula nor a function.
    """
    alone = rules is None or isinstance(rules, str) or callable(rules)
    many = ([] if rules is None else [rules]) if alone else rules
    if not isinstance(many, list | tuple) or not all(isinstance(rule, str) or callable(rule) for rule in many):
        raise InputError(
            f"rules={rules!r} must be formulas of columns, as in ['start <= end'], or functions of a table."
        )
    return [_read(rule, schema) for rule in many]


def decoded(values: Float[np.ndarray, "N E"], schema: Schema, tasks: Int[np.ndarray, "N T"]) -> pd.DataFrame:
    """Drawn values as the pandas table that rules see."""
    return tables.decode(values, without_bounds(schema), like=pd.DataFrame(), tasks=tasks)


def _read(rule: Any, schema: Schema) -> Rule:
    if isinstance(rule, str):
        made = _formula(rule, schema)
        made.holds(_made_up(schema))
        return made
    return Rule(getattr(rule, "__name__", repr(rule)), lambda frame: _answer(rule, frame))


def _formula(text: str, schema: Schema) -> Rule:
    columns = {column.name: column for column in schema.columns}
    formula = parse(text, columns, "rule")
    for name, at in formula.names:
        if columns[name].is_image:
            raise formula.problem(at, f"{name!r} holds images; rules are for numbers, levels and dates.")
    cells = lambda frame: {name: Cells.of_column(frame[name], columns[name]) for name in formula.columns}
    return Rule(text, lambda frame: truth(formula, cells(frame), len(frame)))


def _made_up(schema: Schema) -> pd.DataFrame:
    """A few rows with the lowest and highest numbers and with levels, to try formulas on."""
    values = np.full((2, schema.elements), np.nan)
    for column, place in zip(schema.features, schema.first, strict=True):
        if not column.is_image:
            values[:, place] = ends(column)
    return decoded(values, schema, np.zeros((2, len(schema.tasks)), np.int32))


def _answer(function: Callable[[pd.DataFrame], Any], frame: pd.DataFrame) -> Bool[np.ndarray, " N"]:
    """The truth values of a function of the table.

    Raises:
        InputError: the function fails, or does not give one truth value for every row.
    """
    try:
        good = np.asarray(function(frame), dtype=object)
        if good.shape != (len(frame),):
            raise ValueError(f"it gave {good.shape} values for {len(frame)} rows")
        return np.array([not pd.isna(value) and value == 1 for value in good], bool)
    except Exception as error:
        raise InputError(f"rule {function!r} could not be applied: {error}.") from error
