"""The state of training on disk: written and read back, bit for bit."""

from pathlib import Path
from typing import Any

import jax
import numpy as np

from evenvae.errors import InputError
from evenvae.io import tensors as tensor_files
from evenvae.io.atomic import writing
from evenvae.io.typed import is_of

KIND, VERSION, NAME = "checkpoint", 2, "checkpoint.safetensors"


def named_leaves(tree: Any) -> dict[str, np.ndarray]:
    """Every array of a pytree by its path."""
    leaves, _ = jax.tree_util.tree_flatten_with_path(tree)
    return {jax.tree_util.keystr(path) or ".": np.asarray(leaf) for path, leaf in leaves}


def fill_leaves(tree: Any, tensors: dict[str, np.ndarray], what: str) -> Any:
    """``tree`` with its leaves taken from ``tensors``; InputError where names or shapes do not fit."""
    leaves, structure = jax.tree_util.tree_flatten_with_path(tree)
    filled = []
    for path, leaf in leaves:
        name = jax.tree_util.keystr(path) or "."
        if name not in tensors or tensors[name].shape != leaf.shape or tensors[name].dtype != np.asarray(leaf).dtype:
            raise InputError(f"{what} does not fit this configuration: {name} is missing or of another shape or type.")
        filled.append(tensors[name])
    return jax.tree_util.tree_unflatten(structure, filled)


def prepare(folder: str | Path) -> None:
    """Make the folder; InputError where it cannot be made, before anything is trained."""
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"Cannot write checkpoints to {folder}: {error.strerror}; give a folder.") from error


def save(folder: str | Path, runs: Any, fingerprint: str, history: list[dict]) -> None:
    """Write the runs' state; the last checkpoint is replaced only by a complete one."""
    with writing(folder):
        Path(folder).mkdir(parents=True, exist_ok=True)
    metadata = {"fingerprint": fingerprint, "history": history}
    tensor_files.write(Path(folder) / NAME, KIND, VERSION, named_leaves(runs), metadata)


def load(folder: str | Path, runs: Any, fingerprint: str) -> tuple[Any, list[dict]]:
    """Fill ``runs`` from the checkpoint.

    Raises:
        InputError: it was made from other data, with other settings, or by a version that kept it otherwise.
    """
    path = Path(folder) / NAME
    tensors, metadata = tensor_files.read(path, KIND, VERSION)
    with tensor_files.interpreted(path, KIND):
        if metadata["fingerprint"] != fingerprint:
            raise InputError(
                f"The checkpoint in {folder} was made from other data or other settings: repeat the call that "
                "made it, or choose a new folder."
            )
        if ".params" not in tensors:
            raise InputError(
                f"The checkpoint in {folder} was made by an earlier version of EvenVAE, which kept parameters "
                "otherwise: continue with that version, or choose a new folder."
            )
        filled = fill_leaves(runs, tensors, f"The checkpoint in {folder}")
        best = {".best_params": np.asarray(filled.best_params)[~np.asarray(filled.failed)]}
        tensor_files.check_finite(best, f"The checkpoint in {folder}")
        history = metadata["history"]
        # Ctrl-C keeps no checkpoint without an evaluation, from which training goes on
        if not is_of(history, list[dict[str, Any]]) or not history or history[-1]["step"] != int(filled.step.max()):
            raise InputError(f"The history in {path} does not fit its parameters: choose a new folder.")
        return filled, history


def exists(folder: str | Path) -> bool:
    """Whether a checkpoint is there."""
    return (Path(folder) / NAME).is_file()


def remove(folder: str | Path) -> None:
    """Remove the checkpoint, if one is there."""
    if exists(folder):
        (Path(folder) / NAME).unlink()
