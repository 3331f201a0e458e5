"""A table in one file or several, read piece by piece in bounded memory."""

import dataclasses
import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet

from evenvae.errors import InputError
from evenvae.tables.files.csv_blocks import Block, blocks
from evenvae.tables.files.csv_reading import joint_type, read_text
from evenvae.tables.files.finding import find_files
from evenvae.tables.files.formats import check_cells, check_header, is_text, kind_of

MOST_CELLS, MOST_TEXT = 2**25, 2**28
"""Cells of a Parquet or Feather table, and bytes of delimited text, up to which a table is read whole."""
PIECE_CELLS, PIECE_ROWS = 2**21, 2**16
"""Most cells and most rows of a piece of a Parquet or Feather table."""
ZIPPED = 5
"""Bytes of text that a byte of a compressed file is taken for."""


@dataclasses.dataclass(frozen=True)
class TableFiles:
    """A table in files of one format: Parquet, Feather or delimited text.

    Attributes:
        place: the path that was given, for messages.
        paths: the files, in the order of their rows.
        in_memory: True has the table read whole wherever a choice is left, False piece by piece; None lets its size
            decide.
    """

    place: str
    paths: tuple[Path, ...]
    in_memory: bool | None = None

    @property
    def kind(self) -> str:
        """The format of the files, without the ending of compressed ones."""
        return kind_of(self.paths[0]).removesuffix(".gz")

    @property
    def can_be_cut(self) -> bool:
        """Whether the format can be read piece by piece."""
        return self.kind != ".jsonl"

    @functools.cached_property
    def is_large(self) -> bool:
        """Whether the table is to be read piece by piece; its size decides unless ``in_memory`` does."""
        if not self.can_be_cut or self.in_memory is not None:
            return self.can_be_cut and self.in_memory is False
        if is_text(self.kind):
            sizes = [path.stat().st_size * (ZIPPED if path.name.lower().endswith(".gz") else 1) for path in self.paths]
            return sum(sizes) > MOST_TEXT
        return self.known_rows() * len(self.schema) > MOST_CELLS

    @functools.cached_property
    def schema(self) -> pa.Schema:
        """The names and types of the columns, in which all pieces come.

        Of delimited text the types follow from all cells, so that asking for them reads the files once.

        Raises:
            InputError: a file cannot be read, or has other columns or other types than the files before it.
        """
        common: pa.Schema | None = None
        for path in self.paths:
            own = self._schema_of(path)
            common = own if common is None else self._joined(common, own, path)
        assert common is not None
        return common

    def known_rows(self) -> int:
        """The number of rows, which files of Parquet and Feather tell without being read.

        Raises:
            InputError: a file cannot be read, or grows beyond what tables do.
        """
        total = 0
        for path in self.paths:
            rows = readable(path, self.kind, lambda path=path: _dataset(path, self.kind).count_rows())
            check_cells(path, rows * len(self.schema), path.stat().st_size)
            total += rows
        return total

    def pieces(self) -> Iterator[pa.Table]:
        """The rows, piece by piece, in the types of `schema`; the same pieces every time.

        Raises:
            InputError: a file cannot be read; the message names it.
        """
        empty = True
        for path in self.paths:
            for piece in self._pieces_of(path):
                empty = False
                yield piece
        if empty:
            raise InputError(f"{self.place} has columns but no rows.")

    def texts(self) -> Iterator[tuple[Block, pa.Table]]:
        """The pieces of delimited text, each beside the text that it was read from.

        Raises:
            InputError: as `pieces`.
        """
        for path in self.paths:
            yield from self._texts_of(path)

    @functools.cached_property
    def headers(self) -> frozenset[bytes]:
        """The header lines of files of delimited text."""
        found = set()
        for path in self.paths:
            first = next(iter(blocks(path)))
            found.add(first.content[: first.header].strip())
        return frozenset(found)

    def _texts_of(self, path: Path) -> Iterator[tuple[Block, pa.Table]]:
        types = {field.name: field.type for field in self.schema}
        for block in blocks(path):
            piece = read_text(path, block.content, self.kind, types, block.skipped)
            yield block, piece.select(self.schema.names)

    def _pieces_of(self, path: Path) -> Iterator[pa.Table]:
        names = self.schema.names
        if is_text(self.kind):
            yield from (piece for _, piece in self._texts_of(path))
            return
        rows = min(PIECE_ROWS, max(1, PIECE_CELLS // max(1, len(names))))
        batches = _dataset(path, self.kind).to_batches(batch_size=rows, batch_readahead=2, fragment_readahead=1)
        while (batch := readable(path, self.kind, lambda: next(batches, None))) is not None:
            if batch.num_rows:
                piece = pa.Table.from_batches([batch]).select(names)
                piece = piece.replace_schema_metadata(None)
                # a file may hold batches that are larger than was asked for
                for start in range(0, piece.num_rows, rows):
                    part = piece.slice(start, rows)
                    yield part if part.schema == self.schema else part.cast(self.schema)

    def _schema_of(self, path: Path) -> pa.Schema:
        if not path.stat().st_size:
            raise InputError(f"{path} is empty; it needs a header line and rows.")
        if not is_text(self.kind):
            found = readable(path, self.kind, lambda: _dataset(path, self.kind).schema).remove_metadata()
            check_header(path, 1, readable(path, self.kind, lambda: found.names))
            return found
        types: dict[str, pa.DataType] = {}
        for block in blocks(path):
            own = read_text(path, block.content, self.kind, skipped=block.skipped).schema
            types = {field.name: joint_type(types.get(field.name, pa.null()), field.type) for field in own}
        return pa.schema(types.items())

    def _joined(self, common: pa.Schema, own: pa.Schema, path: Path) -> pa.Schema:
        first = self.paths[0].name
        for names, others, what in ((common.names, own.names, "lacks"), (own.names, common.names, "has")):
            strange = [name for name in names if name not in others]
            if strange:
                but = "has" if what == "lacks" else "lacks"
                raise InputError(f"{path} {what} a column {strange[0]!r} that {first} {but}; give every file of "
                                 f"{self.place} the same columns.")  # fmt: skip
        if is_text(self.kind):
            return pa.schema([(name, joint_type(common.field(name).type, own.field(name).type))
                              for name in common.names])  # fmt: skip
        fields = []
        for field in common:
            other = own.field(field.name)
            try:
                joint = pa.unify_schemas([pa.schema([field]), pa.schema([other])], promote_options="permissive")
            except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
                raise InputError(
                    f"{path} holds {other.type} in the column {field.name!r}, and the files before it {field.type}; "
                    f"give every file of {self.place} the same types."
                ) from error
            fields.append(joint.field(0))
        return pa.schema(fields)


def open_files(path: Any, in_memory: bool | None = None) -> TableFiles:
    """The table that a path names: a file, a folder of files, or a pattern such as ``year/*.parquet``.

    Args:
        path: where the files are.
        in_memory: True to read the table whole, False to read it piece by piece, None to let its size decide.

    Raises:
        InputError: there is no such file, the folder holds no table, nothing matches the pattern, or the files have
            different formats; or the format cannot be read piece by piece, and that is asked for.
    """
    paths = find_files(path)
    files = TableFiles(str(path), paths, in_memory)
    if in_memory is False and not files.can_be_cut:
        raise InputError(f"{path} is JSON lines, which are read whole only; write it as Parquet, Feather or CSV.")
    return files


def _dataset(path: Path, kind: str) -> Any:
    return pyarrow.dataset.dataset(str(path), format=kind.removeprefix("."))


def readable(path: str | Path, kind: str, read: Callable[[], Any]) -> Any:
    """What ``read`` gives of a file of this kind; what goes wrong there is said of the file.

    Raises:
        InputError: the file is damaged, or does not fit into memory.
    """
    try:
        return read()
    except MemoryError as error:
        raise InputError(f"{path} does not fit into memory; give a part of its rows or columns.") from error
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"{path} cannot be read as {kind} ({reason}); it may be cut short.") from error
