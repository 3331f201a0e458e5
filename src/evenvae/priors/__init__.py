"""Priors over the latent space: ``log_prob``, ``sample`` and, where it is closed, ``kl``."""

from evenvae.priors.mixture import MixturePrior
from evenvae.priors.standard import StandardNormal

PRIORS = {"standard": StandardNormal}

__all__ = ["PRIORS", "MixturePrior", "StandardNormal"]
