"""Hostile files of tables: content by kind, with the ending of the name."""

import gzip
import io
import json
import zlib

import numpy as np
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet

from fuzz.columns import TEXTS

ROWS = 24


def _cell(rng):
    pick = [
        lambda: f"{rng.normal():.3f}",
        lambda: str(rng.integers(-9, 99)),
        lambda: "abc"[rng.integers(3)],
        lambda: "",
        lambda: ["NA", "nan", "?", "null", "inf", "1e999", "-0", "9" * 30, "0x1F", "TRUE", "1,5", "2020-13-01"][
            rng.integers(12)
        ],
        lambda: TEXTS[rng.integers(len(TEXTS))],
    ]
    return pick[rng.integers(len(pick))]()


def _quoted(cell):
    return '"' + cell.replace('"', '""') + '"'


def _rows(rng, columns=3, quote=True, cell=_cell):
    write = (
        _quoted if quote else lambda text: text.replace(",", " ").replace("\n", " ").replace("\r", " ").replace('"', "")
    )
    return [",".join(write(cell(rng)) for _ in range(columns)) for _ in range(ROWS)]


def _plain(rng, end="\n"):
    rows = [f"{rng.normal():.3f},{rng.integers(9)},{'abc'[rng.integers(3)]}" for _ in range(ROWS)]
    rows[3] = ",,"
    return end.join(["x,n,level", *rows, ""]).encode()


def _holes(rng, column):
    return [None if rng.random() < 0.2 else cell for cell in column]


