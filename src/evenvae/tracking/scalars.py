"""One entry of the history as numbers with names."""

from collections.abc import Sequence
from typing import Any

import numpy as np

NO_METRICS = ("step", "stopped")


def of_record(record: dict[str, Any], columns: Sequence[str]) -> dict[str, float]:
    """Means over the members of an ensemble, by name.

    They are ``loss``, ``kl``, ``validation`` and, for every column, ``loss/age`` and ``validation/age``. All else
    in the entry is given too, such as ``multiplier`` and ``constraint`` of GECO, for the row or for every column.
    Numbers that are not finite are left out.

    Args:
        record: the entry of the history.
        columns: names of the table's columns.
    """
    return _named(record, columns, _mean)


def of_members(record: dict[str, Any]) -> list[dict[str, float]]:
    """The numbers of every member, without those of columns; an empty list where there is only one member."""
    members = len(record["loss"])
    if members == 1:
        return []
    return [_named(record, None, lambda values, place=place: values[place]) for place in range(members)]


def _named(record: dict[str, Any], columns: Sequence[str] | None, pick: Any) -> dict[str, float]:
    named: dict[str, float] = {}
    for field, of_runs in record.items():
        if field in NO_METRICS:
            continue
        picked = np.atleast_1d(pick(np.asarray(of_runs, float)))
        by_column = np.ndim(of_runs) > 1
        if by_column and columns is not None and len(picked) == len(columns):
            name = {"column_losses": "loss", "validation_columns": "validation"}.get(field, field)
            named |= {f"{name}/{column}": float(value) for column, value in zip(columns, picked, strict=True)}
        elif len(picked) == 1 and field not in ("column_losses", "validation_columns"):
            named[field] = float(picked[0])
    return {name: value for name, value in named.items() if np.isfinite(value)}


def _mean(values: np.ndarray) -> np.ndarray:
    known = np.isfinite(values)
    total = np.where(known, values, 0).sum(axis=0)
    return np.where(known.any(axis=0), total / np.maximum(known.sum(axis=0), 1), np.nan)
