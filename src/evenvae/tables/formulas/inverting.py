"""From what a formula gives back to one of its columns: the range from which the column's value may be chosen."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from evenvae.tables.formulas.tree import Arithmetic, Call, Constant, Listing, Name, Negative, Node, Value

DAY = 86_400.0


class Range(NamedTuple):
    """The least and the largest value in each row, (rows,); ``open`` leaves out the largest one."""

    low: np.ndarray
    high: np.ndarray
    open: bool = False


@dataclasses.dataclass(frozen=True)
class Linear:
    """A sum of columns times constants, and a constant."""

    factors: Mapping[str, float]
    constant: float = 0.0

    def scaled(self, factor: float) -> "Linear":
        """Every term times a constant."""
        return Linear({name: factor * own for name, own in self.factors.items()}, factor * self.constant)

    def plus(self, other: "Linear") -> "Linear":
        """The sum of both."""
        names = {**self.factors, **other.factors}
        factors = {name: self.factors.get(name, 0.0) + other.factors.get(name, 0.0) for name in names}
        return Linear(factors, self.constant + other.constant)


def linear(node: Node | object) -> Linear | None:
    """A formula as a sum of columns times constants; None where it is not of this form."""
    match node:
        case Constant(value=bool() | str()):
            return None
        case Constant():
            return Linear({}, float(node.value))
        case Name():
            return Linear({node.name: 1.0})
        case Negative():
            inner = linear(node.operand)
            return None if inner is None else inner.scaled(-1)
        case Arithmetic():
            found = linear(node.first)
            for sign, _, operand in node.rest:
                found = _joined(found, sign, linear(operand))
            return found
        case Call(function="sum"):
            found = Linear({})
            for argument in node.arguments:
                found = _joined(found, "+", linear(argument))
            return found
        case Call(function="days", arguments=(span,)):
            inner = linear(span)
            return None if inner is None else inner.scaled(1 / DAY)
    return None


def preimage(
    node: Node,
    name: str,
    wanted: Range,
    value: Callable[[Node], Float[np.ndarray, " rows"]],
    code: Callable[[Value], float],
) -> Range | None:
    """The range of a column in which a formula gives what is wanted, the other columns staying as they are.

    Args:
        node: the formula.
        name: the column.
        wanted: what the formula is to give.
        value: the present value of a part of the formula.
        code: the value of a label of ``bin`` among those that are wanted.

    Returns:
        The range; None where the formula is not of a form that is inverted here.
    """
    again = lambda inner, low, high, open_: preimage(inner, name, Range(low, high, open_), value, code)
    sum_of = linear(node)
    if sum_of is not None:
        factor = sum_of.factors.get(name, 0.0)
        if factor == 0:
            return None
        rest = value(node) - factor * value(Name(0, name))
        ends = (wanted.low - rest) / factor, (wanted.high - rest) / factor
        low, high = ends if factor > 0 else ends[::-1]
        return Range(low, high, wanted.open and factor > 0)
    match node:
        case Arithmetic():
            *before, (sign, _, operand) = node.rest
            inner = dataclasses.replace(node, rest=tuple(before)) if before else node.first
            by = linear(operand)
            if by is None or by.factors:
                return None
            if sign in ("+", "-"):
                shift = by.constant if sign == "+" else -by.constant
                return again(inner, wanted.low - shift, wanted.high - shift, wanted.open)
            if sign == "//" and by.constant > 0:
                return again(inner, by.constant * wanted.low, by.constant * (wanted.high + 1), True)
            if sign == "%" and by.constant > 0:
                present = value(inner)
                base = present - np.mod(present, by.constant)
                return again(inner, base + wanted.low, base + wanted.high, wanted.open)
        case Call(function="floor", arguments=(inner,)):
            return again(inner, wanted.low, wanted.high + 1, True)
        case Call(function="round"):
            inner, *digits = node.arguments
            places = linear(digits[0]) if digits else None
            half = 0.5 * 10.0 ** -(places.constant if places else 0)
            return again(inner, wanted.low - half, wanted.high + half, False)
        case Call(function="bin", arguments=(inner, Listing() as edges, Listing() as labels)):
            ends = np.array([-np.inf, *edges.values, np.inf], float)
            codes = np.array([code(label) for label in labels.values])
            middle = (wanted.low + wanted.high) / 2
            place = np.abs(codes[None, :] - middle[:, None]).argmin(axis=1)
            return again(inner, ends[place], ends[place + 1], True)
    return None


def _joined(a: Linear | None, sign: str, b: Linear | None) -> Linear | None:
    if a is None or b is None:
        return None
    if sign in ("+", "-"):
        return a.plus(b if sign == "+" else b.scaled(-1))
    if sign == "*" and not (a.factors and b.factors):
        return a.scaled(b.constant) if not b.factors else b.scaled(a.constant)
    if sign == "/" and not b.factors and b.constant != 0:
        return a.scaled(1 / b.constant)
    return None
