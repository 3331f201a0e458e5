"""A folder belongs to one search and can only be resumed with the same settings."""

import importlib.metadata
import platform
from pathlib import Path
from typing import Any

import evenvae
from evenvae.errors import InputError
from evenvae.io import atomic
from evenvae.search.options import flat
from evenvae.search.store import Store
from evenvae.search.sweep import Sweep


def folder_of(out: str | Path, resume: bool) -> Path:
    """The folder of a search; it need not exist yet.

    Raises:
        InputError: no folder can be made there, or it holds a search already and ``resume`` is False.
    """
    folder = Path(out)
    atomic.check_folder(folder)
    if Store.exists(folder) and not resume:
        raise InputError(f"{folder} holds a search already. Continue it with --resume, or give another folder.")
    return folder


def bundle_size(
    asked: int | None, kept: int | None, seeds: int, combinations: int, slots: int, one_by_one: bool = False
) -> int:
    """How many seeds of a combination are trained side by side.

    By default one program trains all seeds of a combination, unless workers would have nothing to do then. On cores it
    is one seed: side by side, seeds take as long as one after the other, and the last bundles leave fewer cores idle.

    Args:
        asked: what the user gave.
        kept: the number with which this search began; None for a new search.
        seeds: of every combination.
        combinations: that are tried.
        slots: bundles that can be trained at a time.
        one_by_one: whether a worker is a core; see `LocalExecutor.one_by_one`.

    Raises:
        InputError: ``asked`` is not the number with which the search began.
    """
    if kept is not None:
        if asked is not None and asked != kept:
            raise InputError(f"bundle={asked}: this search began with {kept} seeds side by side. Leave the option out.")
        return kept
    return asked or (1 if one_by_one else -(-seeds // max(1, slots // combinations)))


def claim(store: Store, sweep: Sweep, folder: Path, halving: bool) -> None:
    """Note the settings of a search in its store.

    Raises:
        InputError: the runs in the folder were made with other settings, which the message names, or other data.
    """
    noted, said = store.noted(), settings(sweep)
    if "fingerprint" in noted and noted["fingerprint"] != sweep.fingerprint:
        before = noted["options"] | {"test_fraction": noted["test_fraction"]}
        changed = sorted(name for name in before.keys() | said.keys() if before.get(name) != said.get(name))
        what = f"other settings ({', '.join(changed)})" if changed else "other data or another schema"
        raise InputError(f"The search in {folder} has {what}. Repeat the call that began it, or give another folder.")
    store.note(
        fingerprint=sweep.fingerprint,
        options={name: value for name, value in said.items() if name != "test_fraction"},
        test_fraction=sweep.test_fraction,
        bundle=sweep.bundle,
        programs=sweep.programs,
        steps=sweep.steps,
        chunk=sweep.chunk,
        balances=list(dict.fromkeys([*noted.get("balances", []), *sweep.balances])),
        seeds=sorted({*noted.get("seeds", []), *sweep.seeds}),
        halving=halving,
        versions=versions(),
    )


def settings(sweep: Sweep) -> dict[str, Any]:
    """What a run depends on beside its combination, its seed and the table; options of parts as ``network.width``."""
    return flat(sweep.options) | {"test_fraction": sweep.test_fraction}


def versions() -> dict[str, str]:
    """Versions of the software that the results depend on."""
    found = {name: importlib.metadata.version(name) for name in ("jax", "jaxlib", "numpy")}
    return {"evenvae": evenvae.__version__, "python": platform.python_version(), **found}
