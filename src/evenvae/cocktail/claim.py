"""Whose folder it is: one sweep's alone, begun with certain settings, gone on with by the same."""

import importlib.metadata
import platform
from pathlib import Path
from typing import Any

import evenvae
from evenvae import places
from evenvae.cocktail.store import Store
from evenvae.cocktail.sweep import Sweep
from evenvae.errors import InputError


def folder_of(out: str | Path, resume: bool) -> Path:
    """The folder of a sweep, which need not be there yet.

    Raises InputError for a place that is none, and for a folder with a sweep in it unless ``resume``.
    """
    folder = Path(out)
    places.check_folder(folder)
    if Store.exists(folder) and not resume:
        raise InputError(f"{folder} holds a sweep already: go on with it by --resume, or give another folder.")
    return folder


def bundle_size(asked: int | None, kept: int | None, seeds: int, combinations: int, slots: int) -> int:
    """Seeds side by side: one program for all of a combination's, unless workers would then have nothing to do."""
    if kept is not None:
        if asked is not None and asked != kept:
            raise InputError(f"bundle={asked}: this sweep began with {kept} seeds side by side; leave the option away.")
        return kept
    return asked or -(-seeds // max(1, slots // combinations))


def claim(store: Store, sweep: Sweep, folder: Path, halving: bool) -> None:
    """Note the sweep's settings; InputError where the folder's runs were made with others."""
    noted, said = store.noted(), settings(sweep)
    if "fingerprint" in noted and noted["fingerprint"] != sweep.fingerprint:
        before = noted["options"] | {"test_fraction": noted["test_fraction"]}
        changed = sorted(name for name in before.keys() | said.keys() if before.get(name) != said.get(name))
        what = f"other settings ({', '.join(changed)})" if changed else "other data or another schema"
        raise InputError(f"The sweep in {folder} is of {what}: repeat the call that began it, or give another folder.")
    store.note(
        fingerprint=sweep.fingerprint,
        options={name: value for name, value in said.items() if name != "test_fraction"},
        test_fraction=sweep.test_fraction,
        bundle=sweep.bundle,
        steps=sweep.steps,
        chunk=sweep.chunk,
        balances=list(dict.fromkeys([*noted.get("balances", []), *sweep.balances])),
        seeds=sorted({*noted.get("seeds", []), *sweep.seeds}),
        halving=halving,
        versions=versions(),
    )


def settings(sweep: Sweep) -> dict[str, Any]:
    """What a run depends on beside its combination, its seed and the table, for JSON."""
    plain = lambda value: value if value is None or isinstance(value, bool | int | float | str) else repr(value)
    return {name: plain(value) for name, value in sweep.options.items()} | {"test_fraction": sweep.test_fraction}


def versions() -> dict[str, str]:
    """Of what the figures depend on."""
    found = {name: importlib.metadata.version(name) for name in ("jax", "jaxlib", "numpy")}
    return {"evenvae": evenvae.__version__, "python": platform.python_version(), **found}
