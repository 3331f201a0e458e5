"""Columns of every type and spelling, as users' files have them, and the libraries that hold them."""

import datetime as dt
import decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa


def _days(rng, n, **options):
    return pd.Timestamp("2019-01-01") + pd.to_timedelta(rng.integers(0, 900, n), unit="D")


def _moments(rng, n, seconds=1):
    return pd.Timestamp("2019-01-01") + pd.to_timedelta(rng.integers(0, 80_000_000 // seconds, n) * seconds, unit="s")


def _texts(values, spell):
    return pd.Series([spell(value) for value in values], dtype=object)


def _spelled(text_format):
    return lambda rng, n: pd.Series(_moments(rng, n, 60).strftime(text_format), dtype=object)


def _object(values):
    return pd.Series(list(values), dtype=object)


PLAIN = {
    "floats": lambda rng, n: pd.Series(rng.normal(size=n)),
    "float32": lambda rng, n: pd.Series(rng.normal(size=n).astype("float32")),
    "tenths": lambda rng, n: pd.Series(rng.integers(0, 500, n) / 10),
    "counts": lambda rng, n: pd.Series(rng.poisson(20, n).astype(float)),
    "nullable": lambda rng, n: pd.Series(rng.integers(-90, 90, n), dtype="Int64"),
    "small": lambda rng, n: pd.Series(rng.integers(0, 100, n), dtype="Int8"),
    "large": lambda rng, n: pd.Series(2**60 + rng.integers(0, 2**50, n), dtype="Int64"),
    "yyyymmdd": lambda rng, n: pd.Series(_days(rng, n).strftime("%Y%m%d").astype(int), dtype="Int64"),
    "hhmm": lambda rng, n: pd.Series(rng.integers(0, 24, n) * 100 + rng.integers(0, 60, n), dtype="Int64"),
    "flags": lambda rng, n: pd.Series(rng.random(n) < 0.4, dtype="boolean"),
    "texts": lambda rng, n: _object(rng.choice(["a", "b ", "ü", "d,e"], n)),
    "levels": lambda rng, n: _object(rng.choice([f"level {i}" for i in range(12)], n)),
    "rare": lambda rng, n: _object(np.where(rng.random(n) < 0.3, "often", [f"t{i}x" for i in range(n)])),
    "days": lambda rng, n: pd.Series(_days(rng, n)),
    "hours": lambda rng, n: pd.Series(_moments(rng, n, 3600)),
    "moments": lambda rng, n: pd.Series(_moments(rng, n)),
    "constant": lambda rng, n: _object(["same"] * n),
}
"""Cells that every library can hold."""

SPELLED = {
    "decimal comma": lambda rng, n: _texts(rng.normal(size=n) * 90, lambda v: f"{v:.2f}".replace(".", ",")),
    "thousands": lambda rng, n: _texts(rng.gamma(2, 4000, n), lambda v: f"{v:,.2f}"),
    "german": lambda rng, n: _texts(rng.gamma(2, 4000, n), lambda v: f"{v:,.2f}".translate({44: ".", 46: ","})),
    "dollars": lambda rng, n: _texts(rng.gamma(2, 4000, n), lambda v: f"${v:,.0f}"),
    "per cent": lambda rng, n: _texts(rng.random(n) * 100, lambda v: f"{v:.1f}%"),
    "kilos": lambda rng, n: _texts(rng.random(n) * 100, lambda v: f"{v:.1f} kg"),
    "thousand": lambda rng, n: _texts(rng.integers(5, 900, n), lambda v: f"{v}k"),
    "in parentheses": lambda rng, n: _texts(rng.normal(size=n) * 90, lambda v: f"({-v:.2f})" if v < 0 else f"{v:.2f}"),
    "zip codes": lambda rng, n: _texts(rng.integers(0, 40, n), lambda v: f"{v:05d}"),
    "iso days": _spelled("%Y-%m-%d"),
    "iso minutes": _spelled("%Y-%m-%d %H:%M"),
    "iso offset": lambda rng, n: _object(_moments(rng, n, 60).strftime("%Y-%m-%dT%H:%M:%S+02:00")),
    "utc": _spelled("%Y-%m-%dT%H:%M:%SZ"),
    "dd.mm.yyyy": _spelled("%d.%m.%Y"),
    "m/d/yyyy": _spelled("%-m/%-d/%Y"),
    "d-mon-yy": _spelled("%d-%b-%y"),
    "am and pm": _spelled("%m/%d/%Y %I:%M %p"),
    "clock": _spelled("%H:%M"),
}
"""Texts that spell quantities; files hold them as well."""

OF_PANDAS = {
    "string": lambda rng, n: pd.Series(rng.choice(["x", "y", "z"], n), dtype="string"),
    "category": lambda rng, n: pd.Series(pd.Categorical(rng.choice(["u", "v", "w"], n), ["w", "v", "u", "t"])),
    "ordered": lambda rng, n: pd.Series(pd.Categorical(rng.choice(["lo", "hi"], n), ["lo", "mid", "hi"], ordered=True)),
    "codes": lambda rng, n: pd.Series(pd.Categorical(rng.choice([3, 1, 2], n), [3, 2, 1])),
    "halves": lambda rng, n: pd.Series(pd.Categorical(rng.choice([0.5, 1.0, 1.5], n))),
    "cut": lambda rng, n: pd.Series(pd.cut(rng.normal(size=n), 4)),
    "whole cut": lambda rng, n: pd.Series(pd.cut(rng.integers(0, 100, n), [-1, 30, 60, 100])),
    "time cut": lambda rng, n: pd.Series(pd.cut(_days(rng, n), 3)),
    "dates as levels": lambda rng, n: pd.Series(_days(rng, n)[rng.integers(0, 3, n)]).astype("category"),
    "months as levels": lambda rng, n: pd.Series(_days(rng, n).to_period("M")).astype("category"),
    "months": lambda rng, n: pd.Series(_days(rng, n).to_period("M")),
    "zoned days": lambda rng, n: pd.Series(_days(rng, n).tz_localize("Europe/Berlin")),
    "nanoseconds": lambda rng, n: pd.Series(_moments(rng, n)).astype("datetime64[ns]"),
    "spans": lambda rng, n: pd.Series(pd.to_timedelta(rng.integers(0, 900, n), unit="min")),
    "date objects": lambda rng, n: _object(_days(rng, n).date),
    "time objects": lambda rng, n: _object(_moments(rng, n, 60).time),
    "datetime objects": lambda rng, n: _object(_moments(rng, n).to_pydatetime()),
    "decimals": lambda rng, n: _object(decimal.Decimal(int(v)).scaleb(-2) for v in rng.integers(-999, 99_999, n)),
    "number objects": lambda rng, n: _object(rng.normal(size=n).tolist()),
    "integer objects": lambda rng, n: _object(rng.integers(0, 500, n).tolist()),
    "flag objects": lambda rng, n: _object((rng.random(n) < 0.5).tolist()),
    "arrow": lambda rng, n: pd.Series(rng.normal(size=n).round(3)).astype(pd.ArrowDtype(pa.float64())),
    "arrow texts": lambda rng, n: pd.Series(rng.choice(["x", "y", "z"], n)).astype(pd.ArrowDtype(pa.string())),
    "sparse": lambda rng, n: pd.Series(pd.arrays.SparseArray(rng.normal(size=n))),
}
"""Cells that only pandas can hold in this way."""

KINDS = PLAIN | SPELLED | OF_PANDAS
ROWS = 60


def column(kind, seed, share=0.2, rows=ROWS):
    """A column of ``rows`` cells, a ``share`` of them missing."""
    rng = np.random.default_rng([seed, list(KINDS).index(kind)])
    cells = KINDS[kind](rng, rows)
    holes = rng.random(rows) < share
    holes[:3] = [True, False, False]
    if isinstance(cells.dtype, pd.SparseDtype):
        return cells.sparse.to_dense().mask(holes).astype(cells.dtype)
    return cells.where(~holes, None) if cells.dtype == object else cells.mask(holes)


def python_cells(cells):
    """Cells as Python objects, None where missing."""
    plain = lambda cell: cell.to_pydatetime() if isinstance(cell, pd.Timestamp) else cell
    unboxed = lambda cell: cell.item() if isinstance(cell, np.generic) else cell
    return [None if missing else plain(unboxed(cell)) for cell, missing in zip(cells, cells.isna(), strict=True)]


LIBRARIES = {
    "pandas": lambda columns: pd.DataFrame(columns),
    "polars": lambda columns: pl.DataFrame({name: python_cells(cells) for name, cells in columns.items()}),
    "pyarrow": lambda columns: pa.table({name: python_cells(cells) for name, cells in columns.items()}),
    "numpy": lambda columns: np.array([python_cells(cells) for cells in columns.values()], dtype=object).T,
    "dict": lambda columns: {name: python_cells(cells) for name, cells in columns.items()},
    "records": lambda columns: pd.DataFrame(
        {name: python_cells(cells) for name, cells in columns.items()}, dtype=object
    ).to_dict("records"),
}


def cells_of(table, place):
    """The cells of a column as Python objects, for comparing."""
    if isinstance(table, pd.DataFrame):
        return python_cells(table.iloc[:, place])
    if isinstance(table, pl.DataFrame):
        return table.to_series(place).to_list()
    if isinstance(table, pa.Table):
        return table.column(place).to_pylist()
    if isinstance(table, dict):
        return python_cells(pd.Series(list(list(table.values())[place]), dtype=object))
    if isinstance(table, list):
        return python_cells(pd.Series([list(row.values())[place] for row in table], dtype=object))
    return python_cells(pd.Series(table[:, place], dtype=object))


__all__ = ["KINDS", "LIBRARIES", "OF_PANDAS", "PLAIN", "ROWS", "SPELLED", "cells_of", "column", "dt", "python_cells"]
