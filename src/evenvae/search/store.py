"""The results of a search in one SQLite file; the rows of a bundle are written together or not at all."""

import contextlib
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from evenvae.errors import InputError
from evenvae.io.typed import check_fields

NAME, LOCK, FORMAT = "results.sqlite", "lock.sqlite", 1
_TABLES = """
CREATE TABLE IF NOT EXISTS sweep (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS runs (
    balance TEXT NOT NULL, seed INTEGER NOT NULL, status TEXT NOT NULL, figure REAL, steps INTEGER NOT NULL,
    best_step INTEGER NOT NULL, seconds REAL NOT NULL, finished TEXT NOT NULL, versions TEXT NOT NULL,
    message TEXT NOT NULL, PRIMARY KEY (balance, seed));
CREATE TABLE IF NOT EXISTS measures (
    balance TEXT NOT NULL, seed INTEGER NOT NULL, rows TEXT NOT NULL, measure TEXT NOT NULL, value REAL,
    PRIMARY KEY (balance, seed, rows, measure));
CREATE TABLE IF NOT EXISTS columns (
    balance TEXT NOT NULL, seed INTEGER NOT NULL, rows TEXT NOT NULL, measure TEXT NOT NULL, place INTEGER NOT NULL,
    column TEXT NOT NULL, value REAL, PRIMARY KEY (balance, seed, rows, measure, place));
CREATE TABLE IF NOT EXISTS curve (
    balance TEXT NOT NULL, seed INTEGER NOT NULL, step INTEGER NOT NULL, figure REAL, loss REAL,
    PRIMARY KEY (balance, seed, step));
CREATE TABLE IF NOT EXISTS stages (
    balance TEXT NOT NULL, seed INTEGER NOT NULL, until INTEGER NOT NULL, figure REAL,
    PRIMARY KEY (balance, seed, until));
"""


_RUNS = {"seed": int, "figure": float, "steps": int, "best_step": int, "seconds": float}
_COLUMNS = {"seed": int, "place": int, "value": float}
_CURVES = {"seed": int, "step": int, "figure": float, "loss": float}
"""Columns of the tables that hold numbers; SQLite itself would let texts stand there."""
STATUSES = ("done", "failed")


class Settings(NamedTuple):
    """What a search that began has noted."""

    fingerprint: str
    options: dict[str, Any]
    test_fraction: float
    bundle: int
    steps: int
    chunk: int
    balances: list[str]
    seeds: list[int]
    halving: bool
    versions: dict[str, Any]
    programs: tuple[tuple[str, ...], ...] = ()
    refitted: dict[str, Any] | None = None


@contextlib.contextmanager
def guarded(path: Path) -> Iterator[None]:
    """Within it, what goes wrong with the file of a store is said of the file.

    Raises:
        InputError: the file cannot be written, is damaged, or was altered.
    """
    try:
        yield
    except (InputError, sqlite3.IntegrityError):
        raise
    # SQLite, pandas and JSON each raise errors of their own for what they find in the file
    except (sqlite3.Error, pd.errors.DatabaseError, ValueError, TypeError, LookupError, RecursionError) as error:
        reason = " ".join(str(error).split())[:100] or type(error).__name__
        if getattr(error, "sqlite_errorname", "").startswith(UNWRITABLE):
            raise InputError(f"{path} cannot be written ({reason}): make room, then continue with --resume.") from error
        raise InputError(
            f"{path} does not hold the results of a search: it is damaged or was altered ({reason}); "
            "give another folder to begin the search anew."
        ) from error


