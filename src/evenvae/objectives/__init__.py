"""Training objectives as coefficients on per-column log-likelihoods."""

from collections.abc import Callable
from typing import Any

from evenvae.objectives.base import Bound, Objective
from evenvae.objectives.elbo import ELBO
from evenvae.objectives.iwae import IWAE, DReG

OBJECTIVES: dict[str, Callable[..., Any]] = {"elbo": ELBO, "iwae": IWAE, "dreg": DReG}

__all__ = ["ELBO", "IWAE", "OBJECTIVES", "Bound", "DReG", "Objective"]
