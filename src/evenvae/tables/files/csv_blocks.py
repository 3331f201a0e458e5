"""Delimited text in blocks of whole records, so that a file of any size is read in bounded memory."""

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from evenvae.errors import InputError
from evenvae.io.missing_file import no_file

SIZE = 2**23
"""Bytes of a block, as far as its last record ends there."""
LONGEST = 8
"""Blocks that a single record may fill. Beyond that a quote is taken for a sign like any other."""


class Block(NamedTuple):
    """Some records of a file.

    Attributes:
        content: the header line and the records, as a small file of its own.
        header: bytes of the header line at the beginning of ``content``.
        skipped: lines of the file between the header and these records.
    """

    content: bytes
    header: int
    skipped: int


def blocks(path: str | Path, size: int | None = None) -> Iterator[Block]:
    """The blocks of a file, which may be compressed; a file with a header alone gives one block without records.

    Args:
        path: the file.
        size: bytes of a block, `SIZE` if not given.

    Raises:
        InputError: there is no such file, or it is a damaged gzip file.
    """
    try:
        with _opened(path) as file:
            yield from _cut(file, size or SIZE)
    except FileNotFoundError as error:
        raise InputError(no_file(path)) from error
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise InputError(f"{path} is a damaged gzip file ({error}); fetch or write it again.") from error


def _opened(path: str | Path) -> Any:
    with Path(path).open("rb") as file:
        zipped = file.read(2) == b"\x1f\x8b"
    return gzip.open(path, "rb") if zipped else Path(path).open("rb")


def _cut(file: Any, size: int) -> Iterator[Block]:
    rest, header, skipped, given = b"", None, 0, False
    while True:
        more = file.read(size)
        rest += more
        end = len(rest) if not more else _last_end(rest, force=len(rest) > LONGEST * size)
        if header is None and end:
            first = _first_end(rest)
            if first > end:
                continue
            header, rest, end = rest[:first], rest[first:], end - first
        if header is not None and (end or (not more and not given)):
            yield Block(header + rest[:end], len(header), skipped)
            given, skipped, rest = True, skipped + rest[:end].count(b"\n"), rest[end:]
        if not more:
            return


def _first_end(text: bytes) -> int:
    """Where the first record ends, after its line end."""
    end = text.find(b"\n")
    while end >= 0 and text[:end].count(b'"') % 2:
        end = text.find(b"\n", end + 1)
    return end + 1 if end >= 0 else len(text)


def _last_end(text: bytes, force: bool) -> int:
    """Where the last whole record ends, after its line end; 0 where there is none."""
    end, quotes = text.rfind(b"\n"), text.count(b'"')
    last, stop = end, len(text)
    while end >= 0:
        quotes -= text.count(b'"', end, stop)
        if quotes % 2 == 0:
            return end + 1
        stop, end = end, text.rfind(b"\n", 0, end)
    return last + 1 if force else 0
