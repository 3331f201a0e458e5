"""Where files and folders may stand, asked before long work; and files written whole or not at all."""

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from evenvae.errors import InputError


def check_file(path: str | Path) -> None:
    """InputError where no file can stand at ``path``; standard output, `-`, is none."""
    path = Path(path)
    if str(path) == "-":
        raise InputError("This cannot be written to standard output: give a file name in place of -.")
    if path.is_dir():
        raise InputError(f"Cannot write {path}: it is a folder; give a file name.")
    if not path.parent.is_dir():
        raise InputError(f"Cannot write {path}: the folder {path.parent} does not exist; make it first.")


def check_folder(path: str | Path) -> None:
    """InputError where ``path`` is no folder and none can be made, because of a file or for want of a parent."""
    path = Path(path)
    if path.exists() and not path.is_dir():
        raise InputError(f"Cannot write to {path}: --out must be a folder, and this is a file.")
    if not path.parent.is_dir():
        raise InputError(f"Cannot make {path}: the folder {path.parent} does not exist; make it first.")


def write_whole(path: str | Path, write: Callable[[BinaryIO], Any]) -> None:
    """Let ``write`` fill a temporary file beside ``path``, which takes its place once it is on the disk.

    `-` is standard output. Raises InputError where no file can stand.
    """
    if str(path) == "-":
        write(sys.stdout.buffer)
        sys.stdout.buffer.flush()
        return
    check_file(path)
    path = Path(path)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def write_text(path: str | Path, text: str) -> None:
    """`write_whole` of text in UTF-8."""
    write_whole(path, lambda file: file.write(text.encode()))
