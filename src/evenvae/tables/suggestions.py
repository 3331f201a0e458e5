"""The end of an error message about an unknown name: the name that was probably meant, or the names that exist."""

import difflib
from collections.abc import Iterable

MOST = 12
"""Names that are listed."""


def nearest(name: str, known: Iterable[object]) -> str:
    """'did you mean ...?' with the most similar known name, or else the list of known names (twelve at most)."""
    names = [str(item) for item in known]
    close = difflib.get_close_matches(name, names, 1)
    if close:
        return f"did you mean {close[0]!r}?"
    others = f" and {len(names) - MOST} more" if len(names) > MOST else ""
    return f"known are {', '.join(names[:MOST])}{others}"
