"""What sampled rows must satisfy: values, sets and ranges of columns, rules between them."""

import dataclasses
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float

from evenvae.errors import InputError
from evenvae.tables.cells import column_values
from evenvae.tables.schema import Schema, nearest

COMPARISON = re.compile(r"^\s*(.+?)\s*(<=|>=|!=|==|=|<|>)\s*(.*?)\s*$")
Rule = str | Callable[[pd.DataFrame], Any]


@dataclasses.dataclass(frozen=True)
class Condition:
    """One column's admissible values: ``lowest`` to ``highest``, those ``among`` a set, none of ``except_``.

    Values are those of an encoded table: numbers, codes of levels; ``column`` is their place in a row. ``text`` is
    how the user put it.
    """

    column: int
    text: str
    lowest: float = -np.inf
    highest: float = np.inf
    among: tuple[float, ...] | None = None
    except_: tuple[float, ...] = ()

    @property
    def value(self) -> float | None:
        """The only admissible value, where there is one."""
        if self.among is not None and len(self.among) == 1 and not self.except_:
            return self.among[0]
        return self.lowest if self.lowest == self.highest else None

    def holds(self, values: Float[np.ndarray, "N D"]) -> Bool[np.ndarray, " N"]:
        """Rows that satisfy it."""
        own = values[:, self.column]
        good = (own >= self.lowest) & (own <= self.highest)
        if self.among is not None:
            good &= np.isin(own, self.among)
        return good & ~np.isin(own, self.except_)


def parse(given: Any, schema: Schema) -> list[Condition]:
    """Conditions from what the user gave.

    Args:
        given: None; texts such as ``"age>=65"`` or ``"city=Bonn"``; or a dict by column of a value, a tuple
            ``(low, high)`` with None for an open end, or a list of values.
        schema: of the fitted model.

    Raises:
        InputError: a column that is not modelled, an unknown level, an unreadable condition or number.
    """
    if given is None:
        return []
    if isinstance(given, Mapping):
        return [_from_value(name, wanted, schema) for name, wanted in given.items()]
    texts = [given] if isinstance(given, str) else given
    return [_from_text(text, schema) for text in texts]


def apart(given: Any, tasks: Sequence[str]) -> tuple[dict[str, Any], Any]:
    """``given`` as values of task columns, which the model is told, and conditions on the others.

    Raises InputError where a task is given as anything but one value.
    """
    if given is None or not tasks:
        return {}, given
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
    encode = _encoder(name, schema, text)
    if isinstance(wanted, tuple):
        if len(wanted) != 2:
            raise InputError(f"given {text}: a range is a pair (low, high), with None for an open end.")
        low, high = wanted
        _ordered(name, schema, text)
        lowest = -np.inf if low is None else encode(low)
        highest = np.inf if high is None else encode(high)
        return _checked(Condition(encode.column, text, lowest, highest))
    many = wanted if isinstance(wanted, list | set | frozenset | np.ndarray) else [wanted]
    return _checked(Condition(encode.column, text, among=tuple(encode(value) for value in many)))


def _from_text(text: str, schema: Schema) -> Condition:
    found = COMPARISON.match(text)
    if not found:
        raise InputError(f"given {text!r} is not of the form COLUMN=VALUE, COLUMN>=VALUE or COLUMN<=VALUE.")
    name, sign, value = found.groups()
    encode = _encoder(name, schema, text)
    if sign not in ("=", "==", "!="):
        _ordered(name, schema, text)
    wanted = encode(value)
    match sign:
        case "=" | "==":
            made = Condition(encode.column, text, among=(wanted,))
        case "!=":
            made = Condition(encode.column, text, except_=(wanted,))
        case ">=":
            made = Condition(encode.column, text, lowest=wanted)
        case "<=":
            made = Condition(encode.column, text, highest=wanted)
        case ">":
            made = Condition(encode.column, text, lowest=np.nextafter(wanted, np.inf))
        case _:
            made = Condition(encode.column, text, highest=np.nextafter(wanted, -np.inf))
    return _checked(made)


@dataclasses.dataclass(frozen=True)
class _Encoder:
    column: int
    described: Any
    text: str

    def __call__(self, value: Any) -> float:
        try:
            (code,) = column_values(pd.Series([value], dtype=object), self.described, on_unseen="error")
        except InputError as error:
            raise InputError(f"given {self.text}: {error}") from error
        if np.isnan(code):
            raise InputError(f"given {self.text}: {value!r} is no value of column {self.described.name!r}.")
        return float(code)


def _encoder(name: str, schema: Schema, text: str) -> _Encoder:
    names = [column.name for column in schema.features]
    if name not in names:
        raise InputError(f"given {text}: the model has no column {name!r}; {nearest(name, names)}.")
    feature = names.index(name)
    column = schema.features[feature]
    if column.kind == "image":
        raise InputError(f"given {text}: {name!r} holds images; conditions are for numbers and levels.")
    return _Encoder(int(schema.first[feature]), column, text)


def _ordered(name: str, schema: Schema, text: str) -> None:
    column = schema[name]
    if column.nominal and column.likelihood != "ordinal" and not column.ordered:
        raise InputError(f"given {text}: the levels of {name!r} have no order; give one level or a list of them.")


def _checked(condition: Condition) -> Condition:
    if condition.lowest > condition.highest:
        raise InputError(f"given {condition.text}: no value lies in this range.")
    return condition


def rule_holds(rule: Rule, frame: pd.DataFrame) -> Bool[np.ndarray, " N"]:
    """Rows of a decoded table that satisfy a rule: an expression of column names, or a function of the table.

    Raises InputError where it cannot be evaluated, or does not answer with one truth value a row.
    """
    try:
        answer = frame.eval(rule, engine="python") if isinstance(rule, str) else rule(frame)
        good = np.asarray(answer, dtype=object)
        if good.shape != (len(frame),):
            raise ValueError(f"it gave {good.shape} values for {len(frame)} rows")
        return np.array([value is True or value is np.True_ or value == 1 for value in good], bool)
    except Exception as error:
        raise InputError(f"rule {rule!r} could not be applied: {error}.") from error


def described(conditions: Sequence[Condition], rules: Sequence[Rule]) -> str:
    """All of them in words."""
    return " and ".join([c.text for c in conditions] + [r if isinstance(r, str) else r.__name__ for r in rules])
