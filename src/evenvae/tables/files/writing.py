"""A table to a file."""

import csv
import io
from io import BufferedIOBase
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
    arrow = table if isinstance(table, pa.Table) else pa.Table.from_pandas(as_frame(table), preserve_index=False)
    write_whole(path, lambda sink: write_arrow(arrow, sink, kind))


def write_arrow(table: pa.Table, sink: BufferedIOBase, kind: str) -> None:
    """Write a pyarrow table to an open file in one of `KINDS`."""
    if kind == ".parquet":
        pyarrow.parquet.write_table(table, sink)
    elif kind == ".feather":
        pyarrow.feather.write_feather(table, sink)
    elif kind.startswith(".jsonl"):
        text = table.to_pandas().to_json(orient="records", lines=True, date_format="iso", force_ascii=False)
        sink.write(compressed(text.encode(), kind))
    else:
        sink.write(compressed(_delimited(table, "\t" if kind.startswith(".tsv") else ","), kind))


def _delimited(table: pa.Table, delimiter: str) -> bytes:
    decoded = pa.table(
        [c.cast(c.type.value_type) if pa.types.is_dictionary(c.type) else c for c in table.columns],
        names=table.column_names,
    )
    style = "needed" if any(map(_needs_quotes, decoded.columns)) else "none"
    options = pyarrow.csv.WriteOptions(include_header=False, delimiter=delimiter, quoting_style=style)
    rows = io.BytesIO()
    pyarrow.csv.write_csv(decoded, rows, options)
    header = io.StringIO()
    csv.writer(header, delimiter=delimiter, lineterminator="\n").writerow(table.column_names)
    return header.getvalue().encode() + rows.getvalue()


def _needs_quotes(column: Any) -> bool:
    # pyarrow quotes all texts or none
    text = column.to_pandas() if "str" in str(column.type) else None
    return text is not None and bool(text.str.contains(r'[",;|\t\r\n]|^ | $', regex=True).eq(True).any())
