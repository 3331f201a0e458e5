"""What a formula is made of: the nodes of its tree, each with its place in the text."""

import dataclasses

from evenvae.errors import InputError

Value = float | str | bool
"""A constant. Whole numbers are floats too."""
SHOWN = 60
"""A message shows so many characters of a longer text."""


@dataclasses.dataclass(frozen=True)
class Constant:
    """A number, a text in quotes, True or False."""

    at: int
    value: Value


@dataclasses.dataclass(frozen=True)
class Name:
    """A column."""

    at: int
    name: str


@dataclasses.dataclass(frozen=True)
class Negative:
    """A minus sign before a value."""

    at: int
    operand: "Node"


@dataclasses.dataclass(frozen=True)
class Not:
    """``not`` or ``~`` before a truth value."""

    at: int
    operand: "Node"


@dataclasses.dataclass(frozen=True)
class Logic:
    """Operands joined by ``and``, or by ``or``."""

    at: int
    word: str
    operands: "tuple[Node, ...]"


@dataclasses.dataclass(frozen=True)
class Arithmetic:
    """Operands joined by + and -, or by * / // and %, from left to right; or two operands joined by **."""

    at: int
    first: "Node"
    rest: "tuple[tuple[str, int, Node], ...]"
    """The sign, its place, and the operand after it."""


@dataclasses.dataclass(frozen=True)
class Comparison:
    """A chain of comparisons; all of them must hold."""

    at: int
    first: "Node"
    rest: "tuple[tuple[str, int, Node | Listing | None], ...]"
    """The sign, its place, and the operand after it: a list after ``in``, None after ``is missing``."""


@dataclasses.dataclass(frozen=True)
class Listing:
    """A list of constants."""

    at: int
    values: tuple[Value, ...]


@dataclasses.dataclass(frozen=True)
class Table:
    """Constants by constants, as in ``{'a': 1, 'b': 2}``."""

    at: int
    keys: tuple[Value, ...]
    values: tuple[Value, ...]


@dataclasses.dataclass(frozen=True)
class Call:
    """A function of values, lists and tables."""

    at: int
    function: str
    arguments: "tuple[Node | Listing | Table, ...]"


Node = Constant | Name | Negative | Not | Logic | Arithmetic | Comparison | Call


@dataclasses.dataclass(frozen=True)
class Formula:
    """A formula that was read.

    Attributes:
        text: as the user wrote it.
        what: what a message calls it, such as "rule".
        root: the tree.
        names: the columns that it names, in the order of their first mention, each with its place in the text.
    """

    text: str
    what: str
    root: Node
    names: tuple[tuple[str, int], ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that the formula names."""
        return tuple(name for name, _ in self.names)

    def problem(self, at: int, sentence: str) -> InputError:
        """An error at a place of the text."""
        return problem(self.text, self.what, at, sentence)


def problem(text: str, what: str, at: int, sentence: str) -> InputError:
    """An error that says where in the text of a formula something is wrong; characters count from 1."""
    begin = max(0, min(at - SHOWN // 2, len(text) - SHOWN))
    shown = ("..." if begin else "") + text[begin : begin + SHOWN] + ("..." if len(text) > begin + SHOWN else "")
    return InputError(f"{what} {shown!r}, character {at + 1}: {sentence}")
