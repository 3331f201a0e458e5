"""Tables of every library with cells of every type."""

import datetime as dt

import numpy as np
import pandas as pd
import polars as pl
import polars.testing
import pyarrow as pa

ROWS = 12


def pandas_table():
    """A table of the library, with missing cells."""
    n = ROWS
    return pd.DataFrame(
        {
            "real": np.linspace(-3.25, 4.5, n),
            "float32": np.linspace(0.5, 2, n).astype("float32"),
            "count": np.arange(n) % 7,
            "int8": (np.arange(n) % 5).astype("int8"),
            "nullable": pd.array([None, *range(1, n)], dtype="Int64"),
            "upcast": [np.nan, *range(2, n + 1)],
            "flag": [True, False] * (n // 2),
            "maybe": pd.array([None, True, False] * (n // 3), dtype="boolean"),
            "object flag": np.array([None, True, False] * (n // 3), dtype=object),
            "text": ["a", "b ", "ü", None] * (n // 4),
            "object": np.array(["a", "b", "c", None] * (n // 4), dtype=object),
            "string": pd.array(["x", "y", None] * (n // 3), dtype="string"),
            "ordered": pd.Categorical(["low", "high", None] * (n // 3), ["low", "mid", "high"], ordered=True),
            "codes": pd.Categorical([3, 1, 2] * (n // 3), [3, 2, 1]),
            "moment": pd.date_range("2020-01-01 03:04:05.678901", periods=n, freq="37h", unit="us"),
            "zoned": pd.date_range("2020-03-01", periods=n, freq="17h", tz="Europe/Paris"),
            "span": pd.to_timedelta(np.arange(n) * 1.5, unit="s"),
            "iso": [f"2021-02-{i + 1:02d}" for i in range(n)],
            "stamp": [f"2021-02-{i + 1:02d}T10:00:0{i % 3}Z" for i in range(n)],
            "constant": ["same"] * n,
        }
    )


def arrow_table():
    """A table of the library, with missing cells."""
    n = ROWS
    day = dt.date(2020, 1, 1)
    return pa.table(
        {
            "int16": pa.array([None, *range(n - 1)], pa.int16()),
            "uint8": pa.array([*range(n - 1), None], pa.uint8()),
            "float32": pa.array([0.5, None, 2.5] * (n // 3), pa.float32()),
            "flag": pa.array([True, None, False] * (n // 3)),
            "text": pa.array(["a", "b", None] * (n // 3)),
            "large": pa.array(["a", "b", "c"] * (n // 3), pa.large_string()),
            "level": pa.array(["a", "b", None] * (n // 3)).dictionary_encode(),
            "day": pa.array([None, *[day + dt.timedelta(i * 3) for i in range(n - 1)]], pa.date32()),
            "time": pa.array([dt.time(i, 5, 7) for i in range(n)], pa.time64("us")),
            "moment": pa.array([dt.datetime(2020, 1, 1 + i) for i in range(n)], pa.timestamp("ms", "UTC")),
            "span": pa.array([dt.timedelta(minutes=i) for i in range(n)], pa.duration("us")),
            "money": pa.array([None, *[i / 4 for i in range(n - 1)]]).cast(pa.decimal128(9, 2)),
            "empty": pa.nulls(n, pa.int32()),
        }
    )


def polars_table():
    """A table of the library, with missing cells."""
    frame = pl.from_arrow(arrow_table())
    return frame.with_columns(
        enum=pl.Series(["s", "l", None] * (ROWS // 3), dtype=pl.Enum(["s", "m", "l"])),
        category=pl.Series(["u", "v", "w"] * (ROWS // 3), dtype=pl.Categorical),
    )


def same(left, right):
    """Assert that two tables have the same cells and types."""
    if isinstance(left, pd.DataFrame):
        pd.testing.assert_frame_equal(left, right)
    elif isinstance(left, pl.DataFrame):
        polars.testing.assert_frame_equal(left, right)
    else:
        assert left.schema == right.schema
        assert left.to_pylist() == right.to_pylist()


MAKERS = [pandas_table, arrow_table, polars_table]
