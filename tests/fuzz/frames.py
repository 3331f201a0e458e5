"""Hostile tables in memory: hostile columns beside each other, and shapes that are no table."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import scipy.sparse

from fuzz.columns import COLUMNS, NAMES

ROWS = 24
"""One number of rows for nearly all tables, so that few programs are compiled."""


def _columns(rng, kinds):
    return {f"c{i}": COLUMNS[kind](rng, ROWS) for i, kind in enumerate(kinds)}


def _named(rng, names):
    frame = pd.DataFrame(_columns(rng, rng.choice(list(COLUMNS), 3)))
    frame["beside"] = rng.normal(size=ROWS)
    names = NAMES[names](rng, frame.shape[1])
    frame.columns = names if isinstance(names, pd.MultiIndex) else pd.Index(names, dtype=object, tupleize_cols=False)
    return frame


def _beside(rng, kind):
    return pd.DataFrame({"hostile": COLUMNS[kind](rng, ROWS), "beside": rng.normal(size=ROWS)})


def _several(rng):
    frame = pd.DataFrame(_columns(rng, rng.choice(list(COLUMNS), rng.integers(1, 6))))
    holes = rng.random(frame.shape) < 0.2
    for place in range(frame.shape[1]):
        if frame.dtypes.iloc[place] == np.dtype(object):
            frame.isetitem(place, frame.iloc[:, place].where(~holes[:, place], None))
    return frame


def _in_library(rng):
    """Cells in another library, where it takes them."""
    kind = rng.choice(list(COLUMNS))
    cells = COLUMNS[kind](rng, ROWS).tolist()
    beside = rng.normal(size=ROWS).tolist()
    make = [
        lambda: pa.table({"hostile": cells, "beside": beside}),
        lambda: pl.DataFrame({"hostile": cells, "beside": beside}, strict=False),
        lambda: {"hostile": cells, "beside": beside},
        lambda: [{"hostile": cell, "beside": other} for cell, other in zip(cells, beside, strict=True)],
        lambda: np.array([cells, beside], dtype=object).T,
    ][rng.integers(5)]
    try:
        return make()
    except (Exception, pl.exceptions.PanicException):
        # no table of that library holds these cells
        return pd.DataFrame({"hostile": COLUMNS[kind](rng, ROWS), "beside": beside})


def _indexed(rng):
    frame = _beside(rng, rng.choice(["plain", "plain levels", "one extreme number"]))
    frame.loc[frame.index[:5], "hostile"] = None
    frame.index = [
        lambda: pd.Index([7] * ROWS),
        lambda: pd.MultiIndex.from_product([range(ROWS // 2), list("ab")]),
        lambda: pd.Index([np.nan] * ROWS),
        lambda: pd.date_range("2020-01-01", periods=ROWS, tz="UTC"),
        lambda: pd.Index(rng.permutation(ROWS), name="hostile"),
    ][rng.integers(5)]()
    return frame


SHAPES = (
    lambda rng: None,
    lambda rng: "a table",
    lambda rng: b"\x00",
    lambda rng: 3,
    lambda rng: [],
    lambda rng: {},
    lambda rng: [[]],
    lambda rng: [{}],
    lambda rng: [[1, 2], [3]],
    lambda rng: [{"a": 1}, {"b": 2}, {"a": 3}] * 8,
    lambda rng: [{"a": 1}, 7],
    lambda rng: {"a": [1, 2], "b": [1]},
    lambda rng: {"a": 1},
    lambda rng: {"a": "text"},
    lambda rng: {"a": None},
    lambda rng: (row for row in range(3)),
    lambda rng: range(9),
    lambda rng: np.zeros(0),
    lambda rng: np.zeros((0, 3)),
    lambda rng: np.zeros((3, 0)),
    lambda rng: rng.normal(size=9),
    lambda rng: rng.normal(size=(2, 3, 2, 2, 2)),
    lambda rng: np.array(7.0),
    lambda rng: rng.normal(size=(1, 3)),
    lambda rng: rng.normal(size=(2, 1)),
    lambda rng: rng.normal(size=(ROWS, 3)).astype(np.float16) * np.float16(60000),
    lambda rng: np.full((ROWS, 3), np.nan),
    lambda rng: np.full((ROWS, 3), np.inf),
    lambda rng: np.zeros(ROWS, dtype=[("a", float), ("b", int)]),
    lambda rng: np.array([["a"] * 2] * ROWS),
    lambda rng: np.array([[b"a"] * 2] * ROWS),
    lambda rng: {"a": np.array([b"a"] * ROWS), "b": rng.normal(size=ROWS)},
    lambda rng: np.zeros((ROWS, 2), "V3"),
    lambda rng: np.ma.array(rng.normal(size=(ROWS, 2)), mask=True),
    lambda rng: np.array([["2020-01-01"] * 2] * ROWS, "datetime64[D]"),
    lambda rng: scipy.sparse.random(ROWS, 3, 0.5),
    lambda rng: pd.DataFrame(),
    lambda rng: pd.DataFrame(index=range(9)),
    lambda rng: pd.DataFrame(columns=["a", "b"]),
    lambda rng: pd.Series(rng.normal(size=ROWS)),
    lambda rng: pd.DataFrame(rng.normal(size=(1, 3))),
    lambda rng: pd.DataFrame(rng.normal(size=(2, 2))),
    lambda rng: pd.DataFrame(rng.normal(size=(3, 120))),
    lambda rng: pl.DataFrame(),
    lambda rng: pl.DataFrame({"a": [[1], [2]]}),
    lambda rng: pl.DataFrame({"a": [{"b": 1}] * 5}),
    lambda rng: pl.DataFrame({"a": [object()] * 5}),
    lambda rng: pl.Series([1, 2, 3]),
    lambda rng: pa.table({}),
    lambda rng: pa.table({"a": pa.array([], pa.int64())}),
    lambda rng: pa.table([[1, 2], [3, 4]], names=["a", "a"]),
    lambda rng: pa.table({"a": pa.array([{"b": 1}] * 5)}),
    lambda rng: object(),
    lambda rng: np.nan,
    lambda rng: {1: [1, 2, 3] * 8, "1": [1, 2, 4] * 8},
    lambda rng: {("a", "b"): list(range(ROWS)), None: rng.normal(size=ROWS)},
)
"""What is no table, or hardly one."""

KINDS = (
    {f"column: {kind}": lambda rng, kind=kind: _beside(rng, kind) for kind in COLUMNS}
    | {f"names: {kind}": lambda rng, kind=kind: _named(rng, kind) for kind in NAMES}
    | {
        "several columns": _several,
        "other libraries": _in_library,
        "indices": _indexed,
        "shapes": lambda rng: SHAPES[rng.integers(len(SHAPES))](rng),
        "10,000 levels": lambda rng: pd.DataFrame(
            {"hostile": [f"l{i}" for i in rng.permutation(10_000)] * 2, "beside": rng.normal(size=20_000)}
        ),
    }
)
"""Tables by kind."""
