"""Priors over the latent space: `Prior` is the protocol, and every other file is a prior beside its options.

`FittedMixture` and `FittedFlow` are no choices of a prior: they are fitted to a trained model's posteriors, to sample
from. `Mixture` belongs to HI-VAE.
"""

from evenvae.priors.base import Prior, PriorOptions
from evenvae.priors.exemplar import Exemplar, ExemplarPrior
from evenvae.priors.fitted import FittedMixture
from evenvae.priors.flow import FittedFlow
from evenvae.priors.mixture import Mixture, MixturePrior
from evenvae.priors.optimal import SATURATED, Implicit, Optimal, OptimalPrior
from evenvae.priors.standard import Standard, StandardNormal
from evenvae.priors.vamp import Vamp, VampPrior

PRIORS: dict[str, type[PriorOptions]] = {
    "standard": Standard,
    "vamp": Vamp,
    "exemplar": Exemplar,
    "optimal": Optimal,
    "implicit": Implicit,
}
"""Options of every prior that can be chosen, by its name."""

__all__ = [
    "PRIORS",
    "SATURATED",
    "Exemplar",
    "ExemplarPrior",
    "FittedFlow",
    "FittedMixture",
    "Implicit",
    "Mixture",
    "MixturePrior",
    "Optimal",
    "OptimalPrior",
    "Prior",
    "PriorOptions",
    "Standard",
    "StandardNormal",
    "Vamp",
    "VampPrior",
]
