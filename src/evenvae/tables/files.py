"""Tables in files: delimited text, Parquet, Feather, JSON lines; written whole or not at all."""

import csv
import gzip
import io
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.json
import pyarrow.parquet

from evenvae.errors import InputError
from evenvae.tables.csv_text import Document, parse
from evenvae.tables.frames import as_frame
from evenvae.tables.missing import MISSING
from evenvae.tables.restore import natural
from evenvae.tables.schema import Schema

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


def read_table(path: str | Path) -> pa.Table:
    """A table from a file, or from standard input for `-`.

    The delimiter of delimited text is found among ``, ; tab |``; every spelling in `MISSING` is a hole; digits
    with leading zeros stay text.

    Raises:
        InputError: no such file, an unknown ending, an empty or damaged file, a ragged row (with its line),
            duplicate column names.
    """
    kind = kind_of(path)
    content = _content(path)
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
            return _from_text(path, content, kind)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OSError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"{path} cannot be read as {kind} ({reason}); it may be cut short.") from error
    _check(path, table.num_rows, table.schema.names)
    return table


def _content(path: str | Path) -> bytes:
    if str(path) == "-":
        return sys.stdin.buffer.read()
    path = Path(path)
    if path.is_dir():
        raise InputError(f"{path} is a folder; give a file in it.")
    if not path.is_file():
        raise InputError(f"There is no file {path}.")
    content = path.read_bytes()
    if content[:2] == b"\x1f\x8b":
        try:
            return gzip.decompress(content)
        except (EOFError, OSError) as error:
            raise InputError(f"{path} is a damaged gzip file ({error}); fetch or write it again.") from error
    return content


def _document(path: str | Path, content: bytes, kind: str) -> Document:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path} is not UTF-8 text (byte {error.start}); save it as UTF-8, or check that it is {kind}."
        ) from error
    return parse(text, path, "\t" if kind.startswith(".tsv") else None)


def _from_text(path: str | Path, content: bytes, kind: str) -> pa.Table:
    document = _document(path, content, kind)
    names = document.header
    _check(path, len(document.rows), names)
    buffer = io.StringIO()
    writer = csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(names)
    writer.writerows(document.values())
    data = buffer.getvalue().encode()
    padded = {name for name, cells in document.columns(2000) if any(_zero_padded(c) for c in cells)}
    options = pyarrow.csv.ConvertOptions(
        null_values=list(MISSING),
        strings_can_be_null=True,
        quoted_strings_can_be_null=True,
        true_values=["true", "True", "TRUE"],
        false_values=["false", "False", "FALSE"],
        column_types={name: pa.string() for name in padded},
        timestamp_parsers=[],
    )
    parse_options = pyarrow.csv.ParseOptions(newlines_in_values=True)
    read = pyarrow.csv.ReadOptions(block_size=max(1 << 20, len(data) + 1))
    table = pyarrow.csv.read_csv(
        io.BytesIO(data), read_options=read, parse_options=parse_options, convert_options=options
    )
    # dates and times stay text: their spelling comes back as it was
    plain = [f.with_type(pa.string()) if pa.types.is_temporal(f.type) else f for f in table.schema]
    if plain != list(table.schema):
        options.column_types = {f.name: pa.string() for f in plain if pa.types.is_string(f.type)}
        table = pyarrow.csv.read_csv(
            io.BytesIO(data), read_options=read, parse_options=parse_options, convert_options=options
        )
    return table


def _zero_padded(cell: str) -> bool:
    return len(cell) > 1 and cell[0] == "0" and cell.isdigit()


def _check(path: str | Path, rows: int, names: list[str]) -> None:
    twice = {name for name in names if names.count(name) > 1} if len(set(names)) < len(names) else set()
    if twice:
        raise InputError(f"{path}: column name {sorted(twice)[0]!r} stands twice in the header; rename one.")
    if rows == 0:
        raise InputError(f"{path} has a header but no rows.")


