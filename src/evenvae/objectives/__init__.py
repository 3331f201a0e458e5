"""Training objectives as coefficients on per-column log-likelihoods."""

from evenvae.objectives.base import Bound, Objective
from evenvae.objectives.elbo import ELBO

OBJECTIVES = {"elbo": ELBO}

__all__ = ["ELBO", "OBJECTIVES", "Bound", "Objective"]
