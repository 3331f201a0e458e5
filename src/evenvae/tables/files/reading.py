"""A table from a file."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.dataset
import pyarrow.feather
import pyarrow.ipc
import pyarrow.json
import pyarrow.parquet

from evenvae.errors import InputError
from evenvae.tables.files.csv_reading import read_text
from evenvae.tables.files.finding import is_single
from evenvae.tables.files.formats import check_cells, check_header, content_of, is_text, kind_of
from evenvae.tables.files.memory import arrow_buffer
from evenvae.tables.files.table_files import TableFiles, open_files, readable
from evenvae.tables.interchange import collected
from evenvae.tables.suggestions import nearest


def read_table(path: str | Path, *, columns: Sequence[str] | None = None) -> pa.Table:
    """Read a table whole: from a file, a folder of files, those that match a pattern, or standard input for `-`.

    In delimited text, the delimiter is found among ``, ; tab |``, and every text in `MISSING` means a missing cell.
    Digits with leading zeros, or too many of them for 64 bits, stay text. Dates stay text as well, so that they keep
    their spelling; `Schema.infer` recognises them as datetimes.

    Args:
        path: the file, whose ending tells the format; or a folder or a pattern such as ``year/*.parquet``, whose files
            have one format and the same columns (see `find_files`), and whose rows follow each other.
        columns: the names of the columns to read; None for all.

    Raises:
        InputError: there is no such file, its ending is unknown, it is empty or damaged, a line has too few or too many
            fields (the message names the line), a column name occurs twice, one of ``columns`` does not exist, or files
            of one table differ in their columns.
    """
    table = _of_file(path) if is_single(path) else _of_files(path)
    for name in columns or ():
        if name not in table.schema.names:
            raise InputError(f"{path} has no column {name!r}; {nearest(name, table.schema.names)}.")
    return table if columns is None else table.select(list(columns))


def in_memory_if_small(X: Any) -> Any:
    """The table that a path names: whole, or as files where it is to be read piece by piece.

    Args:
        X: a path, or what `open_files` gives; other tables stay as they are, or as `collected` gives them.

    Raises:
        InputError: the table cannot be read.
    """
    if isinstance(X, str | Path):
        X = open_files(X)
    X = collected(X)
    return read_table(X.place) if isinstance(X, TableFiles) and not X.is_large else X


def _of_file(path: str | Path) -> pa.Table:
    kind = kind_of(path)
    content = content_of(path)
    if not content.strip():
        raise InputError(f"{path} is empty; it needs a header line and rows.")
    table = readable(path, kind, lambda: _parsed(path, content, kind))
    names = readable(path, kind, lambda: table.schema.names)
    check_header(path, table.num_rows, names)
    return table


def _of_files(path: str | Path) -> pa.Table:
    files = open_files(path)
    if files.can_be_cut:
        return pa.concat_tables(files.pieces()).unify_dictionaries()
    return pa.concat_tables([_of_file(one) for one in files.paths], promote_options="permissive")


def _parsed(path: str | Path, content: bytes, kind: str) -> pa.Table:
    if is_text(kind):
        return read_text(path, content, kind)
    owned = arrow_buffer(content)
    if kind == ".parquet":
        described = pyarrow.parquet.read_metadata(pa.BufferReader(owned))
        check_cells(path, described.num_rows * described.num_columns, len(content))
        return pyarrow.parquet.read_table(pa.BufferReader(owned))
    if kind == ".feather":
        columns = len(pa.ipc.open_file(pa.BufferReader(owned)).schema)
        rows = pyarrow.dataset.IpcFileFormat().make_fragment(pa.BufferReader(owned)).count_rows()
        check_cells(path, rows * columns, len(content))
        table = pyarrow.feather.read_table(pa.BufferReader(owned))
        # a damaged file without compression has no checksum that tells
        table.validate(full=True)
        return table
    return pyarrow.json.read_json(pa.BufferReader(owned))
