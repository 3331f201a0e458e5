"""Where a table has its holes: a small model of the missingness, to make sampled rows as holey as real ones."""

import dataclasses

import numpy as np
from jaxtyping import Bool, Float, Int
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from evenvae.tables.codec import Encoded
from evenvae.tables.schema import Schema

MOST_ROWS = 5_000
MOST_LEVELS = 10
"""Levels of a column that are told apart; rarer ones count as one."""
FARTHEST = 4.0
"""Standard deviations from the mean beyond which a number makes no more difference."""
PENALTY = 0.1


@dataclasses.dataclass(frozen=True)
class HolePattern:
    """p(mask | values) as a chain of logistic regressions, one for every group of columns that are missing together.

    p(m | x) = prod_g p(m_g | x, m_1 ... m_(g-1)), groups with fewer holes first (a classifier chain; Read et al.,
    2011). A group sees the other columns' values, numbers with their squares, levels one by one; and the holes before
    it. Values that are missing count as average; in drawn rows, those that an earlier group took out. A column's own
    value is left out: its part in its own holes can't be learned from a table that lacks it.

    ``group`` (D,) is the place of each column's group in the chain, -1 without holes; ``column`` (F,) the place in a
    row that each of the F inputs is made from, ``level`` (F,) the code it tells (NaN for numbers), ``power`` (F,) 1 or
    2; ``center`` and ``scale`` (F,) standardise. ``coefficients`` (G, F + G) and ``intercepts`` (G,) are in logits.
    """

    group: Int[np.ndarray, " D"]
    column: Int[np.ndarray, " F"]
    level: Float[np.ndarray, " F"]
    power: Int[np.ndarray, " F"]
    center: Float[np.ndarray, " F"]
    scale: Float[np.ndarray, " F"]
    coefficients: Float[np.ndarray, "G F+G"]
    intercepts: Float[np.ndarray, " G"]

    @classmethod
    def of(cls, encoded: Encoded, schema: Schema, weight: Float[np.ndarray, " N"] | None = None) -> "HolePattern":
        """Learned from a table, of at most 5,000 of its rows, which count as they weigh."""
        rows = len(encoded.values)
        group, masks = _groups(~encoded.observed)
        counts = np.asarray(np.ones(rows) if weight is None else weight)
        shares = (masks * counts).sum(1) / counts.sum()
        chosen = np.random.default_rng(0).permutation(rows)[:MOST_ROWS] if rows > MOST_ROWS else slice(None)
        values, observed, counts, masks = (
            encoded.values[chosen],
            encoded.observed[chosen],
            counts[chosen],
            masks[:, chosen],
        )
        tasks = None if encoded.tasks is None else encoded.tasks[chosen]
        if not len(masks):
            nothing = np.zeros(0)
            none = np.zeros(0, int)
            return cls(group, none, nothing, none, nothing, nothing, np.zeros((0, 0)), nothing)
        column, level, power = _inputs(values, observed, tasks, schema)
        unscaled = cls(
            group, column, level, power, np.zeros(len(column)), np.ones(len(column)), np.zeros((0, 0)), np.zeros(0)
        )
        made = unscaled._made(values, tasks)
        seen = ~np.isnan(made)
        there = np.where(seen, made, 0)
        count = np.maximum((seen * counts[:, None]).sum(0), 1e-12)
        center = (there * counts[:, None]).sum(0) / count
        spread = np.sqrt((np.where(seen, made - center, 0) ** 2 * counts[:, None]).sum(0) / count)
        scaled = dataclasses.replace(unscaled, center=center, scale=np.where(spread > 1e-9, spread, 1.0))
        inputs = np.concatenate([scaled._standard(values, tasks), masks.T], axis=1)
        coefficients, intercepts = np.zeros((len(masks), inputs.shape[1])), np.zeros(len(masks))
        for place, (mask, share) in enumerate(zip(masks, shares, strict=True)):
            intercepts[place] = np.log(share / (1 - share))
            if mask.min() == mask.max():
                # so rare that these rows have none, or nothing else
                continue
            useful = scaled._useful(place, schema)
            regression = LogisticRegression(C=1 / PENALTY, solver="newton-cholesky", tol=1e-3)
            # so small a problem is slower with threads, and much slower where other work has the cores
            with threadpool_limits(1):
                regression.fit(inputs[:, useful], mask, sample_weight=counts)
            coefficients[place, useful], intercepts[place] = regression.coef_[0], np.ravel(regression.intercept_)[0]
        return dataclasses.replace(scaled, coefficients=coefficients, intercepts=intercepts)

    def draw(
        self, values: Float[np.ndarray, "n E"], tasks: Int[np.ndarray, "n T"] | None, schema: Schema, seed: object
    ) -> Bool[np.ndarray, "n D"]:
        """Which cells of drawn rows are to be missing."""
        generator = np.random.default_rng(seed)
        missing = np.zeros((len(values), len(self.group)), bool)
        inputs = self._standard(values, tasks)
        holes = np.zeros((len(values), len(self.intercepts)))
        of_input = self._feature_of_input(schema)
        for place, (coefficients, intercept) in enumerate(zip(self.coefficients, self.intercepts, strict=True)):
            logits = np.concatenate([inputs, holes], axis=1) @ coefficients + intercept
            holes[:, place] = generator.random(len(values)) < 1 / (1 + np.exp(-logits))
            missing[:, self.group == place] = holes[:, place : place + 1]
            gone = np.isin(of_input, np.flatnonzero(self.group == place))
            inputs = np.where(gone & (holes[:, place : place + 1] > 0), 0, inputs)
        return missing

    def _made(self, values: np.ndarray, tasks: np.ndarray | None) -> Float[np.ndarray, "n F"]:
        """The inputs before they are standardised; NaN where missing."""
        # task codes stand behind the row's values
        values = values if tasks is None else np.concatenate([values, np.where(tasks < 0, np.nan, tasks)], axis=1)
        cells = values[:, self.column]
        told = np.where(np.isnan(cells), np.nan, (cells == self.level).astype(float))
        return np.where(np.isnan(self.level), cells, told)

    def _standard(self, values: np.ndarray, tasks: np.ndarray | None) -> Float[np.ndarray, "n F"]:
        made = np.clip((self._made(values, tasks) - self.center) / self.scale, -FARTHEST, FARTHEST)
        made = np.where(self.power == 2, (made**2 - 1) / 2, made)
        return np.nan_to_num(made, nan=0.0)

    def _feature_of_input(self, schema: Schema) -> Int[np.ndarray, " F"]:
        """The feature behind each input; -1 for tasks."""
        first = np.asarray(schema.first)
        feature = np.searchsorted(first, self.column, side="right") - 1
        return np.where(self.column >= schema.elements, -1, feature)

    def _useful(self, place: int, schema: Schema) -> Bool[np.ndarray, " F+G"]:
        """Inputs of one group: all but its own columns' values, and the holes before it."""
        own = np.isin(self._feature_of_input(schema), np.flatnonzero(self.group == place))
        return np.concatenate([~own, np.arange(self.group.max() + 1) < place])


