"""By what a combination is chosen: what is measured of a run, and how the runs of several seeds are summarised."""

import dataclasses
from typing import Literal, get_args

Select = Literal["median", "mean", "careful"]
SELECTIONS: tuple[Select, ...] = get_args(Select)
PURPOSE = "purpose"
"""Stands for the validation metric of the purpose, by which training stops."""
EXECUTORS = ("local", "ray")
"""Executors that have a name."""


@dataclasses.dataclass(frozen=True)
class Measure:
    """What is measured of a run on rows that it did not learn from.

    ``name`` is that of the value in the store and ``words`` describes it. The value times ``sign`` is better the lower
    it is.
    """

    name: str
    words: str
    sign: int = 1


MEASURES = {
    "error": Measure("error", "reconstruction error, mean over columns"),
    "worst-column": Measure("worst", "largest error of a column divided by that of its mean or most frequent level"),
    "hidden-error": Measure("hidden_error", "error on hidden cells, mean over columns"),
    "log-likelihood": Measure("log_likelihood", "negative log-likelihood, nats a row", -1),
}
"""Measures on the validation rows that a combination can be chosen by, beside the validation metric."""

METRICS = {
    "reconstruct": "reconstruction error, mean over columns",
    "impute": "error on hidden cells, mean over columns",
    "score": "loss, nats a row",
    "sample": "loss, nats a row",
}
"""The validation metric of every purpose, in words."""

MEASURE_NAMES = (PURPOSE, *MEASURES)
"""Everything that a combination can be chosen by."""

_TESTED = {
    "reconstruct": "error",
    "impute": "hidden-error",
    "score": "log-likelihood",
    "sample": "log-likelihood",
}


def words(measure: str, purpose: str) -> str:
    """What combinations are compared by, in words."""
    return METRICS[purpose] if measure == PURPOSE else MEASURES[measure].words


def tested(measure: str, purpose: str) -> Measure:
    """What is measured on test rows, to see whether the choice holds there."""
    return MEASURES[_TESTED[purpose] if measure == PURPOSE else measure]
