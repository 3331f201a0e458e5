"""By what a combination is chosen: what is measured of a run, and how seeds are put together."""

import dataclasses

PURPOSE = "purpose"
SELECTIONS = ("median", "mean", "careful")


@dataclasses.dataclass(frozen=True)
class Measure:
    """A figure of a run on rows that it did not learn from; ``sign`` makes less the better."""

    name: str
    words: str
    sign: int = 1


MEASURES = {
    "error": Measure("error", "reconstruction error, mean over columns"),
    "worst-column": Measure("worst", "largest error of a column over that of its mean or most frequent level"),
    "hidden-error": Measure("hidden_error", "error on hidden cells, mean over columns"),
    "log-likelihood": Measure("log_likelihood", "negative log-likelihood, nats a row", -1),
}
"""What may be chosen by, beside the figure by which training stopped; all on the validation rows."""

FIGURES = {
    "reconstruct": "reconstruction error, mean over columns",
    "impute": "error on hidden cells, mean over columns",
    "score": "loss, nats a row",
    "sample": "loss, nats a row",
}
"""The figure by which training stops, by purpose."""

_TESTED = {
    "reconstruct": "error",
    "impute": "hidden-error",
    "score": "log-likelihood",
    "sample": "log-likelihood",
}


def words(measure: str, purpose: str) -> str:
    """What is compared."""
    return FIGURES[purpose] if measure == PURPOSE else MEASURES[measure].words


def tested(measure: str, purpose: str) -> Measure:
    """What is looked at on test rows, to see whether the choice holds there."""
    return MEASURES[_TESTED[purpose] if measure == PURPOSE else measure]