UNWRITABLE = ("SQLITE_FULL", "SQLITE_READONLY", "SQLITE_IOERR", "SQLITE_CANTOPEN", "SQLITE_PERM")


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Lock a folder for one search; the operating system releases the lock when the process ends, however it ends.

    Raises:
        InputError: another search holds the lock.
    """
    connection = sqlite3.connect(folder / LOCK, timeout=0, isolation_level=None, check_same_thread=False)
    try:
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            raise InputError(
                f"Another search is at work in {folder}: wait for it to end, or give another folder with --out."
            ) from error
        yield
    finally:
        connection.close()


class Store:
    """The results of a search; one process writes, and any number may read at the same time.

    Args:
        folder: of the search.

    Raises:
        InputError: the file in ``folder`` is not a store, or was written by a newer version.
    """

    def __init__(self, folder: str | Path):
        self.path = Path(folder) / NAME
        with guarded(self.path):
            self._connection = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=NORMAL")
            found = self._connection.execute("PRAGMA user_version").fetchone()[0]
            if not found:
                self._connection.executescript(_TABLES)
                self._connection.execute(f"PRAGMA user_version={FORMAT}")
            elif found > FORMAT:
                raise InputError(f"{self.path} was written by a newer EvenVAE (format {found}): upgrade evenvae.")
            elif found < FORMAT:
                raise ValueError(f"format {found}")
            checked = self._connection.execute("PRAGMA quick_check").fetchone()[0]
            if checked != "ok":
                raise ValueError(checked)

    @staticmethod
    def exists(folder: str | Path) -> bool:
        """Whether ``folder`` holds the results of a search."""
        return (Path(folder) / NAME).is_file()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    @contextlib.contextmanager
    def _together(self) -> Iterator[sqlite3.Connection]:
        if not self.path.is_file():
            # SQLite goes on writing into a file that was moved, and what is written beside it would be elsewhere
            raise InputError(
                f"{self.path} is gone: its folder was moved or removed. Put it back, and continue with --resume."
            )
        with guarded(self.path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                # SQLite itself takes a transaction back that failed for want of room
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def note(self, **values: Any) -> None:
        """Keep settings by name, as JSON."""
        with self._together() as connection:
            rows = [(name, json.dumps(value, sort_keys=True)) for name, value in values.items()]
            connection.executemany("INSERT OR REPLACE INTO sweep VALUES (?, ?)", rows)

    def noted(self) -> dict[str, Any]:
        """All settings that `note` kept."""
        with guarded(self.path):
            rows = self._connection.execute("SELECT name, value FROM sweep").fetchall()
            found = {name: json.loads(value) for name, value in rows}
            if found:
                check_fields(Settings, found, f"{self.path} is damaged or was altered: it")
            return found

    def add(self, records: list[dict[str, Any]], columns: list[str], versions: dict[str, str], now: str) -> None:
        """Keep the final records of a bundle, in one transaction.

        Args:
            records: one for every run, as `bundle.record_of` gives them.
            columns: names of the table's columns.
            versions: of the software.
            now: date and time.
        """
        said = json.dumps(versions, sort_keys=True)
        with self._together() as connection:
            for record in records:
                key = (record["balance"], record["seed"])
                for table in ("runs", "measures", "columns", "curve"):
                    connection.execute(f"DELETE FROM {table} WHERE balance = ? AND seed = ?", key)
                run = [record[name] for name in ("status", "figure", "steps", "best_step", "seconds")]
                connection.execute(
                    "INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (*key, *run, now, said, record["message"]),
                )
                by_column = {("validation", "figure"): record["columns"]}
                means = []
                for rows, measured in record["measured"].items():
                    by_column |= {(rows, measure): values for measure, values in measured["columns"].items()}
                    means += [(*key, rows, measure, value) for measure, value in measured["means"].items()]
                connection.executemany("INSERT INTO measures VALUES (?, ?, ?, ?, ?)", means)
                connection.executemany(
                    "INSERT INTO columns VALUES (?, ?, ?, ?, ?, ?, ?)",
                    [
                        (*key, *what, place, columns[place], value)
                        for what, values in by_column.items()
                        for place, value in enumerate(values)
                    ],
                )
                connection.executemany(
                    "INSERT INTO curve VALUES (?, ?, ?, ?, ?)", [(*key, *evaluation) for evaluation in record["curve"]]
                )

    def add_stage(self, records: list[dict[str, Any]], until: int) -> None:
        """Keep the metrics of runs that pause at step ``until``; that of a failed run is empty."""
        with self._together() as connection:
            connection.executemany(
                "INSERT OR REPLACE INTO stages VALUES (?, ?, ?, ?)",
                [(record["balance"], record["seed"], until, record["figure"]) for record in records],
            )

    def stage(self, until: int) -> dict[tuple[str, int], float]:
        """The best metric up to step ``until`` of the runs that reached it; infinite where training failed."""
        with guarded(self.path):
            return self._stage(until)

    def _stage(self, until: int) -> dict[tuple[str, int], float]:
        rows = self._connection.execute(
            "SELECT balance, seed, figure FROM stages WHERE until = ?1 UNION "
            "SELECT balance, seed, min(figure) FROM curve WHERE step <= ?1 GROUP BY balance, seed",
            (until,),
        )
        return {(balance, seed): np.inf if figure is None else figure for balance, seed, figure in rows}

    def done(self) -> set[tuple[str, int]]:
        """``(combination, seed)`` of the runs that are finished."""
        with guarded(self.path):
            return set(self._connection.execute("SELECT balance, seed FROM runs"))

    def runs(self) -> pd.DataFrame:
        """One row for every run; what was measured of it stands in columns such as ``test_error``."""
        with guarded(self.path):
            runs = self._table("SELECT * FROM runs ORDER BY balance, seed", _RUNS)
            if not np.isin(runs["status"], STATUSES).all():
                raise ValueError("a run has no known status")
            if np.isnan(np.asarray(runs["figure"], float)[runs["status"] == "done"]).any():
                raise ValueError("a run that is done has no validation metric")
            measures = "SELECT balance, seed, rows || '_' || measure AS name, value FROM measures"
            long = self._table(measures, {"seed": int, "value": float})
            wide = long.pivot(index=["balance", "seed"], columns="name", values="value")
            return runs.merge(wide, how="left", left_on=["balance", "seed"], right_index=True)

    def columns(self) -> pd.DataFrame:
        """One row for every run, group of rows, measure and column."""
        with guarded(self.path):
            return self._table("SELECT * FROM columns ORDER BY balance, seed, rows, measure, place", _COLUMNS)

    def curves(self) -> pd.DataFrame:
        """One row for every run and evaluation of the validation metric."""
        with guarded(self.path):
            return self._table("SELECT * FROM curve ORDER BY balance, seed, step", _CURVES)

    def _table(self, query: str, numbers: dict[str, type]) -> pd.DataFrame:
        """What a query finds; ValueError where a column of ``numbers`` holds something else."""
        found = pd.read_sql_query(query, self._connection)
        for name, kind in numbers.items():
            if not all(cell is None or isinstance(cell, kind | np.number) for cell in found[name]):
                raise ValueError(f"{name} holds something that is no number")
            if np.isinf(np.asarray(found[name], float)).any():
                raise ValueError(f"{name} holds an infinite number")
        return found
