"""Hostile columns and names of columns: cells that files and programs hold by accident or by malice."""

import datetime as dt
import decimal
import fractions
import uuid

import numpy as np
import pandas as pd
import pyarrow as pa

TEXTS = (
    "",
    " ",
    "a",
    "A",
    "ä",
    "a\u0308",
    "日本",
    "🙂",
    "\u202eabc",
    "\u200b",
    "\x00",
    "\x1b[31m",
    "a\nb",
    "a\r\nb",
    "a\tb",
    'say "a"',
    "'",
    "a,b",
    "a;b",
    "nan",
    "None",
    "NULL",
    "inf",
    "-inf",
    "(other)",
    "true",
    "=1+1",
    "1e400",
    "0x10",
    "1_000",
    "١٢٣",
    "½",
    "-0",
    "--",
    "$HOME",
    "../..",
    "{}",
    "[1]",
    "\ufeffa",
    "x" * 3000,
)
"""Texts that readers, writers and parsers of numbers stumble over."""
NUMBERS = (
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    5e-324,
    -5e-324,
    2.3e-308,
    1e-40,
    1e-30,
    1e38,
    3.4e38,
    1e39,
    1e300,
    1e308,
    -1e308,
    np.inf,
    -np.inf,
    np.nan,
    2.0**53,
    2.0**53 + 2,
    2.0**63,
    1e9,
    4e9,
    123456789.125,
)
"""Numbers at the ends of what types hold."""
INTEGERS = (0, 1, -1, 2**31, 2**53, 2**53 + 1, 2**62, 2**63 - 1, -(2**63), 3_000_000_000)


def _object(cells):
    made = np.empty(len(cells), object)
    made[:] = cells
    return pd.Series(made, dtype=object)


def _picked(rng, n, pool):
    return [pool[i] for i in rng.integers(0, len(pool), n)]


def _one_in(rng, n, values, cell):
    values = np.asarray(values, float)
    values[rng.integers(0, n, 1 + rng.integers(0, 3))] = cell
    return values


def _mixed_zones(rng, n):
    zones = [dt.UTC, dt.timezone(dt.timedelta(hours=5, minutes=30)), None]
    return [dt.datetime(2020, 1, 1, tzinfo=zones[i]) + dt.timedelta(hours=int(i)) for i in rng.integers(0, 3, n)]


class Odd:
    """An object that cannot be written as text."""

    def __repr__(self):
        raise RuntimeError("no text")


class Unhashable:
    """An object that is equal to others of its class, and so has no hash."""

    def __eq__(self, other):
        return isinstance(other, Unhashable)

    __hash__ = None


