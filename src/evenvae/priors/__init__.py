"""Priors over the latent space.

All have ``of``, ``log_prob`` and ``sample``; ``kl`` where it is closed. A prior that learns by other means than the
model's gradient has ``init``, ``refine`` and ``settle`` as well (see `evenvae.training.refining`); ``penalty`` is
what it adds to the loss of a batch. `FittedMixture` is no choice of a prior: it is fitted to a trained model's
posteriors, to sample from.
"""

from evenvae.priors.exemplar import ExemplarPrior
from evenvae.priors.fitted import FittedMixture
from evenvae.priors.mixture import MixturePrior
from evenvae.priors.optimal import SATURATED, OptimalPrior
from evenvae.priors.standard import StandardNormal
from evenvae.priors.vamp import VampPrior

PRIORS = {"standard": StandardNormal, "vamp": VampPrior, "exemplar": ExemplarPrior, "optimal": OptimalPrior}

__all__ = [
    "PRIORS",
    "SATURATED",
    "ExemplarPrior",
    "FittedMixture",
    "MixturePrior",
    "OptimalPrior",
    "StandardNormal",
    "VampPrior",
]
