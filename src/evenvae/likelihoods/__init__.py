"""Likelihoods: one family a file, each a small hashable object over pure functions."""

from collections.abc import Callable

from evenvae.likelihoods.base import IDENTITY, Likelihood, Scale
from evenvae.likelihoods.bernoulli import Bernoulli
from evenvae.likelihoods.categorical import Categorical
from evenvae.likelihoods.histogram import Histogram
from evenvae.likelihoods.lognormal import LogNormal
from evenvae.likelihoods.normal import Normal
from evenvae.likelihoods.ordinal import Ordinal
from evenvae.likelihoods.pixels import PIXELS, BernoulliPixels, NormalPixels, SquaredPixels
from evenvae.likelihoods.poisson import Poisson

FAMILIES: dict[str, Callable[..., Likelihood]] = {
    family.name: family for family in (Normal, LogNormal, Poisson, Bernoulli, Categorical, Ordinal)
}

__all__ = [
    "FAMILIES",
    "IDENTITY",
    "PIXELS",
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
]
