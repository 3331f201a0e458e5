"""Tables with hidden cells, as `imputation.py` gives them to every method and judges what comes back."""

import numpy as np
from scipy.special import expit, ndtri
from scipy.stats import rankdata

from evenvae import metrics, tables
from twenty_tables import MOST, split_of

HIDDEN = 0.2
"""Share of the observed cells that is hidden; under MAR, of every column that is hidden from at all."""
KEPT = 1 / 3
"""Share of the columns that MAR never hides, so that they alone can say what is hidden elsewhere."""
DRIVERS = 3
"""Kept columns at most that decide about the cells of one column."""
STRENGTH = 2.0
"""Standard deviation of the logit of being hidden: at 2 about one cell in eight is hidden with a chance above one half,
and every other cell with one below 0.1."""


class Problem:
    """Rows of a table with holes: ``holes`` (N, D) holds NaN where hidden or missing; levels are codes.

    ``most`` is how many rows are used at most, None for all.
    """

    def __init__(self, name: str, seed: int, mechanism: str = "mcar", most: int | None = MOST):
        generator = np.random.default_rng(seed)
        rows, self.schema, cut = split_of(name, generator, most)
        encoded = tables.encode(rows, self.schema)
        self.discrete = np.array([column.discrete for column in self.schema.features])
        self.levels = [column.cardinality for column in self.schema.features]
        self.truth = encoded.values
        if mechanism == "mar":
            self.hidden = hide_at_random(encoded.values, encoded.observed, self.discrete, generator)
        else:
            self.hidden = metrics.hide(encoded.observed, HIDDEN, generator)
        self.holes = np.where(self.hidden | ~encoded.observed, np.nan, encoded.values)
        self.train, self.test = np.arange(cut), np.arange(cut, len(self.truth))
        seen = self.holes[self.train]
        self.low, self.high = np.nanmin(seen, axis=0), np.nanmax(seen, axis=0)

    def errors(self, guess: np.ndarray) -> np.ndarray:
        """(D,) errors of completed test rows; NaN for columns without a hidden cell."""
        guess = np.where(self.discrete, np.round(guess), np.clip(guess, self.low, self.high))
        ranges = np.nanmax(self.truth[self.train], axis=0) - np.nanmin(self.truth[self.train], axis=0)
        return metrics.column_errors(self.truth[self.test], guess, self.hidden[self.test], self.discrete, ranges)

    def constants(self) -> np.ndarray:
        """(D,) mean of numbers and most frequent level, of the training rows."""
        seen = self.holes[self.train]
        modes = [
            np.bincount(cells[~np.isnan(cells)].astype(int)).argmax() if discrete else 0
            for cells, discrete in zip(seen.T, self.discrete, strict=True)
        ]
        return np.where(self.discrete, np.array(modes), np.nanmean(seen, axis=0))


def hide_at_random(
    values: np.ndarray, observed: np.ndarray, discrete: np.ndarray, generator: np.random.Generator
) -> np.ndarray:
    """(N, D) cells to hide at random given other columns (MAR).

    A third of the columns keeps all its cells. Every other column has a logistic model of what is hidden from it: a
    weighted sum of a few kept columns, with an intercept that hides `HIDDEN` of the column's observed cells. What is
    hidden thus depends on cells that every method sees and, given them, on nothing else. A kept cell that the table
    itself lacks counts as an average one.
    """
    columns = values.shape[1]
    kept = kept_columns(observed, max(1, round(KEPT * columns)), generator)
    scores = {d: score_of(values[:, d], observed[:, d], bool(discrete[d]), generator) for d in kept}
    hidden = np.zeros_like(observed)
    for d in sorted(set(range(columns)) - set(kept)):
        drivers = generator.choice(kept, min(DRIVERS, len(kept)), replace=False)
        logit = np.sum([generator.normal() * scores[place] for place in drivers], axis=0)
        logit = STRENGTH * logit / max(float(np.std(logit)), 1e-9)
        own = observed[:, d]
        hidden[:, d] = own & (generator.random(len(own)) < expit(intercept_of(logit[own]) + logit))
    # a row whose kept cells are all missing could lose everything; it loses nothing
    hidden[~(observed & ~hidden).any(axis=1)] = False
    return hidden


def intercept_of(logit: np.ndarray) -> float:
    """What makes the mean chance `HIDDEN`."""
    share = lambda shift: float(expit(shift + logit).mean())
    low, high = -50.0, 50.0
    while high - low > 1e-6:
        middle = (low + high) / 2
        low, high = (low, middle) if share(middle) > HIDDEN else (middle, high)
    return low


def kept_columns(observed: np.ndarray, count: int, generator: np.random.Generator) -> np.ndarray:
    """Random columns among those with nearly all their cells, or with the most where those are too few."""
    share = observed.mean(axis=0)
    order = generator.permutation(len(share))
    nearly_all = share[order] >= 0.95
    by_share = order[np.argsort(np.where(nearly_all, -1.0, -share[order]), kind="stable")]
    return np.sort(by_share[:count])


def score_of(cells: np.ndarray, observed: np.ndarray, discrete: bool, generator: np.random.Generator) -> np.ndarray:
    """(N,) what a kept column adds to logits, of mean 0 and standard deviation 1 over its observed cells.

    Numbers add the normal score of their rank, so that no far-off value decides alone; every level adds a random
    number of its own.
    """
    seen = cells[observed]
    if discrete:
        own = generator.normal(size=int(seen.max()) + 1)[seen.astype(int)]
    else:
        own = ndtri((rankdata(seen) - 0.5) / len(seen))
    spread = own.std()
    score = np.zeros(len(cells))
    score[observed] = (own - own.mean()) / (spread if spread > 0 else 1.0)
    return score
