"""Durations and sizes of files, as people write them."""

import itertools
import math

SECONDS = (("d", 86_400), ("h", 3600), ("min", 60))
"""Units of a duration above a second, the largest first."""


def duration(seconds: float) -> str:
    """A duration in at most two units.

    >>> [duration(seconds) for seconds in (0.25, 3.21, 42, 200, 7500, 100_000, float("nan"))]
    ['0.2 s', '3.2 s', '42 s', '3 min 20 s', '2 h 5 min', '1 d 3 h', '?']
    """
    if not math.isfinite(seconds):
        return "?"
    if seconds < 9.95:
        return f"{max(seconds, 0):.1f} s"
    whole = round(seconds)
    names = [*SECONDS, ("s", 1)]
    for (name, size), (below, part) in itertools.pairwise(names):
        if whole >= size:
            count, rest = divmod(whole, size)
            return f"{count} {name}" + (f" {rest // part} {below}" if rest // part else "")
    return f"{whole} s"


def file_size(count: int) -> str:
    """A number of bytes in decimal units, as file managers show it.

    >>> [file_size(count) for count in (0, 999, 1000, 84_512, 999_999, 1_234_567, 5 * 10**9)]
    ['0 bytes', '999 bytes', '1.0 kB', '85 kB', '1.0 MB', '1.2 MB', '5.0 GB']
    """
    if count < 1000:
        return f"{count} bytes"
    size, place = float(count), 0
    units = ("bytes", "kB", "MB", "GB", "TB")
    # what would be rounded to a thousand is one of the next unit
    while size >= 999.5 and place < len(units) - 1:
        size, place = size / 1000, place + 1
    return f"{size:.1f} {units[place]}" if size < 9.95 else f"{size:.0f} {units[place]}"
