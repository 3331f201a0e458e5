"""The text of a formula as a tree.

The grammar, from the loosest to the tightest operator::

    a or b, a | b
    a and b, a & b
    not a
    a == b, a != b, a < b, a <= b, a > b, a >= b, a in [1, 2], a not in [1, 2], a is missing, a is not missing
    a + b, a - b
    a * b, a / b, a // b, a % b
    -a, ~a
    a ** 2

Comparisons may be chained, as in ``18 <= age < 65``. ``&`` and ``|`` are read as ``and`` and ``or``, so that
``a > 1 & b < 2`` means what it says. A column is a plain word, or any text in backticks; a backtick inside it is
written twice.
"""

from collections.abc import Iterable

from evenvae.errors import InputError
from evenvae.tables.formulas.functions import FUNCTIONS
from evenvae.tables.formulas.spelling import spelled_name
from evenvae.tables.formulas.tokens import Token, tokens
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
    Value,
    problem,
)
from evenvae.tables.suggestions import nearest

DEEPEST = 30
"""Brackets, functions and signs inside each other."""
MOST_PARTS = 1000
"""Operands of a formula; constants in lists do not count."""
LARGEST_POWER = 100
OR, AND, NOT, COMPARE, SUM, PRODUCT, SIGN, POWER = range(8)
BINDING = (
    {"or": OR, "|": OR, "and": AND, "&": AND, "+": SUM, "-": SUM, "**": POWER}
    | dict.fromkeys(("==", "!=", "<", "<=", ">", ">=", "in", "not", "is"), COMPARE)
    | dict.fromkeys(("*", "/", "//", "%"), PRODUCT)
)
CONSTANTS = {"True": True, "False": False}
CLOSING = {"[": "]", "(": ")", "{": "}"}


def parse(text: str, names: Iterable[str] | None = None, what: str = "formula") -> Formula:
    """Read a formula.

    Args:
        text: of the formula.
        names: the columns that exist; None allows any name.
        what: what messages call it, such as "rule".

    Raises:
        InputError: something in the text is not allowed, or a column or a function does not exist. The message says at
            which character.
    """
    parser = _Parser(text, what)
    root = parser.expression(OR)
    parser.expect_end()
    formula = Formula(text, what, root, tuple(parser.names.items()))
    return formula if names is None else check_names(formula, names)


def check_names(formula: Formula, names: Iterable[str]) -> Formula:
    """The formula, whose columns all exist.

    Raises:
        InputError: a column does not exist; the message says the nearest one that does, as a formula spells it.
    """
    known = set(names)
    for name, at in formula.names:
        if name not in known:
            raise formula.problem(at, f"there is no column {name!r}; {nearest(name, map(spelled_name, known))}.")
    return formula


