"""What drawn rows must satisfy: values, sets and ranges of columns."""

import dataclasses
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float

from evenvae.errors import InputError
from evenvae.fitted.rules import Rule
from evenvae.tables import Column, Schema
from evenvae.tables.suggestions import nearest

COMPARISON = re.compile(r"^\s*(.+?)\s*(<=|>=|!=|==|=|<|>)\s*(.*?)\s*$")


@dataclasses.dataclass(frozen=True)
class Condition:
    """The values that one column may have.

    Values are those of an encoded table: numbers, and codes of levels.

    Attributes:
        column: place of the column's value in a row.
        text: the condition as the user wrote it.
        lowest, highest: bounds, both allowed.
        among: the only allowed values; None allows all within the bounds.
        except_: values that are not allowed.
    """

    column: int
    text: str
    lowest: float = -np.inf
    highest: float = np.inf
    among: tuple[float, ...] | None = None
    except_: tuple[float, ...] = ()

    @property
    def value(self) -> float | None:
        """The only allowed value, where there is exactly one."""
        if self.among is not None and len(self.among) == 1 and not self.except_:
            return self.among[0]
        return self.lowest if self.lowest == self.highest else None

    def holds(self, values: Float[np.ndarray, "N E"]) -> Bool[np.ndarray, " N"]:
        """Which rows satisfy the condition."""
        own = values[:, self.column]
        good = (own >= self.lowest) & (own <= self.highest)
        if self.among is not None:
            good &= np.isin(own, self.among)
        return good & ~np.isin(own, self.except_)


def parse(given: Any, schema: Schema) -> list[Condition]:
    """Conditions from what the user gave.

    Args:
        given: None; texts such as ``"age>=65"`` or ``"city=Bonn"``; or a dict from column to a value, a tuple
            ``(low, high)`` with None for an open end, or a list of values.
        schema: of the fitted model.

    Raises:
        InputError: a column that is not modelled, an unknown level, or a condition or number that cannot be read.
    """
    if given is None:
        return []
    _check_given(given)
    if isinstance(given, Mapping):
        return [_from_value(name, wanted, schema) for name, wanted in given.items()]
    texts = [given] if isinstance(given, str) else given
    return [_from_text(text, schema) for text in texts]


def _check_given(given: Any) -> None:
    """Refuse what is neither a dict, nor a text, nor a list of texts."""
    texts = [given] if isinstance(given, str) else given
    if isinstance(given, Mapping) or (
        isinstance(texts, list | tuple | set | frozenset) and all(isinstance(text, str) for text in texts)
    ):
        return
    raise InputError(
        f"given={given!r} must be a dict of column to value, as in {{'age': (65, None)}}, or texts such as 'age>=65'."
    )


def split_tasks(given: Any, tasks: Sequence[str]) -> tuple[dict[str, Any], Any]:
    """``given`` as values of task columns, which the model is told, and conditions on the other columns.

    Raises:
        InputError: a task is given as anything but one value.
    """
    if given is None or not tasks:
        return {}, given
    _check_given(given)
    if isinstance(given, Mapping):
        told = {name: value for name, value in given.items() if name in tasks}
        if any(isinstance(value, tuple | list | set | np.ndarray) for value in told.values()):
            raise InputError(f"given {told}: a task is given as one value.")
        return told, {name: value for name, value in given.items() if name not in tasks}
    told, rest = {}, []
    for text in [given] if isinstance(given, str) else given:
        found = COMPARISON.match(text)
        if found and found.group(1) in tasks:
            if found.group(2) not in ("=", "=="):
                raise InputError(f"given {text}: a task is given as COLUMN=VALUE.")
            told[found.group(1)] = found.group(3)
        else:
            rest.append(text)
    return told, rest


def _from_value(name: str, wanted: Any, schema: Schema) -> Condition:
    text = f"{name}={wanted}"
    own = _Values.of(name, schema, text)
    if isinstance(wanted, tuple):
        if len(wanted) != 2:
            raise InputError(f"given {text}: a range is a pair (low, high), with None for an open end.")
        low, high = wanted
        own.check_order()
        lowest = -np.inf if low is None else own.encode(low)
        highest = np.inf if high is None else own.encode(high)
        return _not_empty(Condition(own.place, text, lowest, highest))
    many = wanted if isinstance(wanted, list | set | frozenset | np.ndarray) else [wanted]
    return _not_empty(Condition(own.place, text, among=tuple(own.encode(value) for value in many)))


def _from_text(text: str, schema: Schema) -> Condition:
    found = COMPARISON.match(text)
    if not found:
        raise InputError(f"given {text!r} is not of the form COLUMN=VALUE, COLUMN>=VALUE or COLUMN<=VALUE.")
    name, sign, value = found.groups()
    own = _Values.of(name, schema, text)
    if sign not in ("=", "==", "!="):
        own.check_order()
    wanted = own.encode(value)
    match sign:
        case "=" | "==":
            made = Condition(own.place, text, among=(wanted,))
        case "!=":
            made = Condition(own.place, text, except_=(wanted,))
        case ">=":
            made = Condition(own.place, text, lowest=wanted)
        case "<=":
            made = Condition(own.place, text, highest=wanted)
        case ">":
            made = Condition(own.place, text, lowest=np.nextafter(wanted, np.inf))
        case _:
            made = Condition(own.place, text, highest=np.nextafter(wanted, -np.inf))
    return _not_empty(made)


@dataclasses.dataclass(frozen=True)
class _Values:
    """The column of one condition, which turns the condition's values into numbers."""

    place: int
    column: Column
    text: str

    @classmethod
    def of(cls, name: str, schema: Schema, text: str) -> "_Values":
        names = [column.name for column in schema.features]
        if name not in names:
            raise InputError(f"given {text}: the model has no column {name!r}; {nearest(name, names)}.")
        feature = names.index(name)
        column = schema.features[feature]
        if column.is_image:
            raise InputError(f"given {text}: {name!r} holds images; conditions are for numbers and levels.")
        return cls(int(schema.first[feature]), column, text)

    def encode(self, value: Any) -> float:
        try:
            (code,) = self.column.encode(pd.Series([value], dtype=object), "error")
        except InputError as error:
            raise InputError(f"given {self.text}: {error}") from error
        if np.isnan(code):
            raise InputError(f"given {self.text}: {value!r} is not a value of column {self.column.name!r}.")
        return float(code)

    def check_order(self) -> None:
        """Refuse a comparison of levels that have no order."""
        if not self.column.has_order:
            name = self.column.name
            raise InputError(
                f"given {self.text}: the levels of {name!r} have no order; give one level or a list of them."
            )


def _not_empty(condition: Condition) -> Condition:
    if condition.lowest > condition.highest:
        raise InputError(f"given {condition.text}: no value lies in this range.")
    return condition


def describe(conditions: Sequence[Condition], rules: Sequence[Rule]) -> str:
    """All conditions and rules in words."""
    return " and ".join([condition.text for condition in conditions] + [rule.text for rule in rules])
