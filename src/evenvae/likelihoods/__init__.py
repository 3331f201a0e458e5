"""Likelihoods: every family is one file with a small hashable class of pure functions.

The classes are imported when they are first used, so that whoever needs only the names of the families, from
`evenvae.likelihoods.registry`, does not wait for JAX.
"""

import importlib
from typing import TYPE_CHECKING, Any

from evenvae.likelihoods.registry import FAMILIES, PIXEL_FAMILIES, family, names

if TYPE_CHECKING:
    from evenvae.likelihoods.base import IDENTITY, Likelihood, Scale
    from evenvae.likelihoods.bernoulli import Bernoulli
    from evenvae.likelihoods.categorical import Categorical
    from evenvae.likelihoods.histogram import Histogram
    from evenvae.likelihoods.lognormal import LogNormal
    from evenvae.likelihoods.normal import Normal
    from evenvae.likelihoods.ordinal import Ordinal
    from evenvae.likelihoods.pixels import BernoulliPixels, NormalPixels, SquaredPixels
    from evenvae.likelihoods.poisson import Poisson

_HOMES = {
    "IDENTITY": "evenvae.likelihoods.base",
    "Bernoulli": "evenvae.likelihoods.bernoulli",
    "BernoulliPixels": "evenvae.likelihoods.pixels",
    "Categorical": "evenvae.likelihoods.categorical",
    "Histogram": "evenvae.likelihoods.histogram",
    "Likelihood": "evenvae.likelihoods.base",
    "LogNormal": "evenvae.likelihoods.lognormal",
    "Normal": "evenvae.likelihoods.normal",
    "NormalPixels": "evenvae.likelihoods.pixels",
    "Ordinal": "evenvae.likelihoods.ordinal",
    "Poisson": "evenvae.likelihoods.poisson",
    "Scale": "evenvae.likelihoods.base",
    "SquaredPixels": "evenvae.likelihoods.pixels",
}

__all__ = [
    "FAMILIES",
    "IDENTITY",
    "PIXEL_FAMILIES",
    "Bernoulli",
    "BernoulliPixels",
    "Categorical",
    "Histogram",
    "Likelihood",
    "LogNormal",
    "Normal",
    "NormalPixels",
    "Ordinal",
    "Poisson",
    "Scale",
    "SquaredPixels",
    "family",
    "names",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'evenvae.likelihoods' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
