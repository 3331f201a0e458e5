"""From the estimator's options and the table's size to settings of every part."""

import dataclasses
from typing import Any

import numpy as np

from evenvae import balancing
from evenvae.errors import InputError
from evenvae.models import Layout, VAEConfig
from evenvae.objectives import OBJECTIVES
from evenvae.training import PURPOSES, Method, OptimiserSettings, TrainingSettings

MODELS = ("vae",)
PRESETS: dict[str, dict[str, Any]] = {
    "default": {},
    # Javaloy, Meghdadi and Valera (2021), A.3 and A.4.1; what the released code adds is in the theory page
    "paper": {
        "network": "paper",
        "encoder_input": "raw",
        "init": "paper",
        "dropout": 0.1,
        "hidden_size": 50,
        "batch_size": 128,
        "learning_rate": 1e-3,
        "epochs": 400,
        "schedule": "constant",
        "weight_decay": 0.0,
        "clip": None,
        "patience": None,
        "hide_cells": 0.0,
        "beta": 1.0,
        "see_mask": False,
    },
}


def resolve_balance(balance: str, purpose: str) -> str:
    """``auto`` by purpose: even reconstruction wants balancing, likelihood and imputation pay for it."""
    if balance != "auto":
        return balance
    return "imtl-g+pcgrad" if purpose == "reconstruct" else "none"


@dataclasses.dataclass(frozen=True)
class Plan:
    """Everything a fit needs beside the table."""

    network: VAEConfig
    method: Method
    optimiser: OptimiserSettings
    training: TrainingSettings
    balance: str


def make_plan(options: dict[str, Any], layout: Layout, rows: int, validation_rows: int) -> Plan:
    """Fill what is not given from the preset, then from the table's size.

    Raises InputError for an option that is out of range or unknown.
    """
    preset = options.get("preset") or "default"
    if preset not in PRESETS:
        raise InputError(f"preset={preset!r} is unknown; choose one of {', '.join(PRESETS)}.")
    merged = dict(PRESETS[preset])
    given = {name: value for name, value in options.items() if value is not None}
    pick = lambda name, default: given.get(name, merged.get(name, default))
    features = layout.features
    purpose = pick("purpose", "reconstruct")
    _one_of("purpose", purpose, PURPOSES)
    _one_of("model", options.get("model", "vae"), MODELS)
    _one_of("objective", options.get("objective", "elbo"), tuple(OBJECTIVES))
    batch = min(pick("batch_size", 128 if rows < 50_000 else 256), rows)
    per_epoch = rows / batch
    epochs = pick("epochs", None)
    steps = int(np.clip(150 * per_epoch, 1500, 20_000)) if epochs is None else round(epochs * per_epoch)
    steps = max(1, steps)
    chunk = int(np.clip(per_epoch, 50, 500))
    chunk = min(chunk, steps)
    looks = -(-steps // chunk)
    patience = pick("patience", max(10, looks // 4)) if options.get("patience") != 0 else None
    if preset == "paper" and options.get("patience") is None:
        patience = None
    hidden = pick("hidden_size", int(np.clip(64 * round(rows**0.25 / 5), 64, 256)))
    latent_default = max(1, int(0.5 * features + 0.5)) if preset == "paper" else int(np.clip(2 * features, 2, 64))
    config = VAEConfig(
        latent_size=pick("latent_size", latent_default),
        hidden_size=hidden,
        depth=pick("depth", 2),
        network=pick("network", "residual"),
        encoder_input=pick("encoder_input", "standardized_onehot"),
        dropout=pick("dropout", 0.0),
        see_mask=pick("see_mask", True),
        init=pick("init", "marginals"),
    )
    _one_of("network", config.network, ("residual", "paper"))
    _one_of("encoder_input", config.encoder_input, ("standardized_onehot", "raw"))
    _one_of("init", config.init, ("marginals", "paper"))
    balance = resolve_balance(pick("balance", "auto"), purpose)
    try:
        parsed = balancing.parse(balance)
    except ValueError as error:
        raise InputError(f"balance={balance!r}: {error}") from error
    balancer = None if balance == "none" else balancing.norm_match(parsed)
    hide_default = 0.5 if purpose == "impute" else 0.0
    # a light KL keeps more of a row in its latent coordinates: hidden cells were found again with a tenth to an
    # eighth less error on wine and adult than at weight 1 (benchmarks/imputation.py)
    beta = float(pick("beta", 0.1 if purpose == "impute" else 1.0))
    method = Method(
        OBJECTIVES[options.get("objective", "elbo")](beta=beta),
        balancer,
        float(pick("hide_cells", hide_default)),
    )
    if not beta > 0:
        raise InputError(f"beta={beta} must be positive.")
    if not 0 <= method.hide_cells < 1:
        raise InputError(f"hide_cells={method.hide_cells} must be at least 0 and below 1.")
    optimiser = OptimiserSettings(
        learning_rate=pick("learning_rate", 1e-3),
        schedule=pick("schedule", "cosine"),
        total_steps=steps,
        weight_decay=pick("weight_decay", 1e-4),
        clip=merged.get("clip", 10.0) if "clip" not in given else given["clip"],
    )
    _one_of("schedule", optimiser.schedule, ("cosine", "constant"))
    training = TrainingSettings(
        batch_size=batch,
        steps=steps,
        steps_per_chunk=chunk,
        patience=patience,
        keep_best=validation_rows > 0,
        purpose=purpose,
    )
    return Plan(config, method, optimiser, training, balance)


def _one_of(name: str, value: Any, known: tuple[str, ...]) -> None:
    if value not in known:
        raise InputError(f"{name}={value!r} is unknown; choose one of {', '.join(known)}.")
