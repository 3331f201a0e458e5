"""Which classes hold the options of which part, and what an option given by name stands for."""

import functools
from collections.abc import Callable, Mapping
from typing import Any

from evenvae.errors import InputError
from evenvae.models.network_options import HIVAENetwork, Network
from evenvae.objectives import OBJECTIVES, Objective
from evenvae.options.imputation import Imputation
from evenvae.options.privacy import Privacy
from evenvae.options.sampling import Sampling
from evenvae.part import Part, check_choice
from evenvae.priors import PRIORS
from evenvae.training.settings import Training

NETWORKS: dict[str, Callable[[], Part]] = {
    kind: functools.partial(Network, kind=kind) for kind in ("residual", "mlp", "paper", "conv")
}
BY_NAME: dict[str, Mapping[str, Callable[[], Part]]] = {
    "objective": OBJECTIVES,
    "prior": PRIORS,
    "network": NETWORKS,
    "training": {},
    "sampling": {},
    "imputation": {},
    "privacy": {},
}
"""Options that are parts, and the names that stand for one."""
CLASSES: dict[str, tuple[type[Part], ...]] = {
    "objective": (Objective,),
    "prior": tuple(PRIORS.values()),
    "network": (Network, HIVAENetwork),
    "training": (Training,),
    "sampling": (Sampling,),
    "imputation": (Imputation,),
    "privacy": (Privacy,),
}


def part_of(option: str, value: Any, model: str = "vae") -> Part:
    """The part that an option's value stands for: a part itself, a name, or None for one with nothing set.

    Args:
        option: one of `BY_NAME`.
        value: what the user gave.
        model: ``"vae"`` or ``"hivae"``, which decides the class of an empty network.

    Raises:
        InputError: the name is unknown, or the value is a part of another kind.
    """
    if isinstance(value, CLASSES[option]):
        return value
    if value is None:
        empty = {
            "network": HIVAENetwork if model == "hivae" else Network,
            "training": Training,
            "sampling": Sampling,
            "imputation": Imputation,
            "privacy": Privacy,
            "objective": OBJECTIVES["elbo"],
            "prior": PRIORS["standard"],
        }
        return empty[option]()
    known = BY_NAME[option]
    if isinstance(value, str) and known:
        check_choice(option, value, known)
        return known[value]()
    names = " or ".join(dict.fromkeys(kind.__name__ for kind in CLASSES[option]))
    by_name = f", or one of {', '.join(known)}" if known else ""
    raise InputError(f"{option}={value!r} must be {names}{by_name}, or None for the default.")


def name_of(option: str, part: Part) -> str:
    """The class of a part by name, as `from_description` reads it."""
    return getattr(part, "name", None) or next(n for n, made in _classes(option).items() if type(part) is made)


def describe(option: str, part: Part) -> dict[str, Any]:
    """A part for JSON: its class by name and the fields that are set and may be kept."""
    return {"part": name_of(option, part), **part.kept()}


def from_description(option: str, description: Mapping[str, Any]) -> Part:
    """The part that `describe` described."""
    fields = dict(description)
    return _classes(option)[fields.pop("part")](**fields)


def _classes(option: str) -> Mapping[str, Callable[..., Part]]:
    if option in ("objective", "prior"):
        return BY_NAME[option]
    return {kind.__name__: kind for kind in CLASSES[option]}
