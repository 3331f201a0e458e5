"""From the estimator's options and the table's size to settings of every part."""

import dataclasses
import logging
from collections.abc import Callable
from typing import Any

import numpy as np

from evenvae import balancing
from evenvae.errors import InputError
from evenvae.models import HIVAEConfig, Layout, VAEConfig
from evenvae.objectives import OBJECTIVES
from evenvae.training import PURPOSES, Method, OptimiserSettings, TrainingSettings

log = logging.getLogger(__name__)
MODELS = ("vae", "hivae")
BLIND_TO_SCALE = ("equal-norm", "imtl-g", "nash-mtl", "gradnorm", "famo")
"""Methods that undo what multiplies a column's loss."""
IMPORTANCE_SAMPLES = 20
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
        "numbers": "family",
        "latents": "prior",
    },
}
# the same paper, B.4: sizes of the HI-VAE
PAPER_HIVAE: dict[str, Any] = {
    "latent_size": 10,
    "components": 10,
    "batch_size": 1000,
    "epochs": 2000,
    "least_temperature": 1e-3,
}


def resolve_balance(balance: str, purpose: str, objective: str = "elbo", model: str = "vae") -> str:
    """``auto``: even reconstruction wants balancing, likelihood and imputation pay for it; constraints balance too.

    ``gradnorm+pcgrad`` is the best single choice known on mean error, worst column and held-out likelihood together.
    Over the paper's nine tables (its network and epochs, medians of three seeds; benchmarks/results/nine_tables.jsonl)
    the error is 0.49 of plain's on average (``imtl-g+pcgrad``: 0.57), the worst column's ratio 0.87 of plain's (0.93),
    the log-likelihood a row 1.7 nats below plain's in the median (4.7), though 113 below on bank (23). With the default
    network (four tables, two seeds; auto_balance.json) errors of plain, ``imtl-g+pcgrad`` and it are 0.156, 0.043,
    0.026 on adult, 0.087, 0.031, 0.015 on credit, 0.113, 0.013, 0.011 on diamonds, 0.040, 0.032, 0.038 on wine; its
    worst column is 1.2 times as bad as the best constant on adult and 1.6 times on credit.
    ``gradnorm`` alone ties with it: among all twelve combinations (Table 1 of the paper with its initialisation, five
    seeds; benchmarks/results/table1) the two stand first, with errors of 0.580 of plain's (better on nine of the nine
    tables) and 0.582 alone (on eight), worst columns of 0.872 and 0.876, and 2.0 and 2.1 nats less in the median;
    third are ``gradnorm+graddrop``, 0.639, and ``imtl-g``, 0.652.

    HI-VAE takes ``gradnorm``: at z and at s, ``imtl-g+pcgrad`` left credit and diamonds worse than plain (error 0.111
    and 0.120 against 0.064 and 0.080), ``gradnorm`` better (0.034, 0.004; benchmarks/results/four_models.jsonl).
    ``gradnorm+pcgrad`` is as good: 0.83 of plain's error over six tables of Table 1, ``gradnorm`` 0.84.
    """
    if balance != "auto":
        return balance
    if purpose != "reconstruct" or objective.startswith("geco"):
        return "none"
    return "gradnorm" if model == "hivae" else "gradnorm+pcgrad"


def resolve_numbers(options: dict[str, Any]) -> str:
    """``family`` or ``histogram``, from the option, the preset and the purpose.

    What a family cannot say (spikes, several humps) shows in every row that is drawn from it; trees tell such rows
    from real ones almost always (benchmarks/synthetic.py).
    """
    given = _resolved("numbers", options, "histogram" if options.get("purpose") == "sample" else "family")
    _one_of("numbers", given, ("family", "histogram"))
    return given


def resolve_latents(options: dict[str, Any], layout: Layout) -> str:
    """``prior`` or ``fitted``, from the option, the preset, the purpose and what the model knows.

    Tasks: the prior is the same for all of them by construction, and a row translated to another task relies on it.
    """
    given = _resolved("latents", options, "fitted" if options.get("purpose") == "sample" else "prior")
    _one_of("latents", given, ("prior", "fitted"))
    known = options.get("task") is not None or layout.elements > layout.features
    if known and options.get("latents") == "fitted":
        raise InputError("latents='fitted' is for tables without tasks and images; leave it out.")
    return "prior" if known else given


def _resolved(name: str, options: dict[str, Any], default: str) -> str:
    by_preset = PRESETS.get(options.get("preset") or "default", {}).get(name, default)
    return by_preset if options.get(name) is None else options[name]


@dataclasses.dataclass(frozen=True)
class Plan:
    """Everything a fit needs beside the table."""

    network: VAEConfig | HIVAEConfig
    method: Method
    optimiser: OptimiserSettings
    training: TrainingSettings
    balance: str

    def used(self) -> dict[str, Any]:
        """The settings of all parts by name, as they are used."""
        parts = (self.network, self.optimiser, self.training)
        return {name: value for part in parts for name, value in dataclasses.asdict(part).items()}


