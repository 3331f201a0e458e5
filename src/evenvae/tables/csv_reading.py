"""Delimited text as a typed table."""

import csv
import io
import re
from pathlib import Path

import pyarrow as pa
import pyarrow.csv

from evenvae.errors import InputError
from evenvae.tables.csv_text import Document, find_delimiter, first_record, parse
from evenvae.tables.missing import MISSING

_DELICATE = re.compile(rb"(?:^|[,;\t|\"\r\n])[+-]?(?:0\d|\d{19})")
"""Digits that a number would not keep: zeros in front, or too many."""


def decode_text(path: str | Path, content: bytes) -> str:
    """Bytes as text without its byte-order mark; InputError where they are not UTF-8."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise InputError(f"{path} is not UTF-8 text (line {line}); save it as UTF-8.") from error


def delimiter_of(text: str, kind: str) -> str:
    """A tab for .tsv; else what the header holds most of."""
    return "\t" if kind.startswith(".tsv") else find_delimiter(first_record(text))


def read_text(path: str | Path, content: bytes, kind: str) -> pa.Table:
    """A typed table from delimited text; InputError names the line that is wrong."""
    from evenvae.tables.files import check_header

    text = decode_text(path, content)
    delimiter = delimiter_of(text, kind)
    names = parse(first_record(text), path, delimiter).header
    check_header(path, 1, names)
    data = None if len(names) == 1 else _tidy(text.encode(), delimiter)
    if data is not None:
        try:
            table = _typed(data, delimiter)
        except pa.ArrowInvalid:
            # the slow way finds the line
            data = None
    if data is None:
        table = _typed(_rewritten(parse(text, path, delimiter)), ",")
    check_header(path, table.num_rows, names)
    return table.rename_columns(names)


def _tidy(data: bytes, delimiter: str) -> bytes | None:
    """Text without blanks around its fields, or None where only the tokenizer can tell which those are."""
    sign = re.escape(delimiter.encode())
    if data.count(b'"') % 2:
        return None
    bare = re.sub(rb'"[^"]*"', b'""', data)
    if not re.search(rb" [%s\r\n]|[%s\n] | $" % (sign, sign), bare):
        return data
    if b'"' in data:
        return None
    return re.sub(rb"(?<=[%s\r\n]) +| +(?=[%s\r\n])" % (sign, sign), b"", data)


def _rewritten(document: Document) -> bytes:
    buffer = io.StringIO()
    writer = csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(document.header)
    writer.writerows(document.rows)
    return buffer.getvalue().encode()


def _typed(data: bytes, delimiter: str) -> pa.Table:
    table = _read(data, delimiter, {})
    # dates and times stay text, so that their spelling comes back as it was
    text = {field.name for field in table.schema if pa.types.is_temporal(field.type)}
    if _DELICATE.search(data):
        numbers = [f for f in table.schema if pa.types.is_integer(f.type) or pa.types.is_floating(f.type)]
        spelled = _read(data, delimiter, {field.name: pa.string() for field in numbers})
        for field in numbers:
            pattern = r"^[+-]?0\d+$" if pa.types.is_integer(field.type) else r"^[+-]?(0\d+|\d{19,})$"
            if spelled.column(field.name).to_pandas().str.match(pattern).eq(True).any():
                text.add(field.name)
    return _read(data, delimiter, {name: pa.string() for name in text}) if text else table


def _read(data: bytes, delimiter: str, types: dict[str, pa.DataType]) -> pa.Table:
    return pyarrow.csv.read_csv(
        io.BytesIO(data),
        # one block: a column's type is then chosen from all of its cells
        read_options=pyarrow.csv.ReadOptions(block_size=len(data) + 1),
        parse_options=pyarrow.csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
        convert_options=pyarrow.csv.ConvertOptions(
            null_values=list(MISSING),
            strings_can_be_null=True,
            quoted_strings_can_be_null=True,
            true_values=["true", "True", "TRUE"],
            false_values=["false", "False", "FALSE"],
            column_types=types,
        ),
    )
