"""The files of data sets: from a folder of the user, from the cache, or downloaded; their checksums are checked."""

import gzip
import hashlib
import os
from pathlib import Path
from typing import Any

import pooch

from evenvae.errors import InputError
from evenvae.io.cache import cache_folder


def content(file: dict[str, Any]) -> bytes:
    """The bytes of a file of the catalogue, decompressed.

    The file is searched for in the folder that EVENVAE_DATA names (and its folders ``tables`` and ``images``), then in
    the cache. If it is not there, it is downloaded.

    Args:
        file: its entry in the catalogue: name, sha256 and, for a download, url.

    Raises:
        InputError: the file is not there and cannot be downloaded, or its checksum is not that of the catalogue.
    """
    name = file["name"]
    places = [cache_folder()]
    given = os.environ.get("EVENVAE_DATA")
    if given:
        if not Path(given).is_dir():
            raise InputError(f"EVENVAE_DATA names {given}, which is not a folder; set it to the folder of the data.")
        places = [Path(given), Path(given) / "tables", Path(given) / "images", *places]
    for place in places:
        for candidate in (place / name, place / name.removesuffix(".gz")):
            if candidate.is_file():
                return _checked(candidate.read_bytes(), file, str(candidate))
    if "url" not in file:
        raise InputError(f"{name} was not found and cannot be downloaded: put it into "
                         f"{given or cache_folder()}, or name its folder in EVENVAE_DATA.")  # fmt: skip
    try:
        path = pooch.retrieve(file["url"], known_hash=None, fname=name.removesuffix(".gz"), path=cache_folder())
    except Exception as error:  # the advice is the same whatever went wrong
        raise InputError(f"{name} could not be downloaded from {file['url']} ({type(error).__name__}): put it into "
                         f"{cache_folder()}, or name its folder in EVENVAE_DATA.") from error  # fmt: skip
    try:
        return _checked(Path(path).read_bytes(), file, path)
    except InputError:
        Path(path).unlink(missing_ok=True)
        raise


def _checked(data: bytes, file: dict[str, Any], where: str) -> bytes:
    data = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    if hashlib.sha256(data).hexdigest() != file["sha256"]:
        raise InputError(f"{where} is not the expected file (its checksum differs): remove or replace it.")
    return data
