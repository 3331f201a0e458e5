"""EvenVAE: variational autoencoders for tables of mixed columns that overlook nothing."""

import importlib
from typing import Any

__version__ = "0.1.0"

_HOMES = {
    "EvenVAE": "evenvae.estimator",
    "EvenImputer": "evenvae.imputer",
    "load": "evenvae.estimator",
    "Schema": "evenvae.tables",
    "Network": "evenvae.models.network_options",
    "HIVAENetwork": "evenvae.models.network_options",
    "Training": "evenvae.training.settings",
    "Sampling": "evenvae.options",
    "Imputation": "evenvae.options",
    "Privacy": "evenvae.options",
    "ELBO": "evenvae.objectives",
    "IWAE": "evenvae.objectives",
    "DReG": "evenvae.objectives",
    "GECO": "evenvae.objectives",
    "Standard": "evenvae.priors",
    "Vamp": "evenvae.priors",
    "Exemplar": "evenvae.priors",
    "Optimal": "evenvae.priors",
    "Implicit": "evenvae.priors",
    "EvenVAEError": "evenvae.errors",
    "InputError": "evenvae.errors",
    "TrainingError": "evenvae.errors",
    "ForkError": "evenvae.errors",
    "TableWarning": "evenvae.errors",
}
_ROOMS = (
    "balancing",
    "datasets",
    "experiments",
    "fitted",
    "likelihoods",
    "metrics",
    "models",
    "objectives",
    "options",
    "plots",
    "priors",
    "report",
    "search",
    "tables",
    "tracking",
    "training",
)
_ALIASES = {"cocktail": "search", "pictures": "plots"}
"""Rooms by their former names."""

__all__ = [*_HOMES, *_ROOMS, *_ALIASES, "__version__"]


def __getattr__(name: str) -> Any:
    # names are imported when they are first used, so that `evenvae --help` does not wait for JAX
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    if name in _ROOMS or name in _ALIASES:
        return importlib.import_module(f"evenvae.{_ALIASES.get(name, name)}")
    raise AttributeError(f"module 'evenvae' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
