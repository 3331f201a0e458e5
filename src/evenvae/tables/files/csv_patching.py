"""Single cells of a text file replaced; every other byte stays as it was."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from evenvae.io.atomic import write_whole
from evenvae.tables.columns.missing_cells import observed_cells
from evenvae.tables.files.csv_reading import decode_text, delimiter_of
from evenvae.tables.files.csv_text import Document, parse
from evenvae.tables.files.formats import compressed, content_of, is_text, kind_of
from evenvae.tables.files.writing import write_table
from evenvae.tables.frames import as_frame
from evenvae.tables.schema.schema import Schema

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
Replacement = Mapping[tuple[int, str], str] | Callable[[int, str], str | None]


def patch_csv(source: str | Path, replacement: Replacement, out: str | Path) -> None:
    """Copy delimited text with some cells replaced. Quotes, blanks, line ends and a byte-order mark stay as they are.

    Args:
        source: a .csv or .tsv file, compressed or not, or `-`.
        replacement: the new text by (row from 0, column name); or a function of these two that gives it, where None
            leaves the cell as it is.
        out: the file to write; it is compressed if its name ends in .gz.

    Raises:
        InputError: there is no such file, or a row has too few or too many fields.
    """
    content = content_of(source)
    document = _document(source, content)
    if callable(replacement):
        asked = {
            (row, place): replacement(row, name)
            for row in range(len(document.rows))
            for place, name in enumerate(document.header)
        }
        cells = {cell: text for cell, text in asked.items() if text is not None}
    else:
        places = {name: place for place, name in enumerate(document.header)}
        cells = {(row, places[name]): text for (row, name), text in replacement.items()}
    _write(content, document, cells, out)


def write_filled(source: str | Path, original: Any, filled: Any, schema: Schema, out: str | Path) -> None:
    """Write a table whose missing cells were filled.

    If both files are delimited text of one format (.csv or .tsv), the text of the source is kept byte for byte outside
    the filled cells. Otherwise `write_table` writes the table.

    Args:
        source: the file that the table was read from.
        original: the table as it was read.
        filled: the same table with its missing cells filled.
        schema: of the table.
        out: the file to write.

    Raises:
        InputError: there is no such source, or the ending of ``out`` is unknown.
    """
    kinds = kind_of(source), kind_of(out)
    if kinds[0].removesuffix(".gz") != kinds[1].removesuffix(".gz") or not is_text(kinds[0]):
        write_table(filled, out)
        return
    content = content_of(source)
    document = _document(source, content)
    _write(content, document, _filled_cells(document, original, filled, schema), out)


def filled_text(source: str | Path, content: bytes, original: Any, filled: Any, schema: Schema) -> bytes:
    """The text of a table, or of some of its rows, whose missing cells were filled; all else byte for byte as it was.

    Args:
        source: the file that the text was read from, for messages and its kind.
        content: the text, with its header.
        original: the rows as they were read from it.
        filled: the same rows with their missing cells filled.
        schema: of the table.
    """
    document = _document(source, content)
    return _patched(content, document, _filled_cells(document, original, filled, schema))


def _filled_cells(document: Document, original: Any, filled: Any, schema: Schema) -> dict[tuple[int, int], str]:
    before, after = as_frame(original, schema.names), as_frame(filled, schema.names)
    cells: dict[tuple[int, int], str] = {}
    for column in schema.columns:
        if column.name not in after.columns or column.name not in document.header:
            continue
        new = after[column.name]
        missing = ~observed_cells(before[column.name], column.missing) & observed_cells(new, column.missing)
        rows = np.flatnonzero(missing)
        if not len(rows):
            continue
        place = document.header.index(column.name)
        texts = column.codec.texts(new.iloc[rows], column, [row[place] for row in document.rows])
        cells |= {(row, place): text for row, text in zip(rows.tolist(), texts, strict=True)}
    return cells


def _document(source: str | Path, content: bytes) -> Document:
    text = decode_text(source, content)
    return parse(text, source, delimiter_of(text, kind_of(source)))


def _write(content: bytes, document: Document, cells: dict[tuple[int, int], str], out: str | Path) -> None:
    patched = _patched(content, document, cells)
    write_whole(out, lambda sink: sink.write(compressed(patched, kind_of(out))))


def _patched(content: bytes, document: Document, cells: dict[tuple[int, int], str]) -> bytes:
    mark = BYTE_ORDER_MARK if content.startswith(BYTE_ORDER_MARK) else b""
    return mark + document.patched(cells).encode()
