"""Tensors and their description in one file, with a checksum; reading the file runs no code from it."""

import contextlib
import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Shaped
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from evenvae.errors import InputError
from evenvae.io.atomic import write_whole
from evenvae.io.missing_file import no_file


def write(
    path: str | Path, kind: str, version: int, tensors: Mapping[str, Shaped[np.ndarray, "..."]], metadata: Any
) -> None:
    """Write tensors and metadata as one safetensors file with a SHA-256 checksum.

    The file is written completely or not at all (see `write_whole`).

    Args:
        path: the file to write.
        kind: what the file is, in words: "model", "checkpoint". `read` refuses a file of another kind.
        version: the version of the format. `read` refuses a newer version than its own.
        tensors: arrays of any shape and type, by name.
        metadata: anything that JSON can hold.

    Raises:
        InputError: no file can be written at ``path``.
    """
    contiguous = {name: np.ascontiguousarray(value) for name, value in tensors.items()}
    description = json.dumps(metadata, sort_keys=True)
    header = {
        "kind": kind,
        "version": str(version),
        "metadata": description,
        "sha256": _digest(contiguous, description),
    }
    # safetensors writes several entries in random order; with one entry, equal models give equal files
    content = save(contiguous, metadata={"evenvae": json.dumps(header, sort_keys=True)})
    write_whole(path, lambda file: file.write(content))


def read(path: str | Path, kind: str, version: int) -> tuple[dict[str, Shaped[np.ndarray, "..."]], Any]:
    """Read a file that `write` has written.

    Args:
        path: the file to read.
        kind: what the file must be.
        version: the newest version of the format that the caller understands.

    Returns:
        The tensors by name, and the metadata.

    Raises:
        InputError: the file is missing, incomplete, altered, of another kind, or of a newer version.
    """
    path = Path(path)
    if path.is_dir():
        raise InputError(f"{path} is a folder; give the file of the {kind}.")
    if not path.is_file():
        raise InputError(no_file(path, f"check the path of the {kind}"))
    try:
        with safe_open(path, framework="numpy") as file:
            header = json.loads((file.metadata() or {}).get("evenvae", "{}"))
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError, KeyError, TypeError, RecursionError, MemoryError) as error:
        raise InputError(
            f"{path} is not a readable {kind} (another format, or cut short): give the file that was saved as one."
        ) from error
    if not isinstance(header, dict) or header.get("kind") != kind:
        raise InputError(f"{path} is not an EvenVAE {kind}; give a file that EvenVAE saved as one.")
    with interpreted(path, kind):
        found, description = int(header["version"]), header["metadata"]
        if found > version:
            raise InputError(
                f"{path} was saved by a newer EvenVAE (format {found}, this one reads up to {version}): "
                "upgrade evenvae."
            )
        if header["sha256"] != _digest(tensors, description):
            raise InputError(f"{path} does not match its checksum, so it was altered or damaged: write it again.")
        return tensors, json.loads(description)


def is_kind(path: str | Path, kind: str) -> bool:
    """Whether a file says of itself that it is of this kind; only its beginning is read."""
    if not Path(path).is_file():
        return False
    try:
        with safe_open(path, framework="numpy") as file:
            return json.loads((file.metadata() or {}).get("evenvae", "{}")).get("kind") == kind
    except (SafetensorError, OSError, ValueError, AttributeError, RecursionError, MemoryError):
        return False


@contextlib.contextmanager
def interpreted(path: str | Path, kind: str) -> Iterator[None]:
    """Within it the content of a file is made into objects; what goes wrong there is said of the file.

    Raises:
        InputError: in place of any error.
    """
    try:
        yield
    except InputError as error:
        raise InputError(str(error) if str(path) in str(error) else f"{path}: {error}") from error
    # a checksum tells damage, not who wrote the file: whatever its content leads to, the user needs its name
    except Exception as error:
        reason = f"{type(error).__name__}: {' '.join(str(error).split())[:100]}"
        raise InputError(f"{path} is a damaged or altered {kind} ({reason}): write it again.") from error


def check_finite(tensors: Mapping[str, Shaped[np.ndarray, "..."]], what: str) -> None:
    """Check that all real numbers are finite.

    Raises:
        InputError: the message names the first tensor that holds NaN or infinity.
    """
    for name, value in tensors.items():
        if value.dtype.kind == "f" and not np.isfinite(value).all():
            raise InputError(f"{what} holds numbers that are not finite, in {name}: train it again.")


def _digest(tensors: Mapping[str, Shaped[np.ndarray, "..."]], description: str) -> str:
    digest = hashlib.sha256(description.encode())
    for name in sorted(tensors):
        digest.update(f"{name}{tensors[name].dtype}{tensors[name].shape}".encode())
        digest.update(np.ascontiguousarray(tensors[name]).tobytes())
    return digest.hexdigest()
