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


def _first_array(cells: pd.Series) -> bool:
    """Whether the first cell that holds something is an image."""
    first = next((cell for cell in cells if cell is not None and not isinstance(cell, float)), None)
    return isinstance(first, np.ndarray) and first.ndim in (2, 3)


def _short(cell: Any) -> str:
    text = " ".join(repr(cell).split())
    return text if len(text) <= 40 else text[:37] + "..."
