"""Training objectives as coefficients on per-column log-likelihoods."""

import functools
from collections.abc import Callable
from typing import Any

from evenvae.objectives.base import Bound, Objective
from evenvae.objectives.elbo import ELBO
from evenvae.objectives.geco import GECO
from evenvae.objectives.iwae import IWAE, DReG

OBJECTIVES: dict[str, Callable[..., Any]] = {
    "elbo": ELBO,
    "beta": ELBO,
    "iwae": IWAE,
    "dreg": DReG,
    "geco": GECO,
    "geco-iwae": functools.partial(GECO, weighted=True),
}

__all__ = ["ELBO", "GECO", "IWAE", "OBJECTIVES", "Bound", "DReG", "Objective"]