class _Parser:
    """One pass over the words of a text; every method reads some words and gives their tree."""

    def __init__(self, text: str, what: str):
        self.text, self.what = text, what
        self.words = list(tokens(text, what))
        self.place = self.depth = self.parts = 0
        self.names: dict[str, int] = {}

    def expression(self, least: int) -> Node:
        """The longest expression whose operators bind at least so tightly."""
        self.depth += 1
        if self.depth > DEEPEST:
            raise self.wrong(f"there are more than {DEEPEST} brackets, functions or signs inside each other.")
        found = self.prefix(least)
        while (binding := self.binding()) is not None and binding >= least:
            found = self.joined(found, binding)
        self.depth -= 1
        return found

    def prefix(self, least: int) -> Node:
        """A value, or a sign and the value after it."""
        self.parts += 1
        if self.parts > MOST_PARTS:
            raise self.wrong(f"the formula has more than {MOST_PARTS} operands.")
        token = self.next()
        match token.kind, token.value:
            case (("number" | "text"), value):
                return Constant(token.at, value)
            case "sign", ("True" | "False"):
                return Constant(token.at, CONSTANTS[str(token.value)])
            case "column", name:
                return self.column(str(name), token.at)
            case "name", name:
                return self.call(token) if self.is_next("(") else self.column(str(name), token.at)
            case "sign", "missing":
                if self.is_next("("):
                    return self.call(token)
                raise self.wrong("missing stands after is, as in: age is missing. A column of this name stands in "
                                 "backticks.", token)  # fmt: skip
            case "sign", "not":
                if least > NOT:
                    raise self.wrong("put this not, and what follows it, in brackets.", token)
                return Not(token.at, self.expression(NOT))
            case "sign", "~":
                return Not(token.at, self.expression(SIGN))
            case "sign", "-":
                return Negative(token.at, self.expression(SIGN))
            case "sign", "+":
                return self.expression(SIGN)
            case "sign", "(":
                inner = self.expression(OR)
                self.expect(")", "a bracket is not closed; write ).")
                return inner
            case "sign", "None":
                raise self.wrong("None is no value; write: is missing.", token)
            case "sign", ("[" | "{"):
                raise self.wrong("a list stands only after in, or as an argument of a function.", token)
            case _:
                raise self.wrong("a column, a number, a text in quotes or a function is expected here.", token)

    def binding(self) -> int | None:
        """How tightly the next word joins what is before it; None where it does not."""
        token = self.words[self.place]
        if token.kind != "sign":
            return None
        if token.value == "not" and self.words[self.place + 1].value != "in":
            return None
        return BINDING.get(str(token.value))

    def joined(self, first: Node, binding: int) -> Node:
        """An expression and all that operators of the same tightness join to it."""
        if binding == COMPARE:
            return self.comparison(first)
        if binding == POWER:
            token = self.next()
            return Arithmetic(first.at, first, (("**", token.at, self.exponent(token)),))
        rest = []
        while self.binding() == binding:
            token = self.next()
            rest.append((str(token.value), token.at, self.expression(binding + 1)))
        if binding in (OR, AND):
            return Logic(first.at, "or" if binding == OR else "and", (first, *(node for *_, node in rest)))
        return Arithmetic(first.at, first, tuple(rest))

    def exponent(self, sign: Token) -> Node:
        """The number after ``**``."""
        found = self.expression(SIGN)
        inner = found.operand if isinstance(found, Negative) else found
        if not isinstance(inner, Constant) or isinstance(inner.value, str) or abs(inner.value) > LARGEST_POWER:
            raise self.wrong(f"after ** stands a number from -{LARGEST_POWER} to {LARGEST_POWER}.", sign)
        return found

    def comparison(self, first: Node) -> Comparison:
        """A chain of comparisons."""
        rest = []
        while self.binding() == COMPARE:
            token = self.next()
            sign, operand = str(token.value), None
            if sign == "not":
                self.next()
                sign = "not in"
            if sign == "is":
                sign = "is not missing" if self.skip("not") else "is missing"
                if not (self.skip("missing") or self.skip("None")):
                    raise self.wrong("after is stands missing or not missing; write == for equal.")
            elif sign in ("in", "not in"):
                operand = self.listing("after in stands a list of constants, as in [1, 2].")
            else:
                operand = self.expression(SUM)
            rest.append((sign, token.at, operand))
        return Comparison(first.at, first, tuple(rest))

    def call(self, name: Token) -> Call:
        """A function and its arguments."""
        function = str(name.value)
        if function not in FUNCTIONS:
            raise self.wrong(f"there is no function {function!r}; {nearest(function, FUNCTIONS)}.", name)
        self.next()
        arguments: list[Node | Listing | Table] = []
        while not self.skip(")"):
            if arguments:
                self.expect(",", "arguments of a function are separated by commas, and a bracket follows the last.")
            arguments.append(self.argument())
        least, most = FUNCTIONS[function].least, FUNCTIONS[function].most
        if not least <= len(arguments) <= most:
            raise self.wrong(f"this function is written {FUNCTIONS[function].words}.", name)
        return Call(name.at, function, tuple(arguments))

    def argument(self) -> Node | Listing | Table:
        """A value, a list or a table."""
        if self.is_next("["):
            return self.listing("")
        if not self.is_next("{"):
            return self.expression(OR)
        opening, keys, values = self.next(), [], []
        while not self.skip("}"):
            if keys:
                self.expect(",", "the pairs of a table are separated by commas.")
                if self.skip("}"):
                    break
            keys.append(self.constant())
            self.expect(":", "a pair of a table is written 'key': value.")
            values.append(self.constant())
        return Table(opening.at, tuple(keys), tuple(values))

    def listing(self, sentence: str) -> Listing:
        """A list of constants in brackets of any kind."""
        opening = self.next()
        if opening.kind != "sign" or opening.value not in CLOSING:
            raise self.wrong(sentence, opening)
        closing, values = CLOSING[str(opening.value)], []
        while not self.skip(closing):
            if values:
                self.expect(",", f"constants of a list are separated by commas, and {closing} follows the last.")
                if self.skip(closing):
                    break
            values.append(self.constant())
        return Listing(opening.at, tuple(values))

    def constant(self) -> Value:
        """A constant in a list or a table."""
        negative = self.skip("-")
        token = self.next()
        if token.kind == "number":
            return -float(token.value) if negative else float(token.value)
        if not negative and token.kind == "text":
            return token.value
        if not negative and token.kind == "sign" and token.value in CONSTANTS:
            return CONSTANTS[str(token.value)]
        raise self.wrong("only constants stand here: numbers, texts in quotes, True and False.", token)

    def column(self, name: str, at: int) -> Name:
        """A column; its first mention is remembered."""
        self.names.setdefault(name, at)
        return Name(at, name)

    # Words

    def next(self) -> Token:
        """The next word; the end stays where it is."""
        token = self.words[self.place]
        self.place = min(self.place + 1, len(self.words) - 1)
        return token

    def is_next(self, sign: str) -> bool:
        """Whether the next word is this sign."""
        token = self.words[self.place]
        return token.kind == "sign" and token.value == sign

    def skip(self, sign: str) -> bool:
        """Read the next word if it is this sign."""
        found = self.is_next(sign)
        if found:
            self.next()
        return found

    def expect(self, sign: str, sentence: str) -> None:
        """Read this sign.

        Raises:
            InputError: the next word is another one.
        """
        if not self.skip(sign):
            raise self.wrong(sentence)

    def expect_end(self) -> None:
        """Raise `InputError` where words are left."""
        token = self.words[self.place]
        if token.kind == "end":
            return
        before = self.words[self.place - 1]
        if token.kind in ("name", "column", "number", "text") or token.value in CONSTANTS:
            raise self.wrong("an operator is expected here; a column whose name has spaces stands in backticks, as in "
                             "`hours per week`.")  # fmt: skip
        if token.value in ("(", "[") and before.kind in ("name", "column", "text", "sign"):
            raise self.wrong("only functions are followed by a bracket, and nothing can be indexed.")
        raise self.wrong(f"{token.value} is not expected here.")

    def wrong(self, sentence: str, token: Token | None = None) -> InputError:
        """An error at a word, or at the next one."""
        at = (self.words[self.place] if token is None else token).at
        return problem(self.text, self.what, at, sentence)
