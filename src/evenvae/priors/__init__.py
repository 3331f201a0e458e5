"""Priors over the latent space: ``log_prob``, ``sample`` and, where it is closed, ``kl``."""

from evenvae.priors.standard import StandardNormal

PRIORS = {"standard": StandardNormal}

__all__ = ["PRIORS", "StandardNormal"]
