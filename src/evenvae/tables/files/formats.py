"""The formats of table files, by the ending of their names; and their raw content."""

import functools
import gzip
import io
import sys
import zlib
from pathlib import Path

from evenvae.errors import InputError
from evenvae.io.missing_file import no_file

PIECE = 2**20
"""Bytes that are unpacked at a time."""
SUSPICIOUS = 2**28
"""Smaller contents may grow as they like."""
CELL = 8
"""Bytes of a cell in memory, about."""
MOST_UNPACKED, MOST_DECODED = 200, 1000
"""How many times its size a gzip file, and a file of columns, may take in memory. Texts of tables shrink to a tenth or
a hundredth; columns of one value shrink further."""
KINDS = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".parquet", ".feather", ".jsonl", ".jsonl.gz")


def kind_of(path: str | Path) -> str:
    """The format of a file, one of `KINDS`; `-` is CSV on the standard streams.

    Raises:
        InputError: the ending of the name is unknown.
    """
    if str(path) == "-":
        return ".csv"
    name = Path(path).name.lower()
    for kind in sorted(KINDS, key=len, reverse=True):
        if name.endswith(kind):
            return kind
    raise InputError(f"{path} has an ending that is not known; use one of {', '.join(KINDS)}, or - for CSV.")


def is_text(kind: str) -> bool:
    """Whether a format is delimited text."""
    return kind.startswith((".csv", ".tsv"))


def content_of(path: str | Path) -> bytes:
    """The bytes of a file, decompressed. The content of standard input can be asked for several times.

    Raises:
        InputError: there is no such file, or it is a damaged gzip file.
    """
    if str(path) == "-":
        return standard_input()
    path = Path(path)
    if not path.is_file():
        raise InputError(no_file(path))
    content = path.read_bytes()
    if content[:2] == b"\x1f\x8b":
        return _unpacked(path, content)
    return content


def _unpacked(path: Path, content: bytes) -> bytes:
    """The bytes that a gzip file holds, unpacked in pieces."""
    out = io.BytesIO()
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as file:
            while piece := file.read(PIECE):
                out.write(piece)
                check_growth(path, out.tell(), len(content), MOST_UNPACKED)
    except (EOFError, OSError, zlib.error) as error:
        raise InputError(f"{path} is a damaged gzip file ({error}); fetch or write it again.") from error
    return out.getvalue()


def check_growth(path: str | Path, size: int, stored: int, most: int) -> None:
    """Check that a file does not grow beyond what tables do when it is read.

    A few kilobytes can stand for gigabytes of the same byte; reading them would take all memory.

    Args:
        path: of the file, for messages.
        size: bytes that it takes in memory, or has taken so far.
        stored: bytes of the file.
        most: how many times its size a file may take.

    Raises:
        InputError: it takes more than `SUSPICIOUS` bytes and more than ``most`` times its size.
    """
    if size > SUSPICIOUS and size > most * stored:
        raise InputError(
            f"{path} grows to more than {most} times its size, beyond {SUSPICIOUS // 2**20} MiB, as no table does; if "
            "it is one, write it again unpacked."
        )


def check_cells(path: str | Path, cells: int, stored: int) -> None:
    """Refuse a file of ``stored`` bytes that says it holds far more cells than that allows, before they are made."""
    check_growth(path, CELL * cells, stored, MOST_DECODED)


@functools.cache
def standard_input() -> bytes:
    """All bytes of standard input, read once."""
    return sys.stdin.buffer.read()


def compressed(data: bytes, kind: str) -> bytes:
    """The bytes as a file of this format holds them."""
    # mtime 0: equal tables give equal files
    return gzip.compress(data, mtime=0) if kind.endswith(".gz") else data


def check_header(path: str | Path, rows: int, names: list[str]) -> None:
    """Check the number of rows and the column names of a table that was read.

    Raises:
        InputError: there are no rows, or a name occurs twice.
    """
    twice = {name for name in names if names.count(name) > 1} if len(set(names)) < len(names) else set()
    if twice:
        raise InputError(f"{path}: column name {sorted(twice)[0]!r} occurs twice in the header; rename one.")
    if rows == 0:
        raise InputError(f"{path} has a header but no rows.")
