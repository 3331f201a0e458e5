"""Training objectives, as coefficients of the columns' log-likelihoods; the same classes are the user's options."""

import functools
from collections.abc import Callable

from evenvae.objectives.base import Bound, Objective
from evenvae.objectives.elbo import ELBO
from evenvae.objectives.geco import GECO
from evenvae.objectives.iwae import IWAE, DReG

OBJECTIVES: dict[str, Callable[..., Objective]] = {
    "elbo": ELBO,
    "beta": ELBO,
    "iwae": IWAE,
    "dreg": DReG,
    "geco": GECO,
    "geco-iwae": functools.partial(GECO, samples=20, weighted=True),
}
"""What makes each objective, by its name; the arguments are the objective's fields."""

__all__ = ["ELBO", "GECO", "IWAE", "OBJECTIVES", "Bound", "DReG", "Objective"]
