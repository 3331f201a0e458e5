"""The roundest number of a range, which a person would have chosen."""

import math

MOST_DIGITS = 15
SMALLEST, SLACK = 1e-280, 1e-12


def roundest(low: float, high: float) -> float | None:
    """The number with the fewest decimals (or the most zeros) from ``low`` to ``high``; None for an empty range.

    >>> roundest(1.796, 1.803), roundest(31.96, 32.04), roundest(-0.1, 0.1), roundest(96, 101)
    (1.8, 32.0, 0.0, 100.0)
    """
    if not low <= high:
        return None
    if low <= 0 <= high:
        return 0.0
    size = max(abs(low), abs(high))
    if not SMALLEST < size < 1 / SMALLEST:
        return (low + high) / 2
    top = math.floor(math.log10(size)) + 1
    for place in range(top, top - MOST_DIGITS - 3, -1):
        found = _multiple(low, high, place)
        if found is not None:
            return found
    return (low + high) / 2


def _multiple(low: float, high: float, place: int) -> float | None:
    """The multiple of a power of ten in a range that is nearest to its middle."""
    scale = 10.0**-place
    # a number that is met but for the last bits of its float is met
    first = math.ceil(low * scale - SLACK * abs(low * scale))
    last = math.floor(high * scale + SLACK * abs(high * scale))
    if first > last:
        return None
    whole = min(max(round((low + high) / 2 * scale), first), last)
    return float(whole * 10**place) if place > 0 else whole / scale


def significant(number: float, digits: int) -> float:
    """A number with so many significant digits."""
    return float(f"{number:.{digits - 1}e}")