COLUMNS = {
    "all missing": lambda rng, n: _object(_picked(rng, 1, [None, np.nan, pd.NA, pd.NaT, "", "NA"]) * n),
    "all missing, typed": lambda rng, n: pd.Series(
        [None] * n, dtype=_picked(rng, 1, ["float64", "Int64", "boolean", "datetime64[ns]", "category", "string"])[0]
    ),
    "one cell": lambda rng, n: _object([None] * (n - 1) + _picked(rng, 1, [1, 1.5, "a", True, dt.date(2020, 1, 1)])),
    "constant": lambda rng, n: _object(
        _picked(rng, 1, [0, 1.5, "a", True, 1e308, np.inf, 2**70, dt.date(9999, 1, 1)]) * n
    ),
    "unicode": lambda rng, n: _object(_picked(rng, n, TEXTS)),
    "few texts": lambda rng, n: _object(_picked(rng, n, _picked(rng, 3, TEXTS))),
    "surrogates": lambda rng, n: _object(_picked(rng, n, ["a\ud800", "b", "c"])),
    "extreme numbers": lambda rng, n: pd.Series(_picked(rng, n, NUMBERS)),
    "one extreme number": lambda rng, n: pd.Series(_one_in(rng, n, rng.normal(size=n), _picked(rng, 1, NUMBERS)[0])),
    "ages with one extreme": lambda rng, n: pd.Series(
        _one_in(rng, n, rng.integers(0, 99, n), _picked(rng, 1, NUMBERS)[0])
    ),
    "infinite": lambda rng, n: pd.Series(np.where(rng.random(n) < 0.5, np.inf, -np.inf)),
    "1e308": lambda rng, n: pd.Series(rng.uniform(-1, 1, n) * 1.7e308),
    "1e37": lambda rng, n: pd.Series(rng.uniform(-1, 1, n) * 9e37),
    "denormal": lambda rng, n: pd.Series(rng.integers(1, 1000, n) * 5e-324),
    "tiny": lambda rng, n: pd.Series(rng.random(n) * 1e-40),
    "nearly constant": lambda rng, n: pd.Series(1e9 + rng.integers(0, 2, n) * 1e-6),
    "powers": lambda rng, n: pd.Series(10.0 ** rng.integers(-300, 300, n)),
    "powers of float32": lambda rng, n: pd.Series(10.0 ** rng.integers(-37, 38, n)),
    "beyond 2^53": lambda rng, n: pd.Series(2**62 + rng.integers(0, 2**40, n)),
    "uint64": lambda rng, n: pd.Series(np.uint64(2**63) + rng.integers(0, 2**40, n).astype(np.uint64)),
    "extreme integers": lambda rng, n: pd.Series(_picked(rng, n, INTEGERS), dtype="Int64"),
    "huge integers": lambda rng, n: _object([10 ** int(i) for i in rng.integers(0, 400, n)]),
    "billions": lambda rng, n: pd.Series(rng.poisson(3e9, n)),
    "many zeros": lambda rng, n: pd.Series(np.where(rng.random(n) < 0.9, 0, rng.lognormal(10, 5, n))),
    "float16": lambda rng, n: pd.Series((rng.normal(size=n) * 1e4).astype(np.float16)),
    "long double": lambda rng, n: pd.Series(rng.normal(size=n).astype(np.longdouble) * np.longdouble(10) ** 310),
    "complex": lambda rng, n: pd.Series(rng.normal(size=n) + 1j),
    "zoned": lambda rng, n: pd.Series(
        pd.date_range(
            "2021-03-28", periods=n, freq="30min", tz=_picked(rng, 1, ["Europe/Berlin", "Asia/Kathmandu", "UTC"])[0]
        )
    ),
    "mixed zones": lambda rng, n: _object(_mixed_zones(rng, n)),
    "far dates": lambda rng, n: _object(
        _picked(rng, n, [dt.date(1, 1, 1), dt.date(9999, 12, 31), dt.date(2000, 2, 29), None])
    ),
    "far datetimes": lambda rng, n: pd.Series(
        np.array(_picked(rng, n, ["0001-01-01", "9999-12-31", "1970-01-01", "-9999-01-01"]), "datetime64[s]")
    ),
    "date texts": lambda rng, n: _object(
        _picked(rng, n, ["2020-02-30", "2020-01-01", "01/02/2020", "0000-00-00", "9999-99-99", "2020-13-01T25:61"])
    ),
    "impossible dates": lambda rng, n: _object(_picked(rng, n, ["2020-01-01", "2020-02-01", "2020-02-30"])),
    "spans": lambda rng, n: pd.Series(
        _picked(rng, n, [pd.Timedelta.max, pd.Timedelta.min, pd.Timedelta(0), pd.NaT, pd.Timedelta(1)])
    ),
    "mixed objects": lambda rng, n: _object(
        _picked(rng, n, [1, 1.5, "a", True, None, dt.date(2020, 1, 1), b"x", 2**70, decimal.Decimal("1.1"), (1, 2)])
    ),
    "numbers and texts": lambda rng, n: _object(_picked(rng, n, [1, 2.5, "a", "3", True])),
    "flags and numbers": lambda rng, n: _object(_picked(rng, n, [True, False, 0, 1, 2, None])),
    "lists": lambda rng, n: _object([[1] * int(i) for i in rng.integers(0, 4, n)]),
    "dicts": lambda rng, n: _object([{"a": int(i)} for i in rng.integers(0, 4, n)]),
    "ragged arrays": lambda rng, n: _object([np.ones((2, int(i))) for i in rng.integers(1, 4, n)]),
    "images with holes": lambda rng, n: _object([np.full((2, 2), np.nan if i else 0.5) for i in rng.integers(0, 2, n)]),
    "infinite images": lambda rng, n: _object([np.full((2, 2), np.inf if i else 0.5) for i in rng.integers(0, 2, n)]),
    "tables": lambda rng, n: _object([pd.DataFrame({"a": [1]})] * n),
    "bytes": lambda rng, n: _object([bytes([int(i)]) for i in rng.integers(0, 255, n)]),
    "odd objects": lambda rng, n: _object([Odd() for _ in range(n)]),
    "unhashable objects": lambda rng, n: _object([Unhashable() for _ in range(n)]),
    "huge spelled integers": lambda rng, n: _object(_picked(rng, n, [1, "2", "1e20", 2**70, "-3"])),
    "flags and infinity": lambda rng, n: pd.Series(_picked(rng, n, [0.0, 1.0, np.inf])),
    "functions": lambda rng, n: _object([len, max] * (n // 2) + [len] * (n % 2)),
    "uuids": lambda rng, n: _object([uuid.UUID(int=int(i)) for i in rng.integers(0, 2**60, n)]),
    "fractions": lambda rng, n: _object([fractions.Fraction(int(i), 7) for i in rng.integers(0, 99, n)]),
    "decimals": lambda rng, n: _object(
        _picked(rng, n, [decimal.Decimal(text) for text in ("NaN", "Infinity", "1E+400", "0.10", "-1E-400", "sNaN")])
    ),
    "plain decimals": lambda rng, n: _object([decimal.Decimal(int(i)) / 100 for i in rng.integers(0, 999, n)]),
    "spelled numbers": lambda rng, n: _object(
        _picked(rng, n, ["1,5", "1.5", "1.000,5", "1e400", "-1e400", "NaN", "∞", "1 000", "$5", "5%", "(3)", "٣"])
    ),
    "long digits": lambda rng, n: _object(["9" * int(i) for i in rng.integers(1, 500, n)]),
    "categories unused": lambda rng, n: pd.Series(pd.Categorical(_picked(rng, n, ["a"]), list("abcdef"))),
    "categories of numbers": lambda rng, n: pd.Series(pd.Categorical(_picked(rng, n, [np.inf, 1.0, -np.inf]))),
    "intervals": lambda rng, n: pd.Series(pd.cut(rng.normal(size=n), [-np.inf, 0, np.inf])),
    "periods": lambda rng, n: pd.Series(pd.period_range("1700-01", periods=n, freq="M")),
    "arrow decimals": lambda rng, n: pd.Series(
        pa.array([decimal.Decimal(int(i)) for i in rng.integers(0, 99, n)], pa.decimal256(70, 30)),
        dtype=pd.ArrowDtype(pa.decimal256(70, 30)),
    ),
    "arrow lists": lambda rng, n: pd.Series(
        [[int(i)] for i in rng.integers(0, 9, n)], dtype=pd.ArrowDtype(pa.list_(pa.int64()))
    ),
    "arrow nulls": lambda rng, n: pd.Series([None] * n, dtype=pd.ArrowDtype(pa.null())),
    "arrow binary": lambda rng, n: pd.Series([b"\xff"] * n, dtype=pd.ArrowDtype(pa.binary())),
    "all distinct texts": lambda rng, n: _object([f"{rng.integers(0, 2**60)}x" for _ in range(n)]),
    "sparse infinite": lambda rng, n: pd.Series(pd.arrays.SparseArray(_one_in(rng, n, np.zeros(n), np.inf))),
    "masked": lambda rng, n: pd.Series(np.ma.array(rng.normal(size=n), mask=rng.random(n) < 0.9).filled(np.nan)),
    "plain": lambda rng, n: pd.Series(rng.normal(size=n)),
    "far seconds": lambda rng, n: pd.Series(rng.integers(-(2**62), 2**62, n).astype("datetime64[s]")),
    "one far second": lambda rng, n: pd.Series(
        np.where(rng.random(n) < 0.1, 2**60, rng.integers(0, 2**30, n)).astype("datetime64[s]")
    ),
    "far spans": lambda rng, n: pd.Series(
        np.where(rng.random(n) < 0.5, 2**60, rng.integers(0, 2**30, n)).astype("timedelta64[s]")
    ),
    "far periods": lambda rng, n: pd.Series(pd.PeriodIndex.from_ordinals(rng.integers(-(10**5), 10**5, n), freq="Y")),
    "control characters": lambda rng, n: _object(_picked(rng, n, ["1\x00kg", "2\x00kg", "3.5\x00kg", "\x1b", "\x7f"])),
    "plain levels": lambda rng, n: _object(_picked(rng, n, ["a", "b", "c"])),
}
"""Cells of ``n`` rows, by kind."""

NAMES = {
    "plain": lambda rng, d: [f"c{i}" for i in range(d)],
    "unicode": lambda rng, d: [f"{_picked(rng, 1, TEXTS)[0][:40]}{i}" for i in range(d)],
    "one empty": lambda rng, d: ["", *[f"c{i}" for i in range(1, d)]],
    "blank": lambda rng, d: [" " * (i + 1) for i in range(d)],
    "numbers": lambda rng, d: list(range(d)),
    "floats": lambda rng, d: [i + 0.5 for i in range(d)],
    "missing": lambda rng, d: [None, *range(1, d)],
    "nan": lambda rng, d: [np.nan, *range(1, d)],
    "flags": lambda rng, d: [True, *[f"c{i}" for i in range(1, d)]],
    "tuples": lambda rng, d: [("a", i) for i in range(d)],
    "two levels": lambda rng, d: pd.MultiIndex.from_tuples([("a", f"c{i}") for i in range(d)]),
    "dates": lambda rng, d: list(pd.date_range("2020-01-01", periods=d)),
    "twice": lambda rng, d: ["a"] * d,
    "twice as texts": lambda rng, d: [1, "1", *[f"c{i}" for i in range(2, d)]][:d],
    "long": lambda rng, d: ["n" * 5000 + str(i) for i in range(d)],
    "words of ours": lambda rng, d: ["library", "columns", "(other)", "role", "low", "total", "level_0", "index"][:d],
    "dots and quotes": lambda rng, d: [f'a.b["{i}"]\n=x' for i in range(d)],
    "surrogates": lambda rng, d: [f"a\ud800{i}" for i in range(d)],
    "classes": lambda rng, d: [int, *[f"c{i}" for i in range(1, d)]],
    "bytes": lambda rng, d: [b"a", *[f"c{i}" for i in range(1, d)]],
}
"""Names of ``d`` columns, by kind."""
