"""What is said of a file that is not there: the name that was probably meant."""

import difflib
from pathlib import Path

MOST = 10_000
"""Files of a folder that are looked at."""


def no_file(path: str | Path, advice: str = "") -> str:
    """One sentence: there is no such file, and either a similar name in its folder or ``advice``."""
    place = Path(path)
    found = similar(place)
    if found is not None:
        return f"There is no file {path}; did you mean {found}?"
    if not place.parent.is_dir():
        return f"There is no file {path}: the folder {place.parent} does not exist."
    return f"There is no file {path}{'; ' + advice if advice else ''}."


def similar(path: Path) -> Path | None:
    """The file or folder beside ``path`` whose name is most like its own, whatever the letters' case; None if none."""
    try:
        names = [one.name for _, one in zip(range(MOST), path.parent.iterdir(), strict=False)]
    except OSError:
        return None
    by_name = {name.lower(): name for name in names if not name.startswith(".")}
    close = difflib.get_close_matches(path.name.lower(), by_name, 1, cutoff=0.75)
    return path.parent / by_name[close[0]] if close else None
