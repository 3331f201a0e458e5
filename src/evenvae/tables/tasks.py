"""Task columns: known for every row, given to the model, never modelled."""

import dataclasses
import warnings
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float, Int, Shaped

from evenvae.errors import InputError, TableWarning
from evenvae.tables.columns.level import codes
from evenvae.tables.formulas import parse
from evenvae.tables.schema.column import Column
from evenvae.tables.schema.schema import Schema
from evenvae.tables.suggestions import nearest

MOST_LEVELS = 1000
"""A column with more levels cannot be a task."""


def declare(schema: Schema, frame: pd.DataFrame, names: str | Iterable[str] | None) -> Schema:
    """The schema with the named columns as tasks.

    Args:
        schema: a complete one.
        frame: the table, as `as_frame` gives it.
        names: one column or several; None for those that the schema already has as tasks.

    Raises:
        InputError: a column does not exist, has a single level, or has too many levels to be a task.
    """
    if names is None:
        wanted = [column.name for column in schema.tasks]
    else:
        wanted = list(map(str, names)) if isinstance(names, list | tuple | set) else [str(names)]
    if len(set(wanted)) < len(wanted):
        raise InputError(f"task={names!r} names a column twice.")
    columns = {column.name: column for column in schema.columns}
    for name in wanted:
        if name not in columns:
            raise InputError(f"task={name!r} is no column of the table; {nearest(str(name), columns)}.")
        columns[name] = _task(columns[name], frame)
    for name, column in columns.items():
        if column.formula and set(parse(column.formula).columns) & set(wanted):
            # a task is not drawn with the other columns, so nothing is computed from it
            columns[name] = dataclasses.replace(column, formula="")
    return dataclasses.replace(schema, columns=tuple(columns.values()))


def _task(column: Column, frame: pd.DataFrame) -> Column:
    if not column.levels:
        given: dict[str, Any] = {"likelihood": "categorical", "missing": column.missing}
        found = Schema.infer(frame[[column.name]], overrides={column.name: given}).columns[0]
        column = dataclasses.replace(found, dtype=column.dtype)
    if column.cardinality < 2:
        raise InputError(f"task={column.name!r} has a single level, {column.levels[0]!r}; leave task None.")
    if column.cardinality > MOST_LEVELS or 2 * column.cardinality > len(frame):
        raise InputError(
            f"task={column.name!r} has {column.cardinality} levels in {len(frame)} rows, too many to be a task "
            f"(at most {MOST_LEVELS}, and two rows for each); bin its values, or name another column."
        )
    return dataclasses.replace(column, role="task", likelihood="categorical", reason="named as a task", rule="task")


def task_codes(frame: pd.DataFrame, schema: Schema) -> Int[np.ndarray, "N T"]:
    """The code of the task of every row in every task column, int32; -1 where it is missing or unknown.

    Unknown tasks are reported once for every column, as a `TableWarning`.
    """
    found = np.full((len(frame), len(schema.tasks)), -1, np.int32)
    for place, column in enumerate(schema.tasks):
        if column.name in frame.columns:
            values = column.encode(frame[column.name])
            found[:, place] = np.where(np.isnan(values), -1, values)
        unknown = int((found[:, place] < 0).sum())
        if unknown:
            warnings.warn(
                f"Task {column.name!r}: {unknown} of {len(frame)} rows have no task that was seen in training; the "
                "model uses the mean of the embeddings of all tasks for them.",
                TableWarning,
                stacklevel=3,
            )
    return found


def code_of(column: Column, value: Any) -> int:
    """The code of one task.

    Raises:
        InputError: the task was not seen in training.
    """
    found, unseen = codes(pd.Series([value], dtype=object), np.ones(1, bool), column)
    if unseen:
        known = ", ".join(repr(level) for level in column.levels[:12])
        raise InputError(
            f"Task {column.name!r}: {value!r} was not seen in training; known are {known}"
            f"{', ...' if column.cardinality > 12 else ''}."
        )
    return int(found[0])


def codes_given(schema: Schema, given: Any, what: str) -> dict[int, int]:
    """The place of each given column among the task columns, and the code of its task.

    Args:
        schema: of the training table.
        given: ``{column: value}``; None for nothing.
        what: the name of the option, for messages.

    Raises:
        InputError: ``given`` is no dict, or names a column that is no task or a task that was not seen in training.
    """
    if given is None:
        return {}
    names = [column.name for column in schema.tasks]
    if not isinstance(given, Mapping):
        raise InputError(f"{what}={given!r} must be a dict of task column to value.")
    given = {str(name): value for name, value in given.items()}
    for name in given:
        if name not in names:
            known = f"its tasks are {', '.join(names)}" if names else "this model has none: fit it with task=..."
            raise InputError(f"{what} names {name!r}, which is no task of the model; {known}.")
    return {names.index(name): code_of(schema.tasks[names.index(name)], value) for name, value in given.items()}


@dataclasses.dataclass(frozen=True)
class TaskCounts:
    """Which combinations of tasks the training rows had, and how often.

    Attributes:
        codes: the G combinations of codes in the T task columns. Without tasks, T is 0 and G is 1.
        counts: the number of rows of each combination, or the sum of their weights.
    """

    codes: Int[np.ndarray, "G T"]
    counts: Shaped[np.ndarray, " G"]

    @classmethod
    def of(cls, tasks: Int[np.ndarray, "N T"], weight: Float[np.ndarray, " N"] | None = None) -> "TaskCounts":
        """Count the combinations in N rows whose tasks are all known; if there is no such row, in all rows.

        Args:
            tasks: codes, -1 where unknown.
            weight: of the rows; None for 1 each.
        """
        return cls.counted(tasks, weight).known()

    @classmethod
    def counted(cls, tasks: Int[np.ndarray, "N T"], weight: Shaped[np.ndarray, " N"] | None = None) -> "TaskCounts":
        """Count all combinations, also those with a task that is unknown; ``weight`` as in `of`."""
        combinations, group = np.unique(tasks, axis=0, return_inverse=True)
        return cls(combinations.astype(np.int32), np.bincount(group.reshape(-1), weight))

    def and_also(self, other: "TaskCounts") -> "TaskCounts":
        """The counts of the rows of both, which weigh 1 each."""
        joined = self.counted(np.concatenate([self.codes, other.codes]), np.concatenate([self.counts, other.counts]))
        return dataclasses.replace(joined, counts=joined.counts.astype(np.int64))

    def known(self) -> "TaskCounts":
        """Without the combinations that have an unknown task, unless all have one."""
        known = (self.codes >= 0).all(axis=1)
        return TaskCounts(self.codes[known], self.counts[known]) if known.any() else self

    def draw(self, n: int, given: Mapping[int, int], generator: np.random.Generator) -> Int[np.ndarray, "n T"]:
        """Draw the tasks of ``n`` new rows; combinations are as frequent as in training.

        Args:
            n: the number of rows.
            given: codes that all rows have, by place among the task columns.
            generator: is not used where there are no tasks.
        """
        if not self.codes.shape[1]:
            return np.zeros((n, 0), np.int32)
        fits = np.ones(len(self.codes), bool)
        for place, code in given.items():
            fits &= self.codes[:, place] == code
        # for given tasks that never occurred together, the other columns are drawn from the whole table
        fits = fits if fits.any() else np.ones(len(self.codes), bool)
        counts = self.counts[fits]
        drawn = self.codes[fits][generator.choice(len(counts), n, p=counts / counts.sum())].copy()
        for place, code in given.items():
            drawn[:, place] = code
        return drawn
