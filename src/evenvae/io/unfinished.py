"""Files that are being written, beside the file that each will become; what killed processes left of them is removed.

Such a file is named ``.NAME.RANDOM.unfinished`` after the file NAME, and its process holds a lock on it, which the
operating system gives back when the process ends, in whatever way.
"""

import contextlib
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

# a module of Unix: without it, nothing is locked, and nothing is removed
fcntl: Any
try:
    import fcntl
except ImportError:
    fcntl = None

ENDING = ".unfinished"
"""The end of the name of a file that is being written."""


@contextlib.contextmanager
def written_beside(path: Path) -> Iterator[BinaryIO]:
    """An open file in the folder of ``path``, which takes its place when the block ends without an error.

    Files that killed processes left of earlier attempts to write ``path`` are removed before.
    """
    remove_unfinished(path)
    file, temporary = _locked_file(path)
    try:
        with file:
            yield file
            file.flush()
            os.fsync(file.fileno())
            if fcntl is not None:
                # while the lock is held, so that no other process takes the file for one that was left
                _put(temporary, path)
        if fcntl is None:
            # without fcntl this is Windows, where a file that is open can have no other name
            _put(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def remove_unfinished(path: Path) -> None:
    """Remove the files beside ``path`` that processes were writing when they were killed.

    A file on which a process holds the lock stays, and so does one that may not be opened.
    """
    if fcntl is None:
        return
    name = re.compile(re.escape(f".{path.name}.") + r"[a-z0-9_]{8}" + re.escape(ENDING))
    with contextlib.suppress(OSError):
        for left in [one for one in path.parent.iterdir() if name.fullmatch(one.name)]:
            # another process may remove it first
            with contextlib.suppress(OSError), left.open("r+b") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                left.unlink()


def _locked_file(path: Path) -> tuple[BinaryIO, Path]:
    """A new file beside ``path`` that is open and locked, and its path."""
    while True:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=ENDING)
        file = os.fdopen(handle, "w+b")
        if fcntl is None:
            return file, Path(name)
        # some shared disks know no locks; then no process can get one, and nothing is removed
        with contextlib.suppress(OSError):
            fcntl.flock(file, fcntl.LOCK_EX)
        # before it was locked, another process may have taken it for one that was left
        if _is_there(file, Path(name)):
            return file, Path(name)
        file.close()


def _is_there(file: BinaryIO, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _put(temporary: Path, path: Path) -> None:
    temporary.chmod(0o644)
    temporary.replace(path)
