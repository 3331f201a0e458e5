"""A column that repeats another one."""

import numpy as np
from jaxtyping import Bool

from evenvae.tables.relations.sample import Sample
from evenvae.tables.relations.seen import Seen, beyond_chance, both


def possible(sample: Sample, target: int) -> Bool[np.ndarray, " D"]:
    """The columns that a column may repeat, as far as a few rows show."""
    own = sample.common[target]
    alike = (sample.common == own) | np.isnan(sample.common) | np.isnan(own)
    return alike.all(axis=1) & sample.of_kind(sample.kinds[target])


def find(target: Seen, source: Seen) -> str | None:
    """The formula ``source`` where both columns hold the same cells."""
    kinds = {"number" if cells.kind == "flag" else cells.kind for cells in (target.cells, source.cells)}
    if len(kinds) > 1 or (target.cells.kind == "flag") != (source.cells.kind == "flag"):
        return None
    rows = both(target, source)
    if rows is None:
        return None
    own, other = target.values, source.values
    if target.cells.kind == "text":
        place = {text: float(i) for i, text in enumerate(target.cells.texts)}
        listed = np.array([*(place.get(text, -1.0) for text in source.cells.texts), np.nan])
        other = listed[np.where(source.observed, other, -1).astype(int)]
    few = rows.few
    if (own[few] != other[few]).any() or (own[rows.all] != other[rows.all]).any():
        return None
    return source.name if beyond_chance(target, rows) else None
