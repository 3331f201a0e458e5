"""What a model or the rows drawn from it tell about the rows that it was trained on.

All figures compare training rows with hold-out rows: rows of the same population that the model has not seen. What is
true of both is what the population is like; what is true of training rows alone was learned by heart.
"""

from evenvae.metrics.privacy.closest import ClosestRecords, closest_records, copied_share, nearer_share
from evenvae.metrics.privacy.disclosure import Disclosure, disclosure
from evenvae.metrics.privacy.membership import Attack, attack
from evenvae.metrics.privacy.mixed_distance import MixedDistance, Nearest

__all__ = [
    "Attack",
    "ClosestRecords",
    "Disclosure",
    "MixedDistance",
    "Nearest",
    "attack",
    "closest_records",
    "copied_share",
    "disclosure",
    "nearer_share",
]
