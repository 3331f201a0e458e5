"""The constants of a table that is read piece by piece: those of a sample, with what all rows tell of them."""

import dataclasses

import numpy as np
from jaxtyping import Bool, Float

from evenvae.likelihoods.base import Scale
from evenvae.models.space import Space


class Moments:
    """Mean and variance of so many columns, merged from pieces of rows (Chan, Golub and LeVeque, 1983)."""

    def __init__(self, columns: int):
        self.count = np.zeros(columns)
        self.mean = np.zeros(columns)
        self.squares = np.zeros(columns)

    def add(self, values: Float[np.ndarray, "rows columns"]) -> None:
        """More rows; NaN does not count."""
        seen = np.isfinite(values)
        count = seen.sum(axis=0)
        known = np.where(seen, values, 0.0)
        mean = known.sum(axis=0) / np.maximum(count, 1)
        squares = (np.where(seen, known - mean, 0.0) ** 2).sum(axis=0)
        total = np.maximum(self.count + count, 1)
        apart = mean - self.mean
        self.squares += squares + apart**2 * self.count * count / total
        self.mean += apart * count / total
        self.count += count

    @property
    def std(self) -> Float[np.ndarray, " columns"]:
        """Standard deviation (ddof 1)."""
        return np.sqrt(self.squares / np.maximum(self.count - 1, 1))


class Totals:
    """What all rows of a table tell of its constants: moments, bounds, the most frequent levels.

    Everything else, such as quantiles, stays as it was in the sample.
    """

    def __init__(self, space: Space):
        """Before the first row; ``space`` is that of the sample, whose columns hold one number each."""
        self.space = space
        features = space.layout.features
        self.raw = Moments(features)
        self.standardised = [Moments(len(block.columns)) for block in space.layout.blocks]
        self.low, self.high = space.low.copy(), space.high.copy()
        self.levels = {
            place: np.zeros(likelihood.level_count, np.int64)
            for place, likelihood in enumerate(space.layout.likelihoods)
            if likelihood.discrete
        }

    def add(self, values: Float[np.ndarray, "N D"], observed: Bool[np.ndarray, "N D"]) -> None:
        """More rows; what stands in a missing cell does not matter."""
        values = np.where(observed, values, np.nan)
        self.raw.add(values)
        self.low = np.fmin(self.low, np.fmin.reduce(values))
        self.high = np.fmax(self.high, np.fmax.reduce(values))
        for block, scale, moments in zip(self.space.layout.blocks, self.space.scales, self.standardised, strict=True):
            with np.errstate(invalid="ignore", divide="ignore"):
                found = block.likelihood.standardised(values[:, list(block.columns)], scale)
            if found is not None:
                moments.add(found)
        for place, counts in self.levels.items():
            counts += np.bincount(values[observed[:, place], place].astype(int), minlength=len(counts))

    def constants(self) -> Space:
        """The constants of the table."""
        space = self.space
        scales = []
        for block, scale, moments in zip(space.layout.blocks, space.scales, self.standardised, strict=True):
            # a column that the sample shows as constant keeps its scale
            told = (moments.count > 1) & (moments.std > 0)
            new = block.likelihood.with_moments(
                scale, np.where(told, moments.mean, 0.0), np.where(told, moments.std, 1.0)
            )
            scales.append(Scale(*(np.array(part, dtype=float) for part in new)) if told.any() else scale)
        baseline = np.where(self.raw.count > 0, self.raw.mean, space.baseline)
        for place, counts in self.levels.items():
            baseline[place] = counts.argmax() if counts.any() else space.baseline[place]
        return dataclasses.replace(space, scales=tuple(scales), low=self.low, high=self.high, baseline=baseline)
