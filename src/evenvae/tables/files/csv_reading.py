"""Delimited text as a table with column types."""

import csv
import io
import re
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.csv

from evenvae.errors import InputError
from evenvae.tables.columns.missing_cells import MISSING
from evenvae.tables.files.csv_text import Document, find_delimiter, first_record, parse
from evenvae.tables.files.formats import check_header
from evenvae.tables.files.memory import arrow_buffer

_DELICATE = re.compile(rb"(?:^|[,;\t|\"\r\n])[+-]?(?:0\d|\d{19})")
"""Digits that a number would not keep: leading zeros, or too many of them."""


def decode_text(path: str | Path, content: bytes, skipped: int = 0) -> str:
    """Bytes as text, without a byte-order mark; ``skipped`` lines of the file are left out after the header.

    Raises:
        InputError: the bytes are not UTF-8.
    """
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1 + skipped
        raise InputError(f"{path} is not UTF-8 text (line {line}); save it as UTF-8.") from error


def delimiter_of(text: str, kind: str) -> str:
    """A tab for .tsv; for .csv the delimiter that is most frequent in the header."""
    return "\t" if kind.startswith(".tsv") else find_delimiter(first_record(text))


def read_text(
    path: str | Path, content: bytes, kind: str, types: Mapping[str, pa.DataType] | None = None, skipped: int = 0
) -> pa.Table:
    """A table with column types from delimited text.

    Args:
        path: of the file, for messages.
        content: its bytes, decompressed.
        kind: ``.csv`` or ``.tsv``, which may end in ``.gz``.
        types: of the columns, where they are known from the rest of a table; None to find them in the text.
        skipped: lines of the file that are left out after the header, for messages.

    Raises:
        InputError: the text cannot be read; the message names the line.
    """
    text = decode_text(path, content, skipped)
    delimiter = delimiter_of(text, kind)
    names = parse(first_record(text), path, delimiter).header
    check_header(path, 1, names)
    read = _typed if types is None else lambda data, sign: _read(arrow_buffer(data), sign, types)
    data = None if len(names) == 1 else _without_blanks(text.encode(), delimiter)
    table = None
    if data is not None:
        try:
            table = read(data, delimiter)
        except pa.ArrowInvalid:
            # the slow parser below finds the line that is wrong
            table = None
    if table is None:
        table = read(_quoted(parse(text, path, delimiter, skipped)), ",")
    check_header(path, table.num_rows, names)
    return table.rename_columns(names)


def joint_type(one: pa.DataType, other: pa.DataType) -> pa.DataType:
    """The type of a column of which some cells alone would have one type and others another."""
    if pa.types.is_null(one) or one == other:
        return other
    if pa.types.is_null(other):
        return one
    numbers = (pa.int64(), pa.float64())
    return pa.float64() if one in numbers and other in numbers else pa.string()


def _without_blanks(data: bytes, delimiter: str) -> bytes | None:
    """Text without blanks around its fields; None where only the slow parser can tell which blanks those are."""
    sign = re.escape(delimiter.encode())
    if data.count(b'"') % 2:
        return None
    bare = re.sub(rb'"[^"]*"', b'""', data)
    if not re.search(rb" [%s\r\n]|[%s\n] | $" % (sign, sign), bare):
        return data
    if b'"' in data:
        return None
    return re.sub(rb"(?<=[%s\r\n]) +| +(?=[%s\r\n])" % (sign, sign), b"", data)


def _quoted(document: Document) -> bytes:
    """The text with commas as delimiters and quotes around every field."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(document.header)
    writer.writerows(document.rows)
    return buffer.getvalue().encode()


def _typed(data: bytes, delimiter: str) -> pa.Table:
    owned = arrow_buffer(data)
    table = _read(owned, delimiter, {})
    # dates and times stay text, so that they keep their spelling
    text = {field.name for field in table.schema if pa.types.is_temporal(field.type)}
    if _DELICATE.search(data):
        numbers = [f for f in table.schema if pa.types.is_integer(f.type) or pa.types.is_floating(f.type)]
        spelled = _read(owned, delimiter, {field.name: pa.string() for field in numbers})
        for field in numbers:
            pattern = r"^[+-]?0\d+$" if pa.types.is_integer(field.type) else r"^[+-]?(0\d+|\d{19,})$"
            if spelled.column(field.name).to_pandas().str.match(pattern).eq(True).any():
                text.add(field.name)
    return _read(owned, delimiter, {name: pa.string() for name in text}) if text else table


def _read(data: pa.Buffer, delimiter: str, types: Mapping[str, pa.DataType]) -> pa.Table:
    return pyarrow.csv.read_csv(
        pa.BufferReader(data),
        # with a single block, the type of a column is chosen from all of its cells
        read_options=pyarrow.csv.ReadOptions(block_size=data.size + 1),
        parse_options=pyarrow.csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
        convert_options=pyarrow.csv.ConvertOptions(
            null_values=list(MISSING),
            strings_can_be_null=True,
            quoted_strings_can_be_null=True,
            true_values=["true", "True", "TRUE"],
            false_values=["false", "False", "FALSE"],
            column_types=dict(types),
        ),
    )
