"""Checks of output paths before a long computation, and files that are written completely or not at all."""

import contextlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from evenvae.errors import InputError
from evenvae.io.unfinished import written_beside


def check_file(path: str | Path) -> None:
    """Check that a file can be written at ``path``.

    Raises:
        InputError: ``path`` is a folder, its folder does not exist, or it is `-` (standard output).
    """
    path = Path(path)
    if str(path) == "-":
        raise InputError("This cannot be written to standard output: give a file name in place of -.")
    if path.is_dir():
        raise InputError(f"Cannot write {path}: it is a folder; give a file name.")
    if not path.parent.is_dir():
        raise InputError(f"Cannot write {path}: the folder {path.parent} does not exist; make it first.")


def check_folder(path: str | Path) -> None:
    """Check that ``path`` is a folder or that a folder can be made there.

    Raises:
        InputError: ``path`` is a file, or its parent folder does not exist.
    """
    path = Path(path)
    if path.exists() and not path.is_dir():
        raise InputError(f"Cannot write to {path}: --out must be a folder, and this is a file.")
    if not path.parent.is_dir():
        raise InputError(f"Cannot make {path}: the folder {path.parent} does not exist; make it first.")


@contextlib.contextmanager
def writing(path: str | Path) -> Iterator[None]:
    """Within it, what the operating system says against a file or folder is said in one sentence.

    Raises:
        InputError: the disk is full, the folder is gone or read-only, or the like.
    """
    try:
        yield
    except BrokenPipeError:
        # whoever read the output has ended
        raise
    except OSError as error:
        where = "to standard output" if str(path) == "-" else str(path)
        raise InputError(
            f"Cannot write {where}: {error.strerror or error}; make room or give another place. "
            "What was there before is as it was."
        ) from error


@contextlib.contextmanager
def open_whole(path: str | Path) -> Iterator[BinaryIO]:
    """An open file that is at ``path`` when the block ends, completely or not at all.

    It is a temporary file in the same folder, which replaces ``path`` only after all of it is on the disk, so a failed
    write leaves an older file as it was. It may also be read again, unless ``path`` is `-`, which is standard output.
    What a killed process left of its temporary file is removed by the next one that writes ``path``.

    Raises:
        InputError: no file can be written at ``path``, or the disk is full.
    """
    with writing(path):
        if str(path) == "-":
            yield sys.stdout.buffer
            sys.stdout.buffer.flush()
            return
        check_file(path)
        with written_beside(Path(path)) as file:
            yield file


def write_whole(path: str | Path, write: Callable[[Any], Any]) -> None:
    """Write a file completely or not at all, as `open_whole` does.

    Args:
        path: the file to write; `-` is standard output.
        write: a function that takes an open binary file and writes to it.

    Raises:
        InputError: no file can be written at ``path``, or the disk is full.
    """
    with open_whole(path) as file:
        write(file)


def write_text(path: str | Path, text: str) -> None:
    """Write text as UTF-8 with `write_whole`."""
    write_whole(path, lambda file: file.write(text.encode()))
