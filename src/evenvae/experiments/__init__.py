"""Published tables, each made again by one function."""

from evenvae.experiments.geco import reproduce as geco
from evenvae.experiments.optimal_prior import reproduce as optimal_prior
from evenvae.experiments.table1 import reproduce as table1

__all__ = ["geco", "optimal_prior", "table1"]
