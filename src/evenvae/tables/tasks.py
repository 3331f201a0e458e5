"""Task columns: known for every row, told to the model, never modelled."""

import dataclasses
import warnings
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float, Int, Shaped

from evenvae.errors import InputError, TableWarning
from evenvae.tables.cells import codes, column_values
from evenvae.tables.schema import Column, Schema, nearest

MOST_LEVELS = 1000


def declare(schema: Schema, frame: pd.DataFrame, names: str | Iterable[str] | None) -> Schema:
    """The schema with the named columns as tasks; None names those that the schema calls so.

    Args:
        schema: complete.
        frame: the table as `as_frame` gives it.
        names: one column or several.

    Raises:
        InputError: a column is not there, has a single level, or so many that it is no task.
    """
    if names is None:
        wanted = [column.name for column in schema.tasks]
    else:
        wanted = [names] if isinstance(names, str) else list(names)
    if len(set(wanted)) < len(wanted):
        raise InputError(f"task={names!r} names a column twice.")
    columns = {column.name: column for column in schema.columns}
    for name in wanted:
        if name not in columns:
            raise InputError(f"task={name!r} is no column of the table; {nearest(str(name), columns)}.")
        columns[name] = _task(columns[name], frame)
    return dataclasses.replace(schema, columns=tuple(columns.values()))


def _task(column: Column, frame: pd.DataFrame) -> Column:
    if not column.levels:
        said: dict[str, Any] = {"likelihood": "categorical", "missing": column.missing}
        found = Schema.infer(frame[[column.name]], overrides={column.name: said}).columns[0]
        column = dataclasses.replace(found, dtype=column.dtype)
    if column.cardinality < 2:
        raise InputError(f"task={column.name!r} has a single level, {column.levels[0]!r}; leave task None.")
    if column.cardinality > MOST_LEVELS or 2 * column.cardinality > len(frame):
        raise InputError(
            f"task={column.name!r} has {column.cardinality} levels in {len(frame)} rows, too many to be a task "
            f"(at most {MOST_LEVELS}, and two rows for each); bin its values, or name another column."
        )
    return dataclasses.replace(column, role="task", likelihood="categorical", reason="named as a task", rule="task")


def task_codes(frame: pd.DataFrame, schema: Schema) -> Int[np.ndarray, "N T"] | None:
    """Code of every row's task in every task column, -1 where it is missing or was not seen; None without tasks.

    What is not known is said once a column, as a `TableWarning`.
    """
    if not schema.tasks:
        return None
    found = np.full((len(frame), len(schema.tasks)), -1, np.int32)
    for place, column in enumerate(schema.tasks):
        if column.name in frame.columns:
            values = column_values(frame[column.name], column)
            found[:, place] = np.where(np.isnan(values), -1, values)
        unknown = int((found[:, place] < 0).sum())
        if unknown:
            warnings.warn(
                f"Task {column.name!r}: {unknown} of {len(frame)} rows have no task that was seen in training; they "
                "are taken to stand between all of them (the mean of the tasks' embeddings).",
                TableWarning,
                stacklevel=3,
            )
    return found


def code_of(column: Column, value: Any) -> int:
    """The code of one task; InputError for one that was not seen in training."""
    found, strange = codes(pd.Series([value], dtype=object), np.ones(1, bool), column)
    if strange:
        known = ", ".join(repr(level) for level in column.levels[:12])
        raise InputError(
            f"Task {column.name!r}: {value!r} was not seen in training; known are {known}"
            f"{', ...' if column.cardinality > 12 else ''}."
        )
    return int(found[0])


def codes_given(schema: Schema, given: Mapping[str, Any] | None, what: str) -> dict[int, int]:
    """Place among the task columns and code, for ``{column: value}``.

    Raises:
        InputError: not a dict, a column that is no task, or a task that was not seen.
    """
    if given is None:
        return {}
    names = [column.name for column in schema.tasks]
    if not isinstance(given, Mapping):
        raise InputError(f"{what}={given!r} must be a dict of task column to value.")
    for name in given:
        if name not in names:
            known = f"its tasks are {', '.join(names)}" if names else "this model has none: fit it with task=..."
            raise InputError(f"{what} names {name!r}, which is no task of the model; {known}.")
    return {names.index(name): code_of(schema.tasks[names.index(name)], value) for name, value in given.items()}


@dataclasses.dataclass(frozen=True)
class TaskCounts:
    """Which combinations of tasks the training rows had, and how many rows (or what weight) each."""

    codes: Int[np.ndarray, "G T"]
    counts: Shaped[np.ndarray, " G"]

    @classmethod
    def of(cls, tasks: Int[np.ndarray, "N T"], weight: Float[np.ndarray, " N"] | None = None) -> "TaskCounts":
        """Of the rows whose tasks are all known; if there are none, of all rows. Rows count as they weigh."""
        known = (tasks >= 0).all(axis=1)
        known = known if known.any() else np.ones(len(tasks), bool)
        combinations, group = np.unique(tasks[known], axis=0, return_inverse=True)
        counts = np.bincount(group.reshape(-1), None if weight is None else weight[known])
        return cls(combinations.astype(np.int32), counts)

    def draw(self, n: int, given: Mapping[int, int], generator: np.random.Generator) -> Int[np.ndarray, "n T"]:
        """Tasks of ``n`` new rows, as often as in training where they are not ``given``."""
        fits = np.ones(len(self.codes), bool)
        for place, code in given.items():
            fits &= self.codes[:, place] == code
        # tasks that never met: the other columns as often as in the whole table
        fits = fits if fits.any() else np.ones(len(self.codes), bool)
        counts = self.counts[fits]
        drawn = self.codes[fits][generator.choice(len(counts), n, p=counts / counts.sum())].copy()
        for place, code in given.items():
            drawn[:, place] = code
        return drawn
