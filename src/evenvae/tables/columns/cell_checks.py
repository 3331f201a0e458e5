"""Cells that no column can hold: lists, dicts, bytes, complex numbers and objects of unknown classes."""

import datetime
import decimal
import numbers
from typing import Any

import numpy as np
import pandas as pd

from evenvae.errors import InputError

REMEDIES: tuple[tuple[tuple[type, ...], str, str], ...] = (
    ((list, tuple, set, frozenset), "lists", "spread them into columns of one value each"),
    ((dict,), "dicts", "spread them into columns, as pandas.json_normalize does"),
    ((bytes, bytearray, memoryview), "bytes", "decode them to texts, as in cell.decode()"),
    ((complex, np.complexfloating), "complex numbers", "split them into two columns of real numbers"),
    ((pd.DataFrame, pd.Series, pd.Index), "tables", "spread them into columns of one value each"),
    ((np.void,), "records", "spread them into columns of one value each"),
)
"""Classes of cells that are refused, what they are, and what to do."""
_KNOWN = (str, numbers.Number, np.generic, decimal.Decimal, datetime.date, datetime.time, datetime.timedelta,
          pd.Period, pd.Interval, type(None), type(pd.NA), type(pd.NaT))  # fmt: skip
OTHERWISE = 'take the column out, or give it role = "ignored" in the schema'


def is_unicode(text: str) -> bool:
    """Whether a text holds whole characters only. Half of one, a lone surrogate, comes from a wrong encoding."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def check_cells(name: str, cells: pd.Series) -> None:
    """Refuse a column whose cells hold more than one value each, or values that are neither numbers nor texts.

    Raises:
        InputError: the message names the column, the first such cell and what to do.
    """
    if cells.dtype.kind == "c":
        raise InputError(f"Column {name!r} holds complex numbers; split them into two columns of real numbers.")
    if cells.dtype != object:
        return
    images = _first_array(cells)
    for found in dict.fromkeys(map(type, cells)):
        if issubclass(found, np.ndarray) and images:
            continue
        refused = [(what, remedy) for classes, what, remedy in REMEDIES if issubclass(found, classes)]
        if issubclass(found, np.ndarray):
            refused = [("arrays", "spread them into columns of one value each")]
        if refused:
            what, remedy = refused[0]
            row, cell = next((row, cell) for row, cell in enumerate(cells) if type(cell) is found)
            raise InputError(f"Column {name!r} holds {what} (row {row}: {_short(cell)}); {remedy}, or {OTHERWISE}.")
        if issubclass(found, decimal.Decimal):
            _refuse_signalling(name, cells)
        elif not issubclass(found, _KNOWN):
            _refuse_unreadable(name, cells, found)
        elif issubclass(found, str) and not is_unicode("".join(cell for cell in cells if type(cell) is found)):
            row = next(row for row, cell in enumerate(cells) if type(cell) is found and not is_unicode(cell))
            raise InputError(f"Column {name!r} holds half of a character in row {row} ({cells.iloc[row]!a}), which no "
                             "file can hold; read the table again with its own encoding.")  # fmt: skip


def check_classes(name: str, cells: pd.Series) -> None:
    """Refuse a column to be learned whose cells are objects of a class that cannot be written back.

    Raises:
        InputError: the message names the column, the first such cell and what to do.
    """
    if cells.dtype != object:
        return
    for found in dict.fromkeys(map(type, cells)):
        if not issubclass(found, (*_KNOWN, np.ndarray)):
            row, cell = next((row, cell) for row, cell in enumerate(cells) if type(cell) is found)
            raise InputError(f"Column {name!r} holds objects of the class {type(cell).__name__} (row {row}: "
                             f"{_short(cell)}); convert them to texts or numbers, or {OTHERWISE}.")  # fmt: skip


def _refuse_signalling(name: str, cells: pd.Series) -> None:
    """Refuse signalling NaNs, at which every comparison raises an error."""
    for row, cell in enumerate(cells):
        if isinstance(cell, decimal.Decimal) and cell.is_snan():
            raise InputError(f"Column {name!r} holds Decimal('sNaN') in row {row}; put None where a cell is missing.")


def _refuse_unreadable(name: str, cells: pd.Series, found: type) -> None:
    """Refuse objects that cannot be told apart or written as text: levels and identifiers need both."""
    for row, cell in enumerate(cells):
        if type(cell) is not found:
            continue
        try:
            _ = hash(cell), str(cell), repr(cell)
        # whatever a class of the user raises
        except Exception as error:
            raise InputError(
                f"Column {name!r} holds an object of the class {found.__name__} in row {row} that cannot be hashed or "
                f"written as text ({type(error).__name__}); {OTHERWISE}."
            ) from error


def _first_array(cells: pd.Series) -> bool:
    """Whether the first cell that holds something is an image."""
    first = next((cell for cell in cells if cell is not None and not isinstance(cell, float)), None)
    return isinstance(first, np.ndarray) and first.ndim in (2, 3)


def _short(cell: Any) -> str:
    text = " ".join(repr(cell).split())
    return text if len(text) <= 40 else text[:37] + "..."
