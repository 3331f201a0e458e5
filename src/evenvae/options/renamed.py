"""Options as they were named before they belonged to parts: the answer to an old name, and models saved with them."""

from typing import Any

from evenvae.options.parts import BY_NAME, part_of

RENAMED: dict[str, tuple[str, str]] = {
    "importance_samples": ("objective", "samples"),
    "beta": ("objective", "beta"),
    "constraint": ("objective", "constraint"),
    "target": ("objective", "target"),
    "gain": ("objective", "gain"),
    "kappa": ("objective", "kappa"),
    "multiplier_rate": ("objective", "rate"),
    "components": ("prior", "components"),
    "hidden_size": ("network", "width"),
    "depth": ("network", "depth"),
    "encoder_input": ("network", "encoder_input"),
    "init": ("network", "initialisation"),
    "dropout": ("network", "dropout"),
    "see_mask": ("network", "see_mask"),
    "batch_size": ("training", "batch_size"),
    "learning_rate": ("training", "learning_rate"),
    "schedule": ("training", "schedule"),
    "weight_decay": ("training", "weight_decay"),
    "clip": ("training", "clip"),
    "patience": ("training", "patience"),
    "hide_cells": ("training", "hide_cells"),
    "bootstrap": ("training", "bootstrap"),
    "numbers": ("sampling", "numbers"),
    "latents": ("sampling", "latents"),
}
"""The old name of an option, the part that it belongs to now, and its name there."""
FLAT = (
    "model",
    "balance",
    "task",
    "purpose",
    "ensemble",
    "latent_size",
    "epochs",
    "validation_fraction",
    "random_state",
    "preset",
    "warm_start",
    "verbose",
)
POINT_ESTIMATE = {"typical": "default"}


def new_name(name: str) -> str | None:
    """Where an option with an old name is now, in words; None for a name that was never one."""
    if name == "components":
        return "prior.components, or network.components for model='hivae'"
    if name == "statistic":
        return "point_estimate"
    return ".".join(RENAMED[name]) if name in RENAMED else None


def from_flat(old: dict[str, Any]) -> dict[str, Any]:
    """Options of `EvenVAE` from the flat ones of version 0.1.0, as its model files hold them."""
    model = old.get("model", "vae")
    given: dict[str, Any] = {name: old.get(name) for name in BY_NAME if name in ("objective", "prior", "network")}
    if model == "hivae":
        given["network"] = None
    # files that are older than these two options hold models of the columns' own families, which draw from the prior
    old = {"numbers": "family", "latents": "prior", **old}
    parts = {name: part_of(name, given.get(name), model) for name in BY_NAME}
    for name, (part, field) in RENAMED.items():
        part = "network" if name == "components" and model == "hivae" else part
        if old.get(name) is not None and field in parts[part].get_params():
            parts[part] = parts[part].replaced(**{field: old[name]})
    statistic = old.get("statistic", "typical")
    flat = {name: old[name] for name in FLAT if name in old}
    return flat | parts | {"point_estimate": POINT_ESTIMATE.get(statistic, statistic)}
