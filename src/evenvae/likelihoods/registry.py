"""The families that a schema can name, and where their classes are.

To add a family, write its file and add one line here. This module imports no JAX: a class is imported when it is
asked for.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evenvae.likelihoods.base import Likelihood

FAMILIES: dict[str, str] = {
    "normal": "evenvae.likelihoods.normal:Normal",
    "lognormal": "evenvae.likelihoods.lognormal:LogNormal",
    "poisson": "evenvae.likelihoods.poisson:Poisson",
    "negative-binomial": "evenvae.likelihoods.negativebinomial:NegativeBinomial",
    "zero-inflated-poisson": "evenvae.likelihoods.zeroinflated:ZeroInflatedPoisson",
    "zero-inflated-negative-binomial": "evenvae.likelihoods.zeroinflated:ZeroInflatedNegativeBinomial",
    "student-t": "evenvae.likelihoods.studentt:StudentT",
    "logit-normal": "evenvae.likelihoods.logitnormal:LogitNormal",
    "discretised-logistic": "evenvae.likelihoods.discretisedlogistic:DiscretisedLogistic",
    "monotone": "evenvae.likelihoods.monotone:Monotone",
    "spiked-normal": "evenvae.likelihoods.spiked:SpikedNormal",
    "spiked-lognormal": "evenvae.likelihoods.spiked:SpikedLogNormal",
    "spiked-logit-normal": "evenvae.likelihoods.spiked:SpikedLogitNormal",
    "spiked-monotone": "evenvae.likelihoods.spiked:SpikedMonotone",
    "bernoulli": "evenvae.likelihoods.bernoulli:Bernoulli",
    "categorical": "evenvae.likelihoods.categorical:Categorical",
    "ordinal": "evenvae.likelihoods.ordinal:Ordinal",
}
"""Families of columns whose cells are numbers or levels: the name in a schema, and ``"module:Class"``."""

PIXEL_FAMILIES: dict[str, str] = {
    "bernoulli": "evenvae.likelihoods.pixels:BernoulliPixels",
    "normal": "evenvae.likelihoods.pixels:NormalPixels",
    "squared": "evenvae.likelihoods.pixels:SquaredPixels",
}
"""The same for columns whose cells are images."""


def names(image: bool = False) -> tuple[str, ...]:
    """Names that a schema can give; those of images' families if ``image``."""
    return tuple(PIXEL_FAMILIES if image else FAMILIES)


def family(name: str, image: bool = False) -> "type[Likelihood]":
    """The class of a family by its name in a schema; of an image's family if ``image``.

    Raises:
        ValueError: no family has this name; the message lists the names.
    """
    known = PIXEL_FAMILIES if image else FAMILIES
    if name not in known:
        what = "likelihood of images" if image else "likelihood"
        raise ValueError(f"{name!r} is not a {what}; choose one of {', '.join(known)}.")
    module, _, attribute = known[name].partition(":")
    return getattr(importlib.import_module(module), attribute)