def _groups(missing: Bool[np.ndarray, "N D"]) -> tuple[Int[np.ndarray, " D"], Float[np.ndarray, "G N"]]:
    """Columns with the same holes together, those with the fewest first; and the holes of every group."""
    holey = np.flatnonzero(missing.any(axis=0) & ~missing.all(axis=0))
    group = np.full(missing.shape[1], -1)
    if not len(holey):
        return group, np.zeros((0, len(missing)))
    masks, member = np.unique(missing[:, holey].T, axis=0, return_inverse=True)
    order = np.argsort(masks.sum(axis=1), kind="stable")
    group[holey] = np.argsort(order)[member.reshape(-1)]
    return group, masks[order].astype(float)


def _inputs(
    values: np.ndarray, observed: np.ndarray, tasks: np.ndarray | None, schema: Schema
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Place in a row, level and power of every input."""
    inputs = []
    for feature, (described, place) in enumerate(zip(schema.features, schema.first, strict=True)):
        if described.kind == "image":
            continue
        if described.nominal:
            codes = values[observed[:, feature], place]
            inputs += [(place, code, 1) for code in _frequent(codes)]
        else:
            inputs += [(place, np.nan, 1), (place, np.nan, 2)]
    for number, codes in enumerate(() if tasks is None else tasks.T):
        inputs += [(schema.elements + number, code, 1) for code in _frequent(codes[codes >= 0])]
    column, level, power = zip(*inputs, strict=True) if inputs else ((), (), ())
    return np.array(column, int), np.array(level, float), np.array(power, int)


def _frequent(codes: np.ndarray) -> np.ndarray:
    """The most frequent codes, without the last one where all are told: it is what the others are not."""
    found, counts = np.unique(codes, return_counts=True)
    order = found[np.argsort(-counts, kind="stable")]
    return order[: min(MOST_LEVELS, len(order) - 1)]
