"""A table to a file."""

import csv
import io
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet

from evenvae.io.atomic import write_whole
from evenvae.tables.files.formats import compressed, kind_of
from evenvae.tables.frames import as_frame


def write_table(table: Any, path: str | Path) -> None:
    """Write any table to a file, completely or not at all; `-` writes CSV to standard output.

    Args:
        table: any table (see `as_frame`).
        path: the file; its ending tells the format.

    Raises:
        InputError: the ending is unknown, or no file can be written there.
    """
    kind = kind_of(path)
    arrow = as_arrow(table)
    write_whole(path, lambda sink: write_arrow(arrow, sink, kind))


def as_arrow(table: Any) -> pa.Table:
    """Any table as one of pyarrow."""
    if isinstance(table, pa.Table):
        return table
    return pa.Table.from_pandas(as_frame(table), preserve_index=False)


def write_arrow(table: pa.Table, sink: Any, kind: str) -> None:
    """Write a pyarrow table to an open file in one of `KINDS`."""
    if kind == ".parquet":
        pyarrow.parquet.write_table(table, sink)
    elif kind == ".feather":
        pyarrow.feather.write_feather(table, sink)
    else:
        sink.write(compressed(as_text(table, kind, header=True), kind))


def decoded(table: pa.Table) -> pa.Table:
    """The table with levels as the texts that they stand for."""
    columns = [c.cast(c.type.value_type) if pa.types.is_dictionary(c.type) else c for c in table.columns]
    return pa.table(columns, names=table.column_names)


def as_text(table: pa.Table, kind: str, header: bool) -> bytes:
    """The rows as a text file of this kind holds them, before it is compressed; of delimited text with the header."""
    if kind.startswith(".jsonl"):
        text = table.to_pandas().to_json(orient="records", lines=True, date_format="iso", force_ascii=False)
        return text.encode()
    return _delimited(table, "\t" if kind.startswith(".tsv") else ",", header)


def _delimited(table: pa.Table, delimiter: str, header: bool) -> bytes:
    plain = decoded(table)
    style = "needed" if any(map(_needs_quotes, plain.columns)) else "none"
    options = pyarrow.csv.WriteOptions(include_header=False, delimiter=delimiter, quoting_style=style)
    rows = io.BytesIO()
    pyarrow.csv.write_csv(plain, rows, options)
    if not header:
        return rows.getvalue()
    names = io.StringIO()
    csv.writer(names, delimiter=delimiter, lineterminator="\n").writerow(table.column_names)
    return names.getvalue().encode() + rows.getvalue()


def _needs_quotes(column: Any) -> bool:
    # pyarrow quotes all texts or none
    text = column.to_pandas() if "str" in str(column.type) else None
    return text is not None and bool(text.str.contains(r'[",;|\t\r\n]|^ | $', regex=True).eq(True).any())
