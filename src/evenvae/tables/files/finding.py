"""The files that a path names: one file, those of a folder, or those that match a pattern."""

import glob
from pathlib import Path

from evenvae.errors import InputError
from evenvae.io.missing_file import no_file
from evenvae.tables.files.formats import KINDS, kind_of

HIDDEN = (".", "_")
"""Files and folders whose names begin so are no part of a table: `_SUCCESS`, `.part-0.crc`."""
_PATTERN = "*?["


def is_single(path: str | Path) -> bool:
    """Whether a path names one file, or the standard input, and neither a folder nor a pattern."""
    return str(path) == "-" or (not Path(path).is_dir() and not _is_pattern(path))


def find_files(path: str | Path) -> tuple[Path, ...]:
    """The files of a table, in the order of their names.

    Args:
        path: a file; a folder, of which all table files count, also those in folders below; or a pattern such as
            ``year/*.parquet``, where ``**`` stands for any folders.

    Raises:
        InputError: there is no such file, the folder holds no table, nothing matches the pattern, or the files have
            different formats.
    """
    place = Path(path)
    if is_single(path):
        if not place.is_file():
            raise InputError(no_file(path))
        return (place,)
    if place.is_dir():
        known = [one for one in place.rglob("*") if one.is_file() and _is_table(one.relative_to(place))]
        if not known:
            raise InputError(f"The folder {path} holds no table; its files need one of the endings {', '.join(KINDS)}.")
    else:
        # the pattern may begin anywhere, so that Path.glob would need it cut in two
        known = [Path(one) for one in glob.glob(str(path), recursive=True) if Path(one).is_file()]  # noqa: PTH207
        if not known:
            raise InputError(f"No file matches {path}; check the pattern.")
    known.sort()
    kinds = {kind_of(one).removesuffix(".gz"): one for one in reversed(known)}
    if len(kinds) > 1:
        (first, one), (second, other) = sorted(kinds.items(), key=lambda pair: pair[1])[:2]
        raise InputError(f"{path} holds files of several formats ({one.name} is {first}, {other.name} {second}); "
                         f"name those of one, as in {place if place.is_dir() else place.parent}/*{first}.")  # fmt: skip
    return tuple(known)


def _is_pattern(path: str | Path) -> bool:
    return any(sign in str(path) for sign in _PATTERN) and not Path(path).exists()


def _is_table(path: Path) -> bool:
    hidden = any(part.startswith(HIDDEN) for part in path.parts)
    return not hidden and path.name.lower().endswith(KINDS)