def _table(rng):
    """A pyarrow table of types that files can hold."""
    day = 86_400_000_000
    columns = {
        "i8": pa.array(_holes(rng, rng.integers(-128, 127, ROWS).tolist()), pa.int8()),
        "u64": pa.array(_holes(rng, [2**63 + int(i) for i in rng.integers(0, 99, ROWS)]), pa.uint64()),
        "f16": pa.array(rng.normal(size=ROWS).astype(np.float16), pa.float16()),
        "inf": pa.array(np.where(rng.random(ROWS) < 0.5, np.inf, rng.normal(size=ROWS))),
        "huge": pa.array(rng.normal(size=ROWS) * 1e300),
        "null": pa.nulls(ROWS),
        "flag": pa.array(_holes(rng, (rng.random(ROWS) < 0.5).tolist())),
        "zoned": pa.array(rng.integers(0, 10**6, ROWS) * day, pa.timestamp("us", "America/St_Johns")),
        "nano": pa.array(rng.integers(-(2**62), 2**62, ROWS), pa.timestamp("ns")),
        "far": pa.array(rng.integers(-(2**40), 2**40, ROWS), pa.timestamp("s")),
        "date64": pa.array(rng.integers(0, 20_000, ROWS) * 86_400_000, pa.date64()),
        "time": pa.array(rng.integers(0, 86_399, ROWS), pa.int32()).cast(pa.time32("s")),
        "span": pa.array(rng.integers(-(2**62), 2**62, ROWS), pa.duration("ns")),
        "list": pa.array([[int(i)] for i in rng.integers(0, 9, ROWS)]),
        "struct": pa.array([{"a": int(i)} for i in rng.integers(0, 9, ROWS)]),
        "bytes": pa.array([b"\xff\x00"] * ROWS),
        "dictionary": pa.array(_holes(rng, list("ab" * (ROWS // 2)))).dictionary_encode(),
        "long": pa.array(_holes(rng, ["x" * 2000, "y"] * (ROWS // 2)), pa.large_string()),
        "texts": pa.array(_holes(rng, [TEXTS[i] for i in rng.integers(0, len(TEXTS), ROWS)])),
        "decimal": pa.array([None, *range(ROWS - 1)]).cast(pa.decimal128(30, 9)),
        "plain": pa.array(_holes(rng, rng.normal(size=ROWS).tolist())),
        "": pa.array(rng.normal(size=ROWS)),
    }
    names = rng.choice(list(columns), rng.integers(1, 4), replace=False)
    return pa.table({str(name): columns[name] for name in [*names, "plain"]})


def _parquet(table, **options):
    sink = io.BytesIO()
    pyarrow.parquet.write_table(table, sink, **options)
    return sink.getvalue()


def _feather(table, **options):
    sink = io.BytesIO()
    pyarrow.feather.write_feather(table, sink, **options)
    return sink.getvalue()


def broken(rng, content):
    """Bytes that were cut, changed, repeated or moved."""
    content = bytearray(content)
    for _ in range(rng.integers(1, 5)):
        if not content:
            break
        place, length = int(rng.integers(len(content))), int(rng.integers(1, 40))
        change = rng.integers(5)
        if change == 0:
            del content[place:]
        elif change == 1:
            content[place : place + length] = rng.bytes(length)
        elif change == 2:
            del content[place : place + length]
        elif change == 3:
            content[place:place] = content[:length]
        else:
            content[place : place + 8] = (2 ** int(rng.integers(8, 63))).to_bytes(8, "little")
    return bytes(content)


def _bomb(rng):
    """Gigabytes of one line, in a megabyte."""
    made = zlib.compressobj(9, zlib.DEFLATED, 31)
    line = b"1.5,2,a\n" * 2**17
    return made.compress(b"x,n,level\n") + b"".join(made.compress(line) for _ in range(1024)) + made.flush()


def _twice_compressed(rng):
    return gzip.compress(gzip.compress(_plain(rng)))


def _parquet_bomb(rng):
    """A constant column of hundreds of millions of rows, as runs in many row groups."""
    sink = io.BytesIO()
    group = pa.table({"x": pa.array(np.zeros(2**22)), "y": pa.array(np.zeros(2**22))})
    with pyarrow.parquet.ParquetWriter(sink, group.schema, compression="zstd") as writer:
        for _ in range(64):
            writer.write_table(group)
    return sink.getvalue()


def _feather_bomb(rng):
    return _feather(pa.table({"x": np.zeros(2**28), "y": np.zeros(2**28)}), compression="zstd", chunksize=2**24)


def _json_lines(rng):
    record = lambda: {
        "x": [1.5, "a", None, [1], {"b": 1}, True, 2**80, 1e400][rng.integers(8)],
        "n": int(rng.integers(9)),
    }
    return "\n".join(json.dumps(record()) for _ in range(ROWS)).encode()


FILES = {
    "plain": (".csv", _plain),
    "cells": (".csv", lambda rng: "\n".join(["a,b,c", *_rows(rng)]).encode()),
    "cells without quotes": (".csv", lambda rng: "\n".join(["a,b,c", *_rows(rng, quote=False)]).encode()),
    "byte-order mark": (".csv", lambda rng: b"\xef\xbb\xbf" + _plain(rng)),
    "two byte-order marks": (".csv", lambda rng: b"\xef\xbb\xbf" * 2 + _plain(rng)),
    "CRLF": (".csv", lambda rng: _plain(rng, "\r\n")),
    "CR": (".csv", lambda rng: _plain(rng, "\r")),
    "mixed line ends": (".csv", lambda rng: _plain(rng).replace(b"\n", b"\r\n", int(rng.integers(1, ROWS)))),
    "no last line end": (".csv", lambda rng: _plain(rng).rstrip(b"\n")),
    "blank lines": (".csv", lambda rng: _plain(rng).replace(b"\n", b"\n\n", int(rng.integers(1, ROWS)))),
    "ragged": (".csv", lambda rng: _plain(rng).replace(b",", b"", int(rng.integers(1, 9)))),
    "longer rows": (".csv", lambda rng: _plain(rng).replace(b"\n", b",9\n", int(rng.integers(1, ROWS)))),
    "open quote": (".csv", lambda rng: _plain(rng).replace(b",a\n", b',"a\n', 1)),
    "quotes inside": (".csv", lambda rng: _plain(rng).replace(b"a", b'a"b"', int(rng.integers(1, 9)))),
    "line ends in quotes": (".csv", lambda rng: _plain(rng).replace(b",a", b',"a\nb"')),
    "names": (
        ".csv",
        lambda rng: (
            ",".join(_quoted(TEXTS[i]) for i in rng.integers(0, len(TEXTS), 3)) + "\n" + "\n".join(_rows(rng))
        ).encode(),
    ),
    "names twice": (".csv", lambda rng: b"x,x,y\n" + _plain(rng)[10:]),
    "empty names": (".csv", lambda rng: b",," + _plain(rng)[9:]),
    "header alone": (".csv", lambda rng: b"x,n,level\n"),
    "nothing": (".csv", lambda rng: b"\n" * int(rng.integers(0, 4))),
    "one column": (
        ".csv",
        lambda rng: "\n".join(["x", *[_cell(rng).replace("\n", " ") for _ in range(ROWS)]]).encode(),
    ),
    "semicolons": (".csv", lambda rng: _plain(rng).replace(b",", b";").replace(b".", b",")),
    "tabs": (".tsv", lambda rng: _plain(rng).replace(b",", b"\t")),
    "tabs with commas": (".tsv", _plain),
    "blanks": (".csv", lambda rng: _plain(rng).replace(b",", b" , ")),
    "latin-1": (".csv", lambda rng: _plain(rng).replace(b"a", b"\xe4")),
    "UTF-16": (".csv", lambda rng: _plain(rng).decode().encode("utf-16")),
    "UTF-32": (".csv", lambda rng: _plain(rng).decode().encode("utf-32-le")),
    "NUL": (".csv", lambda rng: _plain(rng).replace(b"a", b"\x00")),
    "control characters": (".csv", lambda rng: _plain(rng).replace(b"a", b"\x1b[2J\x07")),
    "surrogates": (".csv", lambda rng: _plain(rng).replace(b"a", b"\xed\xa0\x80")),
    "long cell": (".csv", lambda rng: _plain(rng).replace(b"a", b"a" * 10**6, 1)),
    "many columns": (
        ".csv",
        lambda rng: "\n".join(
            [
                ",".join(f"c{i}" for i in range(60)),
                *[",".join(str(v) for v in rng.integers(0, 9, 60)) for _ in range(3)],
            ]
        ).encode(),
    ),
    "no table": (".csv", lambda rng: rng.bytes(400)),
    "a picture": (".csv", lambda rng: b"\x89PNG\r\n\x1a\n" + rng.bytes(200)),
    "parquet as csv": (".csv", lambda rng: _parquet(_table(rng))),
    "csv as parquet": (".parquet", _plain),
    "csv as feather": (".feather", _plain),
    "broken csv": (".csv", lambda rng: broken(rng, _plain(rng))),
    "gzip": (".csv.gz", lambda rng: gzip.compress(_plain(rng))),
    "gzip without name": (".csv", lambda rng: gzip.compress(_plain(rng))),
    "broken gzip": (".csv.gz", lambda rng: broken(rng, gzip.compress(_plain(rng)))),
    "twice gzip": (".csv.gz", _twice_compressed),
    "not gzip": (".csv.gz", _plain),
    "parquet": (".parquet", lambda rng: _parquet(_table(rng))),
    "parquet, compressed": (
        ".parquet",
        lambda rng: _parquet(_table(rng), compression=["gzip", "zstd", "lz4", "brotli"][rng.integers(4)]),
    ),
    "broken parquet": (".parquet", lambda rng: broken(rng, _parquet(_table(rng)))),
    "parquet without rows": (".parquet", lambda rng: _parquet(_table(rng).slice(0, 0))),
    "feather": (".feather", lambda rng: _feather(_table(rng))),
    "broken feather": (
        ".feather",
        lambda rng: broken(rng, _feather(_table(rng), compression=["uncompressed", "lz4", "zstd"][rng.integers(3)])),
    ),
    "JSON lines": (".jsonl", _json_lines),
    "JSON lines of cells": (
        ".jsonl",
        lambda rng: "\n".join(json.dumps({"a": _cell(rng), "b": rng.normal()}) for _ in range(ROWS)).encode(),
    ),
    "broken JSON lines": (".jsonl", lambda rng: broken(rng, _json_lines(rng))),
    "JSON lines, nested": (".jsonl", lambda rng: b'{"a":' * int(rng.integers(2, 3000)) + b"1" + b"}" * 3000),
    "JSON lines with a name twice": (".jsonl", lambda rng: b'{"a": 1, "a": 2}\n' * ROWS),
    "JSON lines, other keys": (".jsonl", lambda rng: "\n".join(json.dumps({f"k{i}": i}) for i in range(ROWS)).encode()),
    "JSON list": (".jsonl", lambda rng: b"[1, 2, 3]\n"),
    "JSON lines of NaN": (".jsonl", lambda rng: b'{"a": NaN, "b": Infinity}\n' * ROWS),
}
"""Ending and content of files, by kind."""
BOMBS = {
    "bomb of gzip": (".csv.gz", _bomb),
    "bomb of gzip JSON": (".jsonl.gz", _bomb),
    "bomb of parquet": (".parquet", _parquet_bomb),
    "bomb of feather": (".feather", _feather_bomb),
}
"""Files that become gigabytes when they are read; each is made once."""
WRONG_NAMES = ("table.xlsx", "table", ".csv", "no/such/table.csv", "table.csv.bz2", "\x01.csv", "-.csv")
