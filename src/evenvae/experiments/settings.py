"""The settings of the experiments, which stand in TOML files, and what was run with them."""

import functools
import platform
import tomllib
from collections.abc import Iterable, Mapping
from importlib import resources
from typing import Any

from evenvae.errors import InputError
from evenvae.fitted.asking import cores
from evenvae.part import Part
from evenvae.search.local import gpus
from evenvae.search.options import flat


@functools.cache
def read(name: str) -> dict[str, Any]:
    """The settings and published numbers of an experiment, from ``name.toml`` in this package."""
    return tomllib.loads(resources.files("evenvae.experiments").joinpath(f"{name}.toml").read_text(encoding="utf-8"))


def flattened(options: Mapping[str, Any]) -> dict[str, Any]:
    """Options of `EvenVAE` from a TOML table: those of a part, in a table of their own, as ``network__width``.

    ``name`` in the table of a part is the name of the part, as in ``prior = { name = "vamp", components = 256 }``.
    """
    return flat(options, separator="__", key="name")


def over(standard: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The ``standard`` options with those that were ``given`` in their place.

    A part that is given as an object replaces all standard options of that part. One that is given by its kind, as in
    ``network="residual"``, replaces the standard kind, which would win over it otherwise.
    """
    whole = {name for name, value in given.items() if isinstance(value, Part)}
    kinds = {f"{name}__kind" for name, value in given.items() if isinstance(value, str)}
    replaced = lambda name: name in kinds or name.partition("__")[0] in whole
    return {name: value for name, value in standard.items() if not replaced(name)} | dict(given)


def selected(what: str, given: Iterable[str] | None, known: Iterable[str]) -> tuple[str, ...]:
    """The names that were given, each once; all ``known`` names for None.

    Raises:
        InputError: a name is unknown, or there is none.
    """
    known = tuple(known)
    names = known if given is None else tuple(dict.fromkeys(given))
    for name in names:
        if name not in known:
            raise InputError(f"{what}: {name!r} is unknown; choose from {', '.join(known)}.")
    if not names:
        raise InputError(f"{what} names nothing; choose from {', '.join(known)}.")
    return names


def check_share(share: float) -> None:
    """Refuse a share of the epochs that is not above 0 and at most 1."""
    if not 0 < share <= 1:
        raise InputError(f"share={share} must be above 0 and at most 1.")


@functools.cache
def machine() -> str:
    """The kind of this machine: architecture, cores and GPUs."""
    cards = len(gpus())
    return f"{platform.machine()}, {cores()} cores, {f'{cards} GPU' if cards else 'CPU'}"
