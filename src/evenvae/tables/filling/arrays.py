"""Columns filled in NumPy arrays, lists, dicts and lists of dicts."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from evenvae.tables.columns.missing_cells import is_missing
from evenvae.tables.filling.fillers import Filler
from evenvae.tables.filling.series import filled_series, in_own_words


def filled_array(X: Any, fillers: dict[str, Filler]) -> Any:
    """A 2-D array, a masked array, or an array of images. The type becomes wider where a column needs it."""
    if np.ma.isMaskedArray(X):
        mask = np.ma.getmaskarray(X).copy()
        for filler in fillers.values():
            mask[filler.missing, filler.place] = False
        return np.ma.array(filled_array(np.ma.getdata(X), fillers), mask=mask)
    given = np.asarray(X)
    if given.ndim > 2:
        return filled_values(X, next(iter(fillers.values()), None))
    columns = {f.place: filled_series(_series(given[:, f.place]), f) for f in fillers.values()}
    # a text of fixed width would cut a longer level short
    texts = given.dtype.kind == "U" and all(isinstance(cell, str) for column in columns.values() for cell in column)
    kinds = [given.dtype, *(column.to_numpy().dtype for column in columns.values())]
    array = np.array(given, dtype=object if given.dtype.kind in "OUS" or object in kinds else np.result_type(*kinds))
    for place, column in columns.items():
        # an array of objects takes datetimes as objects, where NumPy would give it numbers of nanoseconds
        array[:, place] = column.astype(object) if array.dtype == object else column
    return array.astype(str) if texts else array


def filled_records(X: list[dict[Any, Any]], fillers: dict[str, Filler]) -> list[dict[Any, Any]]:
    """A list of dicts."""
    rows = [dict(row) for row in X]
    names = {str(name): name for row in X for name in row}
    for name, filler in fillers.items():
        label = names.get(name, name)
        for row, value in _replacements([row.get(label) for row in X], filler).items():
            rows[row][label] = value
    return rows


def filled_dict(X: Any, fillers: dict[str, Filler]) -> dict[Any, Any]:
    """A dict of columns, each an array, a series or a list."""
    return {name: filled_values(cells, fillers.get(str(name))) for name, cells in X.items()}


def filled_values(given: Any, filler: Filler | None) -> Any:
    """One column of a dict."""
    if filler is None:
        return given
    if isinstance(given, pd.Series):
        return filled_series(given, filler)
    if isinstance(given, list | tuple):
        replaced = _replacements(given, filler)
        return type(given)(replaced.get(row, cell) for row, cell in enumerate(given))
    if np.ma.isMaskedArray(given):
        mask = np.ma.getmaskarray(given) & ~filler.missing
        return np.ma.array(filled_values(np.ma.getdata(given), filler), mask=mask)
    array = np.asarray(given)
    if array.ndim < 2:
        return filled_series(_series(array), filler).to_numpy()
    images = np.array(array)
    images[filler.missing] = list(filler.cells)
    return images


def _replacements(given: Sequence[Any], filler: Filler) -> dict[int, Any]:
    """The new cells of a list by their row, of the class that its own cells have."""
    rows = np.flatnonzero(filler.missing).tolist()
    own = [cell for cell, missing in zip(given, filler.missing, strict=True) if not (missing or is_missing(cell))]
    # where no cell says of what class they are, they are of that of training
    cells = in_own_words(filler._replace(observed=pd.Series(own, dtype=object))) if own else filler.typed
    return dict(zip(rows, cells.tolist(), strict=True))


def _series(array: np.ndarray) -> pd.Series:
    # left to itself, pandas makes a type of its own of datetime objects
    return pd.Series(array, dtype=array.dtype if array.dtype == object else None)
