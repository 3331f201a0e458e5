"""A level that decides the cell of another column: a code and its name, a town and its state; the start of a text."""

import numpy as np
from jaxtyping import Bool

from evenvae.tables.formulas import spelled_constant
from evenvae.tables.formulas.tree import Value
from evenvae.tables.relations.sample import Sample
from evenvae.tables.relations.seen import ENOUGH, Rows, Seen, both

FEWEST_ROWS = 250
"""A table and bins fit almost anything where there are few rows."""
MOST_LEVELS = 1000
MOST_NUMBERS = 100
"""Whole numbers with at most so many distinct values may be codes of something."""
RARER = 20.0
"""Nats of surprise that the repeated cells must have that are not the most frequent value of their column."""


def possible(sample: Sample, target: int) -> Bool[np.ndarray, " D"]:
    """The columns of levels or whole numbers in which no cell of a few rows stands beside two cells of a column."""
    whole = ((sample.cells == np.round(sample.cells)) | np.isnan(sample.cells)).all(axis=1)
    return ((sample.again & sample.changes(target)).sum(axis=1) == 0) & (sample.discrete | whole)


def find(target: Seen, source: Seen) -> str | None:
    """A formula such as ``lookup(code, {'AA': 'American'})``, or ``prefix(code, 2)`` where that says the same."""
    rows = both(target, source) if target.column.discrete or target.is_number else None
    if rows is None or len(rows.all) < FEWEST_ROWS:
        return None
    few = rows.few
    if not source.column.discrete and (source.values[few] != np.round(source.values[few])).any():
        return None
    if table_of(target, source.values[few], few) is None:
        return None
    if len(target.distinct) < 2 or not may_decide(source) or len(source.distinct) < len(target.distinct):
        return None
    return _of_text(target, source, rows) or table_of(target, source.values[rows.all], rows.all, source.name,
                                                      source.cells.texts, source.cells.kind == "flag")  # fmt: skip


def may_decide(source: Seen) -> bool:
    """Whether the values of a column are few enough to be listed."""
    if source.column.discrete:
        return 2 <= len(source.distinct) <= MOST_LEVELS
    return source.whole and 2 <= len(source.distinct) <= MOST_NUMBERS


def table_of(
    target: Seen,
    keys: np.ndarray,
    rows: np.ndarray,
    name: str = "",
    texts: tuple[str, ...] = (),
    flags: bool = False,
) -> str | None:
    """The formula of a table from keys to the cells of a column.

    Args:
        target: the column.
        keys: of these rows: numbers, or places among ``texts``.
        rows: the places of the rows.
        name: what is looked up, as a formula spells it. Empty where only contradictions are looked for.
        texts: of keys that are texts.
        flags: whether the keys are truth values.

    Returns:
        The formula, the most frequent keys first, or an empty text without ``name``. None where a key has several
        values, or where chance can explain that none has.
    """
    unique, first, place, counts = np.unique(keys, return_index=True, return_inverse=True, return_counts=True)
    values = target.values[rows]
    if (values[first][place.reshape(-1)] != values).any():
        return None
    if not name:
        return ""
    own = target.codes[rows]
    repeated = np.ones(len(rows), bool)
    repeated[first] = False
    surprise = target.surprise[rows] * repeated
    if surprise.sum() <= ENOUGH or surprise[own != target.commonest].sum() <= RARER:
        return None
    order = np.argsort(-counts, kind="stable")
    spelled = lambda key: spelled_constant(texts[int(key)] if texts else bool(key) if flags else float(key))
    pairs = ", ".join(f"{spelled(unique[i])}: {spelled_constant(value_of(target, int(own[first[i]])))}" for i in order)
    return f"lookup({name}, {{{pairs}}})"


def value_of(target: Seen, code: int) -> Value:
    """One of the distinct values of a column, as a constant."""
    value = target.distinct[code]
    if target.cells.kind == "text":
        return target.cells.texts[int(value)]
    return bool(value) if target.cells.kind == "flag" else float(value)


def _of_text(target: Seen, source: Seen, rows: Rows) -> str | None:
    """A function of the text instead of a table, where it gives every level."""
    if target.cells.kind != "text" or source.cells.kind != "text":
        return None
    places, first = np.unique(source.values[rows.all], return_index=True)
    whole = [source.cells.texts[int(place)] for place in places]
    own = [target.cells.texts[int(place)] for place in target.values[rows.all][first]]
    length = max(map(len, own))
    functions = {
        f"prefix({source.name}, {length})": lambda text: text[:length],
        f"lower({source.name})": str.lower,
        f"upper({source.name})": str.upper,
    }
    proven = table_of(target, source.values[rows.all], rows.all, source.name, source.cells.texts)
    if proven is None:
        return None
    return next((text for text, function in functions.items() if list(map(function, whole)) == own), None)
