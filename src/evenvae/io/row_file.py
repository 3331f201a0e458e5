"""Rows of numbers in a temporary file: written in order, read again in any order, gone when they are no longer used."""

import mmap
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Int, Shaped

from evenvae.errors import InputError
from evenvae.io.cache import cache_folder

WINDOW = 2**26
"""Bytes of the file that are mapped into memory at once."""
SPARE = 2**28
"""Bytes that must stay free on the disk."""


class RowFile:
    """So many rows of ``width`` float32 numbers.

    The file has no name where the system allows that, so that nothing is left of it even when the process is killed.
    """

    def __init__(self, rows: int, width: int, folder: Path | None = None):
        """Make the file.

        Args:
            rows: that will be written.
            width: numbers of a row.
            folder: to hold the file; None for the one of `cache_folder`.

        Raises:
            InputError: the folder cannot be written to, or its disk has too little space.
        """
        folder = cache_folder() if folder is None else folder
        self.shape = (rows, width)
        needed = 4 * rows * width
        remedy = "set EVENVAE_CACHE to a folder on another disk"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            free = shutil.disk_usage(folder).free
            self._file: Any = tempfile.TemporaryFile(dir=folder, prefix="evenvae-rows-")  # noqa: SIM115
        except OSError as error:
            raise InputError(f"Cannot write to {folder} ({error.strerror}); {remedy}.") from error
        if free < needed + SPARE:
            self.close()
            raise InputError(f"The table needs {needed / 2**30:.1f} GiB of disk while it is learned from, and {folder} "
                             f"has {free / 2**30:.1f} GiB left; {remedy}.")  # fmt: skip

    def append(self, rows: Float[np.ndarray, "some width"]) -> None:
        """Write the next rows."""
        self._file.write(np.ascontiguousarray(rows, np.float32).data)

    def take(self, numbers: Int[np.ndarray, " n"]) -> Float[np.ndarray, "n width"]:
        """The rows with these numbers, in this order.

        The file is mapped window by window, so that what is read of it does not stay in the memory of the process.
        """
        self._file.flush()
        rows, width = self.shape
        each = max(1, WINDOW // (4 * width))
        order = np.argsort(numbers, kind="stable")
        ordered = np.asarray(numbers)[order]
        found = np.empty((len(ordered), width), np.float32)
        start = 0
        while start < len(ordered):
            first = int(ordered[start]) // each * each
            stop = int(np.searchsorted(ordered, first + each))
            window = self._window(first, min(each, rows - first))
            found[order[start:stop]] = window[ordered[start:stop] - first]
            del window
            start = stop
        return found

    def _window(self, first: int, count: int) -> Shaped[np.ndarray, "{count} width"]:
        width = self.shape[1]
        begin = 4 * first * width
        # a map begins at a page
        lead = begin % mmap.ALLOCATIONGRANULARITY
        mapped = mmap.mmap(self._file.fileno(), lead + 4 * count * width, access=mmap.ACCESS_READ, offset=begin - lead)
        return np.frombuffer(mapped, np.float32, count * width, lead).reshape(count, width)

    def close(self) -> None:
        """Remove the file."""
        self._file.close()
