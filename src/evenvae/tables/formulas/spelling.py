"""Names and constants as a formula spells them."""

import json
import re

from evenvae.tables.formulas.tokens import WORDS
from evenvae.tables.formulas.tree import Value

_PLAIN = re.compile(r"[^\W0-9]\w*")


def spelled_name(name: str) -> str:
    """A column's name; in backticks where it is not a plain word.

    >>> spelled_name("age"), spelled_name("hours per week")
    ('age', '`hours per week`')
    """
    if _PLAIN.fullmatch(name) and name not in WORDS:
        return name
    return "`" + name.replace("`", "``") + "`"


def spelled_constant(value: Value) -> str:
    """A number, a text or a truth value; texts with single quotes.

    >>> spelled_constant(2.0), spelled_constant("a 'b'")
    ('2', "'a \\\\'b\\\\''")
    """
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, str):
        inner = json.dumps(value, ensure_ascii=False)[1:-1].replace('\\"', '"').replace("'", "\\'")
        return f"'{inner}'"
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(float(value))
