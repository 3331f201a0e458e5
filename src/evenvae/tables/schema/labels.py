"""Column names that are no texts: numbers, tuples, dates."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from evenvae.tables.columns.base import plain
from evenvae.tables.columns.typed_levels import restored, type_of


def labels_of(names: Sequence[Any], columns: Sequence[str]) -> tuple[Any, ...]:
    """The names that a table gave its columns; empty where they are the texts of the schema."""
    return () if list(names) == list(columns) or len(names) != len(columns) else tuple(names)


def as_json(labels: Sequence[Any]) -> dict[str, Any]:
    """Names as JSON can hold them; empty where they are texts."""
    if not labels:
        return {}
    if all(isinstance(label, tuple) for label in labels):
        return {"labels": [[plain(part) for part in label] for label in labels]}
    kept = [None if label is None else plain(label) for label in labels]
    return {"labels": kept, "label_type": type_of(pd.Index(list(labels)))}


def from_json(data: Any) -> tuple[Any, ...]:
    """The names that `as_json` has described."""
    labels = data.get("labels", ())
    if any(isinstance(label, list) for label in labels):
        return tuple(tuple(label) for label in labels)
    return tuple(restored(labels, data["label_type"])) if data.get("label_type") else tuple(labels)