Pick = Callable[[str, Any], Any]
"""``pick(name, default)``: what the user gave, else what the preset says, else the default."""


def make_plan(
    options: dict[str, Any], layout: Layout, rows: int, validation_rows: int, tasks: tuple[int, ...] = ()
) -> Plan:
    """Fill what is not given from the preset, then from the table's size; ``tasks``: levels of the task columns.

    Raises InputError for an option that is out of range or unknown, and for options that exclude each other.
    """
    preset = options.get("preset") or "default"
    _one_of("preset", preset, tuple(PRESETS))
    model = options.get("model") or "vae"
    _one_of("model", model, MODELS)
    merged = dict(PRESETS[preset])
    if preset == "paper" and model == "hivae":
        merged |= PAPER_HIVAE
    given = {name: value for name, value in options.items() if value is not None}
    pick: Pick = lambda name, default: given.get(name, merged.get(name, default))
    purpose = pick("purpose", "reconstruct")
    _one_of("purpose", purpose, PURPOSES)
    training, per_epoch = _training(pick, rows, validation_rows, purpose)
    balance, balancer = _balancer(pick, purpose, layout.features)
    hide_cells = float(pick("hide_cells", 0.5 if purpose == "impute" else 0.0))
    if not 0 <= hide_cells < 1:
        raise InputError(f"hide_cells={hide_cells} must be at least 0 and below 1.")
    optimiser = OptimiserSettings(
        learning_rate=pick("learning_rate", 1e-3),
        schedule=pick("schedule", "cosine"),
        total_steps=training.steps,
        weight_decay=pick("weight_decay", 1e-4),
        clip=pick("clip", None if "clip" in merged else 10.0),
    )
    _one_of("schedule", optimiser.schedule, ("cosine", "constant"))
    network = (_vae if model == "vae" else _hivae)(pick, layout, rows, training, per_epoch)
    if tasks:
        if not isinstance(network, VAEConfig):
            raise InputError("task needs model='vae': HI-VAE has no place for a condition.")
        if getattr(network, "network", None) == "conv" and layout.features == 1:
            raise InputError("network='conv' makes a lone image without a task; leave task out, or network.")
        network = dataclasses.replace(network, tasks=tasks)
    warm_up = round(min(per_epoch, training.steps / 10))
    if pick("constraint", "row") == "column" and balance.split("+")[0].split("[")[0] in BLIND_TO_SCALE:
        log.warning(
            "balance=%s undoes the multipliers of constraint='column' everywhere but in the heads, so that they run "
            "off; combine constraints with pcgrad or none",
            balance,
        )
    fitted = resolve_latents(options, layout) == "fitted"
    light = purpose == "impute" or (purpose == "sample" and fitted)
    method = Method(_objective(pick, model, light, warm_up), balancer, hide_cells)
    return Plan(network, method, optimiser, training, balance)


