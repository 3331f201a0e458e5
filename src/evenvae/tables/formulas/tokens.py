"""The words of a formula: names, numbers, texts and signs, each with its place."""

import json
import re
from collections.abc import Iterator
from typing import NamedTuple

from evenvae.tables.formulas.tree import problem

WORDS = ("and", "or", "not", "in", "is", "missing", "True", "False", "None")
"""Words with a meaning of their own. A column of such a name stands in backticks."""
LONGEST = 100_000
"""The longest text of a formula, in characters."""
_TOKEN = re.compile(
    r"""(?P<space>[ \t\r\n]+)
    |(?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
    |(?P<text>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
    |(?P<quoted>`(?:[^`]|``)*`)
    |(?P<name>[^\W0-9]\w*)
    |(?P<sign>\*\*|//|==|!=|<=|>=|[-+*/%<>()\[\]{},:&|~])""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"""\\(u[0-9a-fA-F]{4}|["\\/bfnrt'])""")
HINTS = {
    "'": "this text has no closing quote.",
    '"': "this text has no closing quote.",
    "`": "this name has no closing backtick.",
    "=": "one = is no comparison; write == for equal.",
    "!": "write not, or != for unequal.",
    ".": "a point is not allowed here; a column whose name is not a plain word stands in backticks, as in "
    "`hours.per.week`.",
    "^": "^ is not allowed; write ** for a power.",
}
ALLOWED = (
    "allowed are columns (in backticks if the name is not a plain word), numbers, texts in quotes, comparisons, "
    "and, or, not, + - * / // % **, in [...], is missing, and functions"
)


class Token(NamedTuple):
    """A word of a formula.

    ``kind`` is "number", "text", "name", "column" (a name in backticks), "sign" (also for `WORDS`) or "end".
    """

    kind: str
    value: str | float
    at: int
    end: int


def tokens(text: str, what: str) -> Iterator[Token]:
    """The words of a text, and one of the kind "end".

    Raises:
        InputError: the text is too long, or a character is not allowed.
    """
    if len(text) > LONGEST:
        raise problem(text, what, LONGEST, f"the text is longer than {LONGEST:,} characters.")
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise problem(text, what, at, HINTS.get(text[at], f"{text[at]!r} is not allowed; {ALLOWED}."))
        if found.lastgroup != "space":
            yield _token(str(found.lastgroup), found.group(), text, what, at)
        at = found.end()
    yield Token("end", "", len(text), len(text))


def _token(kind: str, word: str, text: str, what: str, at: int) -> Token:
    end = at + len(word)
    if kind == "number":
        if text[end : end + 1].isalnum() or text[end : end + 1] in ("_", "."):
            raise problem(text, what, at, "this is no number, and a column whose name begins with a digit stands in "
                                          "backticks.")  # fmt: skip
        number = float(word)
        if number == float("inf"):
            raise problem(text, what, at, "this number is too large.")
        return Token(kind, number, at, end)
    if kind == "text":
        return Token(kind, _unescaped(word, text, what, at), at, end)
    if kind == "quoted":
        return Token("column", word[1:-1].replace("``", "`"), at, end)
    return Token("sign" if word in WORDS else kind, word, at, end)


def _unescaped(word: str, text: str, what: str, at: int) -> str:
    r"""The text between quotes, in which \n, \t, \uXXXX and so on have the meaning that they have in JSON."""
    inner = word[1:-1]
    if "\\" not in inner:
        return inner
    parts, place = [], 0
    while (back := inner.find("\\", place)) >= 0:
        found = _ESCAPE.match(inner, back)
        if found is None:
            raise problem(text, what, at + 1 + back, "after a backslash stands \\, a quote, n, t, r or u with four "
                                                     "hexadecimal digits.")  # fmt: skip
        parts += [inner[place:back], "'" if found.group(1) == "'" else json.loads(f'"{found.group()}"')]
        place = found.end()
    return "".join([*parts, inner[place:]])
