"""The tree of a formula, evaluated on whole columns.

Missing cells: whatever is computed from a missing cell is missing, and so is what cannot be computed, such as a number
divided by zero. ``and``, ``or`` and ``not`` are those of three-valued logic (Kleene): ``not (x > 3)`` is missing where
``x`` is, ``False and missing`` is false. `truth` takes a missing truth value as false.
"""

import dataclasses
import functools
from collections.abc import Callable, Mapping

import numpy as np
from jaxtyping import Bool

from evenvae.tables.formulas.cells import WORDS, Cells
from evenvae.tables.formulas.comparing import IncomparableError, as_span, compared, contained
from evenvae.tables.formulas.functions import FUNCTIONS, WrongArgumentError
from evenvae.tables.formulas.tree import (
    Arithmetic,
    Call,
    Comparison,
    Constant,
    Formula,
    Listing,
    Logic,
    Name,
    Negative,
    Node,
    Not,
    Table,
)

Pair = tuple[str, str]
OPERATIONS: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "//": np.floor_divide,
    "%": np.mod,
    "**": np.power,
}
RESULTS: dict[str, dict[Pair, str]] = {
    "+": {("time", "span"): "time", ("span", "time"): "time", ("span", "span"): "span"},
    "-": {("time", "time"): "span", ("time", "span"): "time", ("span", "span"): "span", ("clock", "clock"): "span"},
    "*": {("span", "number"): "span", ("number", "span"): "span"},
    "/": {("span", "number"): "span", ("span", "span"): "number"},
    "//": {("span", "span"): "number"},
    "%": {("span", "span"): "span"},
    "**": {},
}
"""What arithmetic makes of dates and spans of time; numbers give numbers."""


def evaluate(formula: Formula, cells: Mapping[str, Cells]) -> Cells:
    """The value of a formula in every row.

    Args:
        formula: that was read.
        cells: those of every column that it names, all of the same number of rows.

    Returns:
        Cells of as many rows, or of one row where the formula names no column.

    Raises:
        InputError: the cells are not of the kind that an operator or a function takes. The message says at which
            character.
    """
    with np.errstate(all="ignore"):
        return _Evaluation(formula, cells).of(formula.root)


def truth(formula: Formula, cells: Mapping[str, Cells], rows: int) -> Bool[np.ndarray, " {rows}"]:
    """In which rows a formula is true; a missing truth value is not true.

    Raises:
        InputError: as `evaluate`, or the formula gives no truth values.
    """
    found = evaluate(formula, cells)
    if found.kind != "flag":
        raise formula.problem(0, f"it gives {WORDS[found.kind]}, not truth values; compare them, as in age > 40.")
    return np.broadcast_to(found.values == 1, (rows,))


class _Evaluation:
    """One evaluation: a method for each kind of node."""

    def __init__(self, formula: Formula, cells: Mapping[str, Cells]):
        self.formula, self.cells = formula, cells

    def of(self, node: Node) -> Cells:
        match node:
            case Constant():
                return Cells.of_constant(node.value)
            case Name():
                return self.cells[node.name]
            case Negative():
                return self.negative(node)
            case Not():
                return Cells("flag", 1 - self.flags(node.operand, "not").values)
            case Logic():
                return self.logic(node)
            case Arithmetic():
                return self.arithmetic(node)
            case Comparison():
                return self.comparison(node)
            case Call():
                return self.call(node)

    def negative(self, node: Negative) -> Cells:
        inner = self.of(node.operand)
        if inner.kind not in ("number", "flag", "span"):
            raise self.formula.problem(node.at, f"a minus stands before numbers, not before {WORDS[inner.kind]}.")
        return dataclasses.replace(inner, kind="span" if inner.kind == "span" else "number", values=-inner.values)

    def flags(self, node: Node, word: str) -> Cells:
        found = self.of(node)
        if found.kind != "flag":
            raise self.formula.problem(
                node.at, f"{word} joins truth values, not {WORDS[found.kind]}; compare them, as in age > 40."
            )
        return found

    def logic(self, node: Logic) -> Cells:
        values = [self.flags(operand, node.word).values for operand in node.operands]
        return Cells("flag", functools.reduce(_and if node.word == "and" else _or, values))

    def arithmetic(self, node: Arithmetic) -> Cells:
        found = self.of(node.first)
        for sign, at, operand in node.rest:
            found = self.combined(found, sign, at, self.of(operand))
        return found

    def combined(self, a: Cells, sign: str, at: int, b: Cells) -> Cells:
        a, b = as_span(a, b), as_span(b, a)
        kinds = tuple("number" if cells.kind == "flag" else cells.kind for cells in (a, b))
        kind = "number" if kinds == ("number", "number") else RESULTS[sign].get(kinds)  # type: ignore[arg-type]
        if kind is None:
            raise self.formula.problem(at, f"{sign} cannot join {WORDS[a.kind]} and {WORDS[b.kind]}.")
        values = OPERATIONS[sign](a.values, b.values)
        values = np.where(np.isfinite(values), values, np.nan)
        return Cells(kind, values, zone=a.zone if a.kind == "time" else b.zone)  # type: ignore[arg-type]

    def comparison(self, node: Comparison) -> Cells:
        left, answers = self.of(node.first), []
        for sign, at, operand in node.rest:
            if operand is None:
                missing = np.isnan(left.values)
                answers.append((missing if sign == "is missing" else ~missing).astype(float))
                continue
            try:
                if isinstance(operand, Listing):
                    inside = contained(left, operand.values)
                    answers.append(1 - inside if sign == "not in" else inside)
                    continue
                right = self.of(operand)
                answers.append(compared(left, sign, right))
                left = right
            except IncomparableError as error:
                raise self.formula.problem(at, f"{error}.") from error
        return Cells("flag", functools.reduce(_and, answers))

    def call(self, node: Call) -> Cells:
        given = [part if isinstance(part, Listing | Table) else self.of(part) for part in node.arguments]
        try:
            return FUNCTIONS[node.function].apply(*given)
        except WrongArgumentError as error:
            raise self.formula.problem(node.at, f"{node.function} {error}.") from error


def _and(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    unknown = np.isnan(a) | np.isnan(b)
    return np.where((a == 0) | (b == 0), 0.0, np.where(unknown, np.nan, 1.0))


def _or(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return 1 - _and(1 - a, 1 - b)
