"""The formats of table files, by the ending of their names; and their raw content."""

import functools
import gzip
import sys
from pathlib import Path

from evenvae.errors import InputError

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
        raise InputError(f"There is no file {path}.")
    content = path.read_bytes()
    if content[:2] == b"\x1f\x8b":
        try:
            return gzip.decompress(content)
        except (EOFError, OSError) as error:
            raise InputError(f"{path} is a damaged gzip file ({error}); fetch or write it again.") from error
    return content


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
