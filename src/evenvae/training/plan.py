"""The complete plan of a fit: every option resolved, nothing left open. A saved model keeps it."""

import dataclasses
from typing import Any, Literal, get_type_hints

import numpy as np
from jaxtyping import Float

from evenvae import balancing, threefry
from evenvae.errors import InputError
from evenvae.io.typed import check_fields, is_of
from evenvae.likelihoods.detailed import Details
from evenvae.models import HIVAEConfig, Layout, VAEConfig
from evenvae.objectives import OBJECTIVES
from evenvae.priors import PRIORS, Mixture, PriorOptions
from evenvae.threefry import AnyKey
from evenvae.training.settings import OptimiserSettings, PrivacySettings, TrainingSettings
from evenvae.training.step import Method, Network

Numbers = Literal["family", "histogram"]
Latents = Literal["prior", "fitted", "flow", "sampled"]
"""Which density of the latents a model has; ``sampled`` is a fitted one that `sample` alone uses, as in 0.1.0."""
FITTED_LATENTS: tuple[Latents, ...] = ("fitted", "flow")
"""Densities that are fitted to the posteriors of the training rows after training."""
NETWORKS = {"vae": VAEConfig, "hivae": HIVAEConfig}
ALL_PRIORS: dict[str, type[PriorOptions]] = {**PRIORS, "mixture": Mixture}

KEPT = ("balance", "numbers", "latents", "ensemble", "bootstrap", "rounds", "match_marginals")
"""Fields of a `Plan` that its description holds as they are; files of older versions lack the last two."""


@dataclasses.dataclass(frozen=True)
class Plan:
    """Everything that a fit needs beside the table.

    ``balance`` is the name of the balancer in ``method``. ``numbers`` says how numbers are modelled and ``latents``
    from where `sample` draws latents (see `options.Sampling`). ``ensemble`` runs are trained; with ``bootstrap`` each
    on a bootstrap copy of the table. In ``rounds`` a model with sight draws the columns of a row; with
    ``match_marginals`` drawn columns are given the marginals of the table.
    """

    network: VAEConfig | HIVAEConfig
    prior: PriorOptions
    method: Method
    optimiser: OptimiserSettings
    training: TrainingSettings
    balance: str
    numbers: Numbers = "family"
    latents: Latents = "prior"
    ensemble: int = 1
    bootstrap: bool = False
    rounds: int = 1
    match_marginals: bool = False

    @property
    def model(self) -> str:
        """``"vae"`` or ``"hivae"``."""
        return _name_of(NETWORKS, self.network)

    @property
    def details(self) -> Details:
        """Of the columns of numbers."""
        return self.network.details

    @property
    def sight(self) -> bool:
        """Whether the decoder sees the cells that it is shown."""
        return self.network.sight

    @property
    def purpose(self) -> str:
        """What the model is for."""
        return self.training.purpose

    @property
    def privacy(self) -> PrivacySettings | None:
        """What a differentially private fit spends; None where it is none."""
        return self.method.privacy

    def new_network(self, layout: Layout, bias: Float[np.ndarray, " P"], key: AnyKey) -> Network:
        """A new network; ``bias`` (P,) holds the heads at the columns' marginals."""
        model = self.network.build(layout, bias, key)
        config = self.network
        return Network(model, self.prior.build(config.latent_size, config.prior_width, threefry.fold_in(key, 1)))

    def used(self) -> dict[str, Any]:
        """The settings of all parts by name, as they are used."""
        parts = (self.network, self.optimiser, self.training)
        return {name: value for part in parts for name, value in dataclasses.asdict(part).items()}

    def to_dict(self) -> dict[str, Any]:
        """A description for JSON, from which `from_dict` makes the same plan."""
        fields = dataclasses.asdict
        return {
            "network": {"part": self.model, **fields(self.network)},
            "prior": {"part": _name_of(ALL_PRIORS, self.prior), **self.prior.get_params()},
            "objective": {"part": self.method.objective.name, **self.method.objective.get_params()},
            "hide_cells": self.method.hide_cells,
            "show_rows": self.method.show_rows,
            "hide_shown": self.method.hide_shown,
            "even_turns": self.method.even_turns,
            "binarise": self.method.binarise,
            "cycle": self.method.cycle,
            "optimiser": fields(self.optimiser),
            "training": fields(self.training),
            **{name: getattr(self, name) for name in KEPT},
            **({} if self.privacy is None else {"privacy": fields(self.privacy)}),
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "Plan":
        """The plan that `to_dict` described."""
        network, prior, objective = (dict(data[name]) for name in ("network", "prior", "objective"))
        details = Details(*network.pop("details", ()))
        check_fields(OptimiserSettings, data["optimiser"], "The plan: optimiser")
        check_fields(TrainingSettings, data["training"], "The plan: training")
        if "privacy" in data:
            check_fields(PrivacySettings, data["privacy"], "The plan: privacy")
        check_fields(NETWORKS[network["part"]], {k: v for k, v in network.items() if k != "part"}, "The plan: network")
        kept = {name: data[name] for name in KEPT if name in data}
        hints = get_type_hints(cls)
        if odd := next((name for name, value in kept.items() if not is_of(value, hints[name])), None):
            raise InputError(f"The plan has {odd} = {kept[odd]!r:.60}.")
        network |= {name: tuple(value) for name, value in network.items() if isinstance(value, list)}
        network |= {"details": details} if any(details) else {}
        method = Method(
            OBJECTIVES[objective.pop("part")](**objective),
            balancer_of(data["balance"]),
            *(data.get(name, 0.0) for name in ("hide_cells", "show_rows", "hide_shown")),
            even_turns=bool(data.get("even_turns", False)),
            privacy=PrivacySettings(**data["privacy"]) if "privacy" in data else None,
            binarise=bool(data.get("binarise", False)),
            cycle=float(data.get("cycle", 0.0)),
        )
        return cls(
            NETWORKS[network.pop("part")](**network),
            ALL_PRIORS[prior.pop("part")](**prior),
            method,
            OptimiserSettings(**data["optimiser"]),
            TrainingSettings(**data["training"]),
            **kept,
        )


def balancer_of(balance: str) -> balancing.Balancer:
    """The balancer with this name, its norm matched to that of the plain sum; ValueError for an unknown name."""
    parsed = balancing.parse(balance)
    return balancing.plain_sum() if balance == "none" else balancing.norm_match(parsed)


def _name_of(registry: dict[str, Any], part: Any) -> str:
    return next(name for name, made in registry.items() if type(part) is made)
