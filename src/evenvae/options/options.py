"""Every option of a fit, checked one by one, with names turned into parts."""

import dataclasses
from collections.abc import Mapping
from numbers import Integral, Real
from typing import Any, Literal, get_args

import numpy as np

from evenvae.balancing import Balancer
from evenvae.errors import InputError
from evenvae.objectives import Objective
from evenvae.options import exclusions
from evenvae.options.imputation import Imputation
from evenvae.options.parts import BY_NAME, describe, from_description, part_of
from evenvae.options.presets import PRESETS
from evenvae.options.privacy import Privacy
from evenvae.options.sampling import Sampling
from evenvae.part import Part, check_choice, check_count, check_flag_or_none, check_number, check_positive
from evenvae.priors import PriorOptions
from evenvae.training.settings import PURPOSES, Purpose, Training

Model = Literal["vae", "hivae"]
MODELS: tuple[Model, ...] = get_args(Model)
MOST_SEED = 2**63 - 1
"""The largest seed that JAX takes."""


@dataclasses.dataclass(frozen=True)
class Options:
    """The options of `EvenVAE` by their names there; parts are objects, and nothing follows the table's size yet."""

    model: Model
    objective: Objective
    balance: str
    prior: PriorOptions
    task: Any
    purpose: Purpose
    preset: str
    ensemble: int
    epochs: float | None
    latent_size: int | None
    validation_fraction: float
    random_state: int | None
    schema: Any
    network: Part
    training: Training
    sampling: Sampling
    imputation: Imputation
    privacy: Privacy
    point_estimate: str
    warm_start: bool
    pilot: bool
    verbose: bool

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> "Options":
        """From the constructor's arguments.

        Raises:
            InputError: an option is out of range or unknown, or two options exclude each other.
        """
        for name, known in (("model", MODELS), ("preset", tuple(PRESETS)), ("purpose", PURPOSES)):
            check_choice(name, given[name], known)
        check_positive("epochs", given["epochs"])
        check_count("latent_size", given["latent_size"])
        seeds = f"a whole number from 0 to {MOST_SEED}"
        check_number("random_state", given["random_state"], Integral, 0, MOST_SEED, seeds)
        for name in ("ensemble", "validation_fraction"):
            if given[name] is None:
                raise InputError(f"{name}=None must be a number.")
        check_count("ensemble", given["ensemble"])
        check_flag_or_none("pilot", given["pilot"])
        check_number(
            "validation_fraction", given["validation_fraction"], Real, 0, np.nextafter(1, 0), "at least 0 and below 1"
        )
        model = given["model"] or "vae"
        parts = {name: part_of(name, given[name], model) for name in BY_NAME}
        balance = given["balance"]
        balance = balance.name if isinstance(balance, Balancer) else "auto" if balance is None else balance
        named: dict[str, Any] = {
            "model": model,
            "purpose": given["purpose"] or "reconstruct",
            "preset": given["preset"] or "default",
            "pilot": bool(given["pilot"]),
        }
        whole = {name: _whole(given[name]) for name in ("ensemble", "latent_size", "random_state")}
        options = cls(**{**dict(given), **named, **whole, "balance": balance, **parts})
        exclusions.check_options(options, dict(given))
        return options

    @property
    def held_out_share(self) -> float:
        """Share of the rows that is held out; none in a private fit, which selects by no figure of the rows."""
        return 0.0 if self.privacy.asked else self.validation_fraction

    def seed(self) -> int:
        """The seed, drawn from the system where none is given."""
        if self.random_state is None:
            return int(np.random.SeedSequence().generate_state(1)[0])
        return self.random_state


def _whole(value: Any) -> int | None:
    """A whole number of any library as Python's own."""
    return None if value is None else int(value)


def to_json(given: Mapping[str, Any]) -> dict[str, Any]:
    """The constructor's arguments for JSON: parts are described by class and fields. The schema is left out."""
    described = {}
    for name, value in given.items():
        if name == "schema":
            continue
        value = value.name if isinstance(value, Balancer) else value
        described[name] = describe(name, value) if isinstance(value, Part) else value
    return described


def from_json(described: Mapping[str, Any]) -> dict[str, Any]:
    """The constructor's arguments from what `to_json` gave."""
    return {
        name: from_description(name, value) if name in BY_NAME and isinstance(value, dict) else value
        for name, value in described.items()
    }
