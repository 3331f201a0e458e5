"""Tables in files: delimited text, Parquet, Feather, JSON lines; written whole or not at all."""

import csv
import functools
import gzip
import io
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.json
import pyarrow.parquet

from evenvae.errors import InputError
from evenvae.places import write_whole
from evenvae.tables.csv_reading import read_text
from evenvae.tables.frames import as_frame
from evenvae.tables.schema import nearest

KINDS = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".parquet", ".feather", ".jsonl", ".jsonl.gz")


def kind_of(path: str | Path) -> str:
    """The kind of file a name stands for; `-` is CSV on the standard streams."""
    if str(path) == "-":
        return ".csv"
    name = Path(path).name.lower()
    for kind in sorted(KINDS, key=len, reverse=True):
        if name.endswith(kind):
            return kind
    raise InputError(f"{path} has an ending that is not known; use one of {', '.join(KINDS)}, or - for CSV.")


def read_table(path: str | Path, *, columns: Sequence[str] | None = None) -> pa.Table:
    """A table from a file, or from standard input for `-`.

    The delimiter of delimited text is found among ``, ; tab |``; every spelling in `MISSING` is a hole; digits
    with leading zeros or too many for 64 bits stay text, and so do dates, whose spelling thus comes back as it
    was (`Schema.infer` takes them for moments). ``columns`` picks some by name.

    Raises:
        InputError: no such file, an unknown ending, an empty or damaged file, a ragged row (with its line),
            duplicate column names, or ``columns`` names one that is not there.
    """
    if Path(path).is_dir():
        raise InputError(f"{path} is a folder; give a file in it.")
    kind = kind_of(path)
    content = content_of(path)
    if not content.strip():
        raise InputError(f"{path} is empty; it needs a header line and rows.")
    try:
        if kind == ".parquet":
            table = pyarrow.parquet.read_table(io.BytesIO(content))
        elif kind == ".feather":
            table = pyarrow.feather.read_table(io.BytesIO(content))
        elif kind.startswith(".jsonl"):
            table = pyarrow.json.read_json(io.BytesIO(content))
        else:
            return chosen(path, read_text(path, content, kind), columns)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OSError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"{path} cannot be read as {kind} ({reason}); it may be cut short.") from error
    check_header(path, table.num_rows, table.schema.names)
    return chosen(path, table, columns)


def chosen(path: str | Path, table: pa.Table, columns: Sequence[str] | None) -> pa.Table:
    """The named columns of a table, or all."""
    for name in columns or ():
        if name not in table.schema.names:
            raise InputError(f"{path} has no column {name!r}; {nearest(name, table.schema.names)}.")
    return table if columns is None else table.select(list(columns))


def content_of(path: str | Path) -> bytes:
    """The bytes of a file, unzipped; those of standard input can be asked for again."""
    if str(path) == "-":
        return _standard_input()
    path = Path(path)
    if not path.is_file():
        raise InputError(f"There is no file {path}.")
    content = path.read_bytes()
    if content[:2] == b"\x1f\x8b":
        try:
            return gzip.decompress(content)
        except (EOFError, OSError) as error:
            raise InputError(f"{path} is a damaged gzip file ({error}); fetch or write it again.") from error
    return content


@functools.cache
def _standard_input() -> bytes:
    return sys.stdin.buffer.read()


def check_header(path: str | Path, rows: int, names: list[str]) -> None:
    """InputError for a name that stands twice, or no rows."""
    twice = {name for name in names if names.count(name) > 1} if len(set(names)) < len(names) else set()
    if twice:
        raise InputError(f"{path}: column name {sorted(twice)[0]!r} stands twice in the header; rename one.")
    if rows == 0:
        raise InputError(f"{path} has a header but no rows.")


def write_table(table: Any, path: str | Path) -> None:
    """Write any table to a file of the kind its name says, or as CSV to standard output for `-`."""
    kind = kind_of(path)
    arrow = table if isinstance(table, pa.Table) else pa.Table.from_pandas(as_frame(table), preserve_index=False)
    write_whole(path, lambda sink: _write(arrow, sink, kind))


def _write(table: pa.Table, sink: BinaryIO, kind: str) -> None:
    if kind == ".parquet":
        pyarrow.parquet.write_table(table, sink)
    elif kind == ".feather":
        pyarrow.feather.write_feather(table, sink)
    elif kind.startswith(".jsonl"):
        text = table.to_pandas().to_json(orient="records", lines=True, date_format="iso", force_ascii=False)
        sink.write(zipped(text.encode(), kind))
    else:
        decoded = pa.table(
            [c.cast(c.type.value_type) if pa.types.is_dictionary(c.type) else c for c in table.columns],
            names=table.column_names,
        )
        delimiter = "\t" if kind.startswith(".tsv") else ","
        style = "needed" if any(map(_needs_quotes, decoded.columns)) else "none"
        options = pyarrow.csv.WriteOptions(include_header=False, delimiter=delimiter, quoting_style=style)
        buffer = io.BytesIO()
        pyarrow.csv.write_csv(decoded, buffer, options)
        plain = io.StringIO()
        csv.writer(plain, delimiter=options.delimiter, lineterminator="\n").writerow(table.column_names)
        sink.write(zipped(plain.getvalue().encode() + buffer.getvalue(), kind))


def _needs_quotes(column: Any) -> bool:
    # pyarrow can quote all texts or none
    text = column.to_pandas() if "str" in str(column.type) else None
    return text is not None and bool(text.str.contains(r'[",;|\t\r\n]|^ | $', regex=True).eq(True).any())


def zipped(data: bytes, kind: str) -> bytes:
    """The bytes as the kind of file wants them."""
    # mtime 0: the same table gives the same bytes
    return gzip.compress(data, mtime=0) if kind.endswith(".gz") else data