def write_table(table: Any, path: str | Path) -> None:
    """Write any table to a file of the kind its name says, or as CSV to standard output for `-`."""
    kind = kind_of(path)
    arrow = (
        table if isinstance(table, pa.Table) else pa.Table.from_pandas(as_frame(table), preserve_index=False)
    )
    _write_bytes(path, lambda sink: _write(arrow, sink, kind))


def _write(table: pa.Table, sink: BinaryIO, kind: str) -> None:
    if kind == ".parquet":
        pyarrow.parquet.write_table(table, sink)
    elif kind == ".feather":
        pyarrow.feather.write_feather(table, sink)
    elif kind.startswith(".jsonl"):
        text = table.to_pandas().to_json(orient="records", lines=True, date_format="iso", force_ascii=False)
        sink.write(_zipped(text.encode(), kind))
    else:
        decoded = pa.table(
            [c.cast(c.type.value_type) if pa.types.is_dictionary(c.type) else c for c in table.columns],
            names=table.column_names,
        )
        options = pyarrow.csv.WriteOptions(
            delimiter="\t" if kind.startswith(".tsv") else ",", quoting_style="needed"
        )
        buffer = io.BytesIO()
        pyarrow.csv.write_csv(decoded, buffer, options)
        header, _, body = buffer.getvalue().partition(b"\n")
        plain = io.StringIO()
        csv.writer(plain, delimiter=options.delimiter, lineterminator="\n").writerow(table.column_names)
        del header
        sink.write(_zipped(plain.getvalue().encode() + body, kind))


def _zipped(data: bytes, kind: str) -> bytes:
    # mtime 0: the same table gives the same bytes
    return gzip.compress(data, mtime=0) if kind.endswith(".gz") else data


def write_text(path: str | Path, text: str) -> None:
    """Write a text file whole, or to standard output for `-`."""
    _write_bytes(path, lambda sink: sink.write(text.encode()))


def _write_bytes(path: str | Path, write: Callable[[BinaryIO], Any]) -> None:
    if str(path) == "-":
        write(sys.stdout.buffer)
        sys.stdout.buffer.flush()
        return
    path = Path(path)
    if not path.parent.is_dir():
        raise InputError(f"Cannot write {path}: the folder {path.parent} does not exist; make it first.")
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            write(file)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def write_filled(
    source: str | Path,
    values: np.ndarray,
    observed: np.ndarray,
    schema: Schema,
    path: str | Path,
    filled: Any,
) -> None:
    """Write an imputed table: text patched cell by cell where source and target are of one kind of text.

    Every byte outside the missing cells then stays as it was: quotes, blanks, line ends, delimiter. Else
    ``filled`` is written by `write_table`. ``values`` (N, D) and ``observed`` are those of the features.
    """
    kind = kind_of(path)
    if str(source) == "-" or kind_of(source) != kind or not kind.startswith((".csv", ".tsv")):
        write_table(filled, path)
        return
    content = _content(source)
    mark = b"\xef\xbb\xbf" if content.startswith(b"\xef\xbb\xbf") else b""
    document = _document(source, content, kind)
    replacements: dict[tuple[int, int], str] = {}
    for position, column in enumerate(schema.features):
        holes = np.flatnonzero(~observed[:, position])
        place = document.header.index(column.name)
        texts = natural(values[holes, position], column)
        for row, value in zip(holes, texts, strict=True):
            cell = document.rows[row][place]
            # a level that was never seen is treated as missing, yet what stands there is the owner's
            if cell in MISSING or cell in column.missing:
                replacements[int(row), place] = _text(value)
    patched = mark + document.patched(replacements).encode()
    _write_bytes(path, lambda sink: sink.write(_zipped(patched, kind)))


def _text(value: Any) -> str:
    if isinstance(value, float | np.floating):
        return f"{value:.10g}"
    return value.isoformat(sep=" ") if isinstance(value, pd.Timestamp) else str(value)
