"""Tensors and their description in one file: written whole or not at all, read without running code."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from evenvae import places
from evenvae.errors import InputError


def write(path: str | Path, kind: str, version: int, tensors: Mapping[str, np.ndarray], metadata: Any) -> None:
    """Write ``tensors`` and JSON-able ``metadata`` as one safetensors file, atomically, with a checksum."""
    contiguous = {name: np.ascontiguousarray(value) for name, value in tensors.items()}
    description = json.dumps(metadata, sort_keys=True)
    header = {
        "kind": kind,
        "version": str(version),
        "metadata": description,
        "sha256": _digest(contiguous, description),
    }
    # one entry only: safetensors orders several at random, and equal models should be equal files
    whole = save(contiguous, metadata={"evenvae": json.dumps(header, sort_keys=True)})
    places.write_whole(path, lambda file: file.write(whole))


def read(path: str | Path, kind: str, version: int) -> tuple[dict[str, np.ndarray], Any]:
    """Read what `write` wrote. InputError for a file that is missing, cut, altered, of another kind or newer."""
    path = Path(path)
    if path.is_dir():
        raise InputError(f"{path} is a folder; give the file of the {kind}.")
    if not path.is_file():
        raise InputError(f"There is no file {path}; check the path of the {kind}.")
    try:
        with safe_open(path, framework="numpy") as file:
            header = json.loads((file.metadata() or {}).get("evenvae", "{}"))
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError, KeyError) as error:
        raise InputError(
            f"{path} is not a readable {kind} (another format, or cut short): give the file that was saved as one."
        ) from error
    if header.get("kind") != kind:
        raise InputError(f"{path} is not an EvenVAE {kind}; give a file that EvenVAE saved as one.")
    if int(header.get("version", 0)) > version:
        raise InputError(
            f"{path} was saved by a newer EvenVAE (format {header['version']}, this one reads up to {version}): "
            "upgrade evenvae."
        )
    if header.get("sha256") != _digest(tensors, header["metadata"]):
        raise InputError(f"{path} does not match its checksum, so it was altered or damaged: write it again.")
    return tensors, json.loads(header["metadata"])


def _digest(tensors: Mapping[str, np.ndarray], description: str) -> str:
    digest = hashlib.sha256(description.encode())
    for name in sorted(tensors):
        digest.update(f"{name}{tensors[name].dtype}{tensors[name].shape}".encode())
        digest.update(np.ascontiguousarray(tensors[name]).tobytes())
    return digest.hexdigest()
