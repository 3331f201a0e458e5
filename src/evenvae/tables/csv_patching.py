"""Single cells of a text file replaced; every other byte stays."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from evenvae.places import write_whole
from evenvae.tables.cells import loose_form, observed_cells
from evenvae.tables.csv_reading import decode_text, delimiter_of
from evenvae.tables.csv_text import Document, parse
from evenvae.tables.files import content_of, kind_of, write_table, zipped
from evenvae.tables.frames import as_frame
from evenvae.tables.missing import MISSING
from evenvae.tables.schema import Column, Schema

MARK = b"\xef\xbb\xbf"
Replacement = Mapping[tuple[int, str], str] | Callable[[int, str], str | None]


def patch_csv(source: str | Path, replacement: Replacement, out: str | Path) -> None:
    """Rewrite delimited text with some cells replaced; quotes, blanks, line ends and mark stay as they are.

    Args:
        source: a .csv or .tsv file, zipped or not, or `-`.
        replacement: (row from 0, column name) to the new text, or a function of them (None leaves the cell).
        out: where to; zipped if its name ends in .gz.

    Raises:
        InputError: no such file, or a ragged row.
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
    """Write ``filled``, which is the table ``original`` read from ``source`` with its holes filled.

    Where source and target are text of one kind (.csv or .tsv), the source's text is kept byte for byte outside
    the filled cells. Else `write_table` writes it.
    """
    kinds = kind_of(source), kind_of(out)
    if kinds[0].removesuffix(".gz") != kinds[1].removesuffix(".gz") or not kinds[0].startswith((".csv", ".tsv")):
        write_table(filled, out)
        return
    before: Any = as_frame(original, schema.names)
    after: Any = as_frame(filled, schema.names)
    content = content_of(source)
    document = _document(source, content)
    cells: dict[tuple[int, int], str] = {}
    for column in schema.features:
        new = after[column.name]
        holes = ~observed_cells(before[column.name], column.missing) & observed_cells(new, column.missing)
        rows = np.flatnonzero(holes)
        if not len(rows):
            continue
        place = document.header.index(column.name)
        spelling = _spellings(document, place, column) if column.nominal else {}
        for row, value in zip(rows.tolist(), new.iloc[rows], strict=True):
            cells[row, place] = spelling.get(loose_form(value)) or _text(value, column)
    _write(content, document, cells, out)


def _document(source: str | Path, content: bytes) -> Document:
    text = decode_text(source, content)
    return parse(text, source, delimiter_of(text, kind_of(source)))


def _write(content: bytes, document: Document, cells: dict[tuple[int, int], str], out: str | Path) -> None:
    mark = MARK if content.startswith(MARK) else b""
    patched = mark + document.patched(cells).encode()
    write_whole(out, lambda sink: sink.write(zipped(patched, kind_of(out))))


def _spellings(document: Document, place: int, column: Column) -> dict[Any, str]:
    """How the file itself spells each level."""
    holes = {*MISSING, *column.missing}
    found = dict.fromkeys(row[place] for row in document.rows)
    return {loose_form(text): text for text in reversed(found) if text not in holes}


def _text(value: Any, column: Column) -> str:
    if isinstance(value, bool | np.bool_ | str):
        return str(value)
    if isinstance(value, float | np.floating):
        if column.decimals is None:
            return f"{value:.10g}"
        return str(int(value)) if column.decimals == 0 else repr(float(value))
    return value.isoformat(sep=" ") if isinstance(value, pd.Timestamp) else str(value)
