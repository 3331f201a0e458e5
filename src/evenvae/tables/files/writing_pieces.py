"""Tables to files piece by piece, as their rows are made."""

import gzip
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet

from evenvae.io.atomic import open_whole
from evenvae.tables.files.formats import kind_of
from evenvae.tables.files.writing import as_arrow, as_text, decoded


def write_tables(pieces: Iterable[Any], path: str | Path) -> None:
    """Write the pieces of a table to a file as they come; the file is there once all of them are written.

    A column whose type differs between pieces gets one that holds all of them. In Feather, levels become texts.

    Args:
        pieces: tables with the same columns, at least one.
        path: the file; its ending tells the format. `-` writes CSV to standard output.

    Raises:
        InputError: the ending is unknown, or no file can be written there; whatever the making of a piece raises.
    """
    written_together(([piece] for piece in pieces), [path])


def written_together(pieces: Iterable[Sequence[Any]], paths: Sequence[str | Path]) -> None:
    """Write several files at once, each as `write_tables` does; every item of ``pieces`` holds a piece of each.

    A piece of a text file may also be its text, with the header in the first one.
    """
    with ExitStack() as open_ones:
        writers = [open_ones.enter_context(_writer(path)) for path in paths]
        for own in pieces:
            for writer, piece in zip(writers, own, strict=True):
                writer.write(piece if isinstance(piece, bytes) else as_arrow(piece))


def _writer(path: str | Path) -> "_Writer":
    kind = kind_of(path)
    return (_Typed if kind in (".parquet", ".feather") else _Text)(path, kind)


class _Writer:
    """Writes the pieces of one table; the file is whole when the block ends without an error."""

    def __init__(self, path: str | Path, kind: str):
        self.path, self.kind = path, kind
        self.whole = open_whole(path)

    def __enter__(self) -> "_Writer":
        self.sink: Any = self.whole.__enter__()
        return self

    def __exit__(self, *error: Any) -> Any:
        try:
            self.finish()
        except BaseException as own:
            if error[0] is None:
                self.whole.__exit__(type(own), own, own.__traceback__)
                raise
        return self.whole.__exit__(*error)

    def write(self, piece: Any) -> None:
        """The next rows."""
        raise NotImplementedError

    def finish(self) -> None:
        """After the last piece."""


class _Text(_Writer):
    """Delimited text and JSON lines."""

    def __init__(self, path: str | Path, kind: str):
        super().__init__(path, kind)
        self.out: Any = None

    def write(self, piece: pa.Table | bytes) -> None:
        """The next rows; the header before the first ones."""
        first = self.out is None
        if first:
            zipped = self.kind.endswith(".gz")
            self.out = gzip.GzipFile(filename="", fileobj=self.sink, mode="wb", mtime=0) if zipped else self.sink
        self.out.write(piece if isinstance(piece, bytes) else as_text(piece, self.kind, header=first))

    def finish(self) -> None:
        """The end of a compressed file."""
        if self.out is not None and self.out is not self.sink:
            self.out.close()


class _Typed(_Writer):
    """Parquet and Feather, whose columns have types."""

    def __init__(self, path: str | Path, kind: str):
        super().__init__(path, kind)
        self.schema: pa.Schema | None = None

    def write(self, piece: Any) -> None:
        """The next rows. What is written already is written again where a column needs a wider type."""
        if self.kind == ".feather":
            # a Feather file cannot hold other levels from batch to batch
            piece = decoded(piece)
        schema = self.schema or self._begin(piece.schema)
        fitting = _cast(piece, schema)
        if fitting is None:
            self.finish()
            with tempfile.TemporaryFile(dir=Path(self.path).parent) as before:
                self.sink.seek(0)
                shutil.copyfileobj(self.sink, before)
                self.sink.seek(0)
                self.sink.truncate()
                schema = self._begin(_joint(schema, piece.schema))
                for written in _read_again(before, self.kind):
                    self.out.write_table(_cast(written, schema))
            fitting = _cast(piece, schema)
        self.out.write_table(fitting)

    def finish(self) -> None:
        """The end of the file."""
        if self.schema is not None:
            self.out.close()

    def _begin(self, schema: pa.Schema) -> pa.Schema:
        self.schema = schema
        if self.kind == ".parquet":
            self.out: Any = pyarrow.parquet.ParquetWriter(self.sink, schema)
        else:
            self.out = pa.ipc.new_file(self.sink, schema, options=pa.ipc.IpcWriteOptions(compression="lz4"))
        return schema


def _cast(piece: pa.Table, schema: pa.Schema) -> pa.Table | None:
    """The piece in these types; None where they do not hold it."""
    if piece.schema.equals(schema):
        return piece
    try:
        return piece.cast(schema)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, ValueError):
        return None


def _joint(one: pa.Schema, other: pa.Schema) -> pa.Schema:
    """For each column a type that holds the cells of both; text where there is no other."""
    fields = []
    for field in one:
        pair = [pa.schema([field]), pa.schema([other.field(field.name)])]
        try:
            fields.append(pa.unify_schemas(pair, promote_options="permissive").field(0))
        except (pa.ArrowInvalid, pa.ArrowTypeError):
            fields.append(pa.field(field.name, pa.string()))
    return pa.schema(fields)


def _read_again(file: Any, kind: str) -> Iterator[pa.Table]:
    file.seek(0)
    if kind == ".parquet":
        batches: Iterator[Any] = pyarrow.parquet.ParquetFile(file).iter_batches()
    else:
        reader = pa.ipc.open_file(file)
        batches = map(reader.get_batch, range(reader.num_record_batches))
    return (pa.Table.from_batches([batch]) for batch in batches)
