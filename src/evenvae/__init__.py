"""EvenVAE: variational autoencoders for tables of mixed columns that overlook nothing."""

import importlib
from typing import Any

__version__ = "0.1.0"

_HOMES = {
    "EvenVAE": "evenvae.estimator",
    "EvenImputer": "evenvae.imputer",
    "load": "evenvae.saving",
    "Schema": "evenvae.tables",
    "EvenVAEError": "evenvae.errors",
    "InputError": "evenvae.errors",
    "TrainingError": "evenvae.errors",
    "TableWarning": "evenvae.errors",
}
_ROOMS = (
    "balancing",
    "cocktail",
    "datasets",
    "experiments",
    "likelihoods",
    "metrics",
    "models",
    "objectives",
    "pictures",
    "priors",
    "report",
    "tables",
    "tracking",
    "training",
)

__all__ = [*_HOMES, *_ROOMS, "__version__"]


def __getattr__(name: str) -> Any:
    # `evenvae --help` must not wait for JAX: names are imported when they are first used
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    if name in _ROOMS:
        return importlib.import_module(f"evenvae.{name}")
    raise AttributeError(f"module 'evenvae' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
