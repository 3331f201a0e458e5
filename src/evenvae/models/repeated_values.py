"""Columns whose values repeat: draws are made to be such values, as often as they occur."""

import dataclasses
import itertools
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int

from evenvae.models.layout import INDEX, Layout

MOST_VALUES = 1024
"""Most different values of a column whose draws are such values."""
ROWS_EACH = 5
"""Rows that share a value, in the mean, at least: a value of few rows would tell of single rows."""
KNOTS = 64
"""Parts of the rows, in the order of their values, in which frequencies are those of the table."""


@dataclasses.dataclass(frozen=True, eq=False)
class RepeatedValues:
    """The values of the columns of numbers whose cells repeat, such as prices, dosages and whole percentages.

    A continuous family knows nothing of the values between which there are none, or that round numbers are more
    frequent. Its draws are moved to values of the training table: a drawn number x becomes Q(F(x)). Q is the column's
    own quantile function, and F joins by lines the commonest value of each of `KNOTS` equal parts of the rows. Between
    two of these the values then have the frequencies that they have in the table; beyond that, x stays where it was.

    Attributes:
        places: of the columns among the E numbers of a row.
        values: of each of the R columns, in order; a column with fewer values repeats its last one.
        shares: of the rows up to each value.
    """

    places: Int[np.ndarray, " R"]
    values: Float[np.ndarray, "R most"]
    shares: Float[np.ndarray, "R most"]

    @classmethod
    def fit(cls, layout: Layout, columns: Sequence[Float[np.ndarray, "..."]]) -> "RepeatedValues":
        """The columns whose values repeat, from the observed values of all columns."""
        places, values, shares = [], [], []
        for place, likelihood, cells in zip(layout.first, layout.likelihoods, columns, strict=True):
            if likelihood.values != "numbers" or likelihood.draws_repeat:
                continue
            distinct, counts = np.unique(cells, return_counts=True)
            if 1 < len(distinct) <= MOST_VALUES and len(cells) >= ROWS_EACH * len(distinct):
                places.append(place)
                lacking = (0, MOST_VALUES - len(distinct))
                values.append(np.pad(distinct, lacking, mode="edge"))
                shares.append(np.pad(np.cumsum(counts) / counts.sum(), lacking, constant_values=1.0))
        shape = (len(places), MOST_VALUES)
        return cls(np.array(places, INDEX), np.reshape(values, shape), np.reshape(shares, shape))

    def moved(self, raw: Float[np.ndarray, "... E"]) -> Float[np.ndarray, "... E"]:
        """Drawn numbers of these columns as values of the training table; other columns stay."""
        raw = raw.copy()
        for place, values, shares in zip(self.places, self.values, self.shares, strict=True):
            count = int(np.searchsorted(shares, 1.0 - 1e-12)) + 1
            known, below = values[:count], shares[:count]
            own = np.diff(below, prepend=0.0)
            ends = np.searchsorted(below, np.arange(KNOTS + 1) / KNOTS).clip(0, count - 1)
            commonest = [low + own[low : high + 1].argmax() for low, high in itertools.pairwise(ends)]
            kept = np.unique([0, *commonest, count - 1])
            # half of the rows of a value lie below it
            middle = below - 0.5 * own
            wanted = np.interp(raw[..., place], known[kept], middle[kept])
            found = known[np.minimum(np.searchsorted(below, wanted, side="left"), count - 1)]
            raw[..., place] = np.where(np.isnan(raw[..., place]), np.nan, found)
        return raw