def _training(pick: Pick, rows: int, validation_rows: int, purpose: str) -> tuple[TrainingSettings, float]:
    """How long and in what pieces, and the steps of an epoch."""
    batch = min(pick("batch_size", 128 if rows < 50_000 else 256), rows)
    per_epoch = rows / batch
    epochs = pick("epochs", None)
    steps = int(np.clip(150 * per_epoch, 1500, 20_000)) if epochs is None else round(epochs * per_epoch)
    steps = max(1, steps)
    chunk = min(int(np.clip(per_epoch, 50, 500)), steps)
    looks = -(-steps // chunk)
    # chunks of one length are one program; a shorter last one would be compiled by itself
    chunk = round(steps / looks)
    patience = pick("patience", 0 if pick("preset", "") == "paper" else max(10, looks // 4))
    settings = TrainingSettings(
        batch_size=batch,
        steps=looks * chunk,
        steps_per_chunk=chunk,
        patience=patience or None,
        # the least error is not what kappa asks for: the state kept is the last, where the constraint is held
        keep_best=validation_rows > 0 and pick("kappa", None) is None,
        purpose=purpose,
    )
    return settings, per_epoch


def _balancer(pick: Pick, purpose: str, features: int) -> tuple[str, Any]:
    """The balance's name, and the balancer with its norms matched (None for the plain sum)."""
    # a single column, such as an image, has nothing to be balanced against
    asked = "none" if features == 1 and pick("balance", "auto") == "auto" else pick("balance", "auto")
    balance = resolve_balance(asked, purpose, pick("objective", "elbo"), pick("model", "vae"))
    try:
        parsed = balancing.parse(balance)
    except ValueError as error:
        raise InputError(f"balance={balance!r}: {error}") from error
    return balance, None if balance == "none" else balancing.norm_match(parsed)


def _vae(pick: Pick, layout: Layout, rows: int, training: TrainingSettings, per_epoch: float) -> VAEConfig:
    del training, per_epoch
    features = layout.features
    small = pick("preset", "") == "paper"
    images = features - int((layout.sizes == 1).sum())
    latent = max(1, int(0.5 * features + 0.5)) if small else max(2 * features + 30 * images, 2)
    config = VAEConfig(
        latent_size=pick("latent_size", latent if small else min(latent, 64)),
        hidden_size=pick("hidden_size", 256 if images else int(np.clip(64 * round(rows**0.25 / 5), 64, 256))),
        depth=pick("depth", 2),
        network=pick("network", "residual"),
        encoder_input=pick("encoder_input", "standardized_onehot"),
        dropout=pick("dropout", 0.0),
        see_mask=pick("see_mask", True),
        init=pick("init", "marginals"),
    )
    _one_of("network", config.network, ("residual", "paper", "conv"))
    if config.network == "conv" and not images:
        raise InputError("network='conv' is for images, and the table has no column of them; leave it out.")
    _one_of("encoder_input", config.encoder_input, ("standardized_onehot", "raw"))
    _one_of("init", config.init, ("marginals", "paper"))
    return config


def _hivae(pick: Pick, layout: Layout, rows: int, training: TrainingSettings, per_epoch: float) -> HIVAEConfig:
    del rows
    if layout.elements > layout.features:
        raise InputError("model='hivae' gives every column a few numbers, too little for an image; use model='vae'.")
    if pick("prior", "standard") != "standard":
        raise InputError(f"prior={pick('prior', None)!r}: model='hivae' brings its own mixture prior; leave it out.")
    by_epoch = pick("preset", "") == "paper"
    return HIVAEConfig(
        latent_size=pick("latent_size", 10),
        components=pick("components", 10),
        least_temperature=pick("least_temperature", 0.1),
        # a run of fewer than 200 epochs cools by its own length: to 0.1 when 45 % of it is over
        steps_per_epoch=per_epoch if by_epoch else max(1e-6, min(per_epoch, training.steps / 200)),
    )


def _objective(pick: Pick, model: str, light: bool, warm_up: int) -> Any:
    name = pick("objective", "elbo")
    _one_of("objective", name, tuple(OBJECTIVES))
    weighted, constrained = name in ("iwae", "dreg", "geco-iwae"), name.startswith("geco")
    samples = pick("importance_samples", IMPORTANCE_SAMPLES if weighted else 1)
    if not samples >= 1 or samples != int(samples):
        raise InputError(f"importance_samples={samples} must be a positive whole number.")
    if weighted and model == "hivae":
        raise InputError(f"objective={name!r} needs model='vae': HI-VAE draws its component relaxed; use 'elbo'.")
    for option in ("constraint", "target", "gain", "kappa", "multiplier_rate"):
        if not constrained and pick(option, None) is not None:
            raise InputError(f"{option}={pick(option, None)!r} belongs to objective='geco' or 'geco-iwae'.")
    if weighted or constrained:
        if pick("beta", 1.0) != 1.0:
            raise InputError(f"beta={pick('beta', 1.0)} weighs the KL, which objective={name!r} does not.")
        return OBJECTIVES[name](samples=int(samples), **(_constraint(pick, warm_up) if constrained else {}))
    if name == "beta" and pick("beta", None) is None:
        raise InputError("objective='beta' needs beta, the weight of the KL, as in beta=4.")
    # a light KL keeps more of a row in its latent coordinates: hidden cells were found again with a tenth to an
    # eighth less error on wine and adult than at weight 1 (benchmarks/imputation.py), and drawn rows were harder to
    # tell from real ones where latents come from where they lie instead of the prior
    beta = float(pick("beta", 0.1 if light else 1.0))
    if not beta > 0:
        raise InputError(f"beta={beta} must be positive.")
    return OBJECTIVES[name](samples=int(samples), beta=beta)


def _constraint(pick: Pick, warm_up: int) -> dict[str, Any]:
    kappa = pick("kappa", None)
    if kappa is not None and not kappa > 0:
        raise InputError(f"kappa={kappa} must be positive: the root of the squared error that an image may have.")
    # with kappa the constraint is in squared errors, and the multiplier moves by their share in the target
    constraint, rate = pick("constraint", "row"), float(pick("multiplier_rate", 1e-2 / max(kappa or 1.0, 1.0) ** 2))
    _one_of("constraint", constraint, ("row", "column"))
    if not 0 < rate <= 1:
        raise InputError(f"multiplier_rate={rate} must be above 0 and at most 1.")
    given = [name for name in ("target", "gain", "kappa") if pick(name, None) is not None]
    if len(given) > 1:
        raise InputError(f"{' and '.join(given)} say the same in different ways; give one of them.")
    return {"constraint": constraint, "rate": rate, "warm_up": warm_up}


def _one_of(name: str, value: Any, known: tuple[str, ...]) -> None:
    if value not in known:
        raise InputError(f"{name}={value!r} is unknown; choose one of {', '.join(known)}.")
