"""A small model of which cells are missing, so that sampled rows lack as many cells as real ones."""

import dataclasses
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped

from evenvae.tables.codec import Encoded
from evenvae.tables.schema.schema import Schema

MOST_ROWS = 5_000
"""More rows are not used for learning."""
MOST_LEVELS = 10
"""So many levels of a column are distinguished; the rarer ones count as one."""
FARTHEST = 4.0
"""Numbers that are farther from the mean, in standard deviations, are moved to this distance."""
PENALTY = 0.1
"""The weight of the L2 penalty of the logistic regressions."""


@dataclasses.dataclass(frozen=True)
class MissingnessModel:
    """p(mask | values) as a chain of logistic regressions, one for each group of columns that are missing together.

    p(m | x) = prod_g p(m_g | x, m_1 ... m_(g-1)), groups with fewer missing cells first (a classifier chain; Read et
    al., 2011). The inputs of a group are the values of the other columns (numbers and their squares, levels one by
    one) and the masks of the groups before it. Missing values count as average, and so do, in drawn rows, the values
    that an earlier group has made missing. The own value of a column is not an input, because its influence on
    whether it is missing cannot be learned from a table that lacks it.

    Attributes:
        group: the place in the chain of the group of each of D columns; -1 for a column without missing cells.
        column: which place of a row (values, then tasks) each of F inputs is made of.
        level: the code that the input indicates; NaN for numbers.
        power: 1 or 2.
        center, scale: constants that standardise each input.
        coefficients, intercepts: of the G regressions, in logits.
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
    def of(cls, encoded: Encoded, schema: Schema, weight: Float[np.ndarray, " N"] | None = None) -> "MissingnessModel":
        """Learn from a table; at most 5,000 of its rows are used.

        Args:
            encoded: the rows.
            schema: of the table.
            weight: of the rows; None for 1 each.
        """
        rows = len(encoded.values)
        group, masks = _groups(~encoded.observed)
        weight = np.ones(rows) if weight is None else weight
        shares = (masks * weight).sum(1) / weight.sum()
        if rows > MOST_ROWS:
            chosen = np.random.default_rng(0).permutation(rows)[:MOST_ROWS]
            encoded, weight, masks = encoded.take(chosen), weight[chosen], masks[:, chosen]
        column, level, power = _inputs(encoded, schema) if len(masks) else _no_inputs()
        model = cls(
            group=group,
            column=column,
            level=level,
            power=power,
            center=np.zeros(len(column)),
            scale=np.ones(len(column)),
            coefficients=np.zeros((0, len(column))),
            intercepts=np.zeros(0),
        )
        if not len(masks):
            return model
        model = model._standardised(encoded, weight)
        return model._fitted(encoded, masks, shares, weight, schema)

    def draw(
        self, values: Float[np.ndarray, "n E"], tasks: Int[np.ndarray, "n T"], schema: Schema, seed: Any
    ) -> Bool[np.ndarray, "n D"]:
        """Draw which cells of new rows are missing.

        Args:
            values: complete rows.
            tasks: their tasks.
            schema: of the training table.
            seed: anything that `numpy.random.default_rng` takes.
        """
        generator = np.random.default_rng(seed)
        missing = np.zeros((len(values), len(self.group)), bool)
        inputs = self._standard(values, tasks)
        masks = np.zeros((len(values), len(self.intercepts)))
        of_input = self._feature_of_input(schema)
        for place, (coefficients, intercept) in enumerate(zip(self.coefficients, self.intercepts, strict=True)):
            logits = np.concatenate([inputs, masks], axis=1) @ coefficients + intercept
            masks[:, place] = generator.random(len(values)) < 1 / (1 + np.exp(-logits))
            missing[:, self.group == place] = masks[:, place : place + 1] > 0
            lost = np.isin(of_input, np.flatnonzero(self.group == place))
            inputs = np.where(lost & (masks[:, place : place + 1] > 0), 0, inputs)
        return missing

    def _standardised(self, encoded: Encoded, weight: Float[np.ndarray, " N"]) -> "MissingnessModel":
        """This model with the mean and standard deviation of every input over the rows where it is known."""
        made = self._made(encoded.values, encoded.tasks)
        seen = ~np.isnan(made)
        count = np.maximum((seen * weight[:, None]).sum(0), 1e-12)
        center = (np.where(seen, made, 0) * weight[:, None]).sum(0) / count
        spread = np.sqrt((np.where(seen, made - center, 0) ** 2 * weight[:, None]).sum(0) / count)
        return dataclasses.replace(self, center=center, scale=np.where(spread > 1e-9, spread, 1.0))

    def _fitted(
        self,
        encoded: Encoded,
        masks: Float[np.ndarray, "G N"],
        shares: Float[np.ndarray, " G"],
        weight: Float[np.ndarray, " N"],
        schema: Schema,
    ) -> "MissingnessModel":
        """This model with the regression of every group; ``shares`` are those of the missing cells in all rows."""
        # scikit-learn takes long to import, and most uses of this module do not need it
        from sklearn.linear_model import LogisticRegression
        from threadpoolctl import threadpool_limits

        inputs = np.concatenate([self._standard(encoded.values, encoded.tasks), masks.T], axis=1)
        coefficients, intercepts = np.zeros((len(masks), inputs.shape[1])), np.zeros(len(masks))
        for place, (mask, share) in enumerate(zip(masks, shares, strict=True)):
            intercepts[place] = np.log(share / (1 - share))
            if mask.min() == mask.max():
                # missing in none of these rows, or in all of them
                continue
            useful = self._useful(place, schema)
            regression = LogisticRegression(C=1 / PENALTY, solver="newton-cholesky", tol=1e-3)
            # threads make so small a problem slower, and much slower where the cores are busy
            with threadpool_limits(1):
                regression.fit(inputs[:, useful], mask, sample_weight=weight)
            coefficients[place, useful], intercepts[place] = regression.coef_[0], np.ravel(regression.intercept_)[0]
        return dataclasses.replace(self, coefficients=coefficients, intercepts=intercepts)

    def _made(self, values: Float[np.ndarray, "n E"], tasks: Int[np.ndarray, "n T"]) -> Float[np.ndarray, "n F"]:
        """The inputs before they are standardised; NaN where missing."""
        cells = np.empty((len(values), len(self.column)))
        of_task = self.column >= values.shape[1]
        cells[:, ~of_task] = values[:, self.column[~of_task]]
        codes = tasks[:, self.column[of_task] - values.shape[1]]
        cells[:, of_task] = np.where(codes < 0, np.nan, codes)
        indicators = np.where(np.isnan(cells), np.nan, (cells == self.level).astype(float))
        return np.where(np.isnan(self.level), cells, indicators)

    def _standard(self, values: Float[np.ndarray, "n E"], tasks: Int[np.ndarray, "n T"]) -> Float[np.ndarray, "n F"]:
        made = np.clip((self._made(values, tasks) - self.center) / self.scale, -FARTHEST, FARTHEST)
        made = np.where(self.power == 2, (made**2 - 1) / 2, made)
        return np.nan_to_num(made, nan=0.0)

    def _feature_of_input(self, schema: Schema) -> Int[np.ndarray, " F"]:
        """The feature that each input is made of; -1 for tasks."""
        feature = np.searchsorted(np.asarray(schema.first), self.column, side="right") - 1
        return np.where(self.column >= schema.elements, -1, feature)

    def _useful(self, place: int, schema: Schema) -> Bool[np.ndarray, " inputs"]:
        """The inputs of one group: the values of all other columns, and the masks of the groups before it."""
        own = np.isin(self._feature_of_input(schema), np.flatnonzero(self.group == place))
        return np.concatenate([~own, np.arange(self.group.max() + 1) < place])


def _groups(missing: Bool[np.ndarray, "N D"]) -> tuple[Int[np.ndarray, " D"], Float[np.ndarray, "G N"]]:
    """The group of each column, and the mask of each group; columns that are missing in the same rows are a group."""
    incomplete = np.flatnonzero(missing.any(axis=0) & ~missing.all(axis=0))
    group = np.full(missing.shape[1], -1)
    if not len(incomplete):
        return group, np.zeros((0, len(missing)))
    masks, member = np.unique(missing[:, incomplete].T, axis=0, return_inverse=True)
    order = np.argsort(masks.sum(axis=1), kind="stable")
    group[incomplete] = np.argsort(order)[member.reshape(-1)]
    return group, masks[order].astype(float)


Inputs = tuple[Int[np.ndarray, " F"], Float[np.ndarray, " F"], Int[np.ndarray, " F"]]


def _inputs(encoded: Encoded, schema: Schema) -> Inputs:
    """Place in a row, level and power of every input."""
    inputs = []
    for feature, (column, place) in enumerate(zip(schema.features, schema.first, strict=True)):
        if column.is_image:
            continue
        if column.discrete:
            codes = encoded.values[encoded.observed[:, feature], place]
            inputs += [(place, code, 1) for code in _frequent(codes)]
        else:
            inputs += [(place, np.nan, 1), (place, np.nan, 2)]
    for number, codes in enumerate(encoded.tasks.T):
        inputs += [(schema.elements + number, code, 1) for code in _frequent(codes[codes >= 0])]
    if not inputs:
        return _no_inputs()
    column, level, power = zip(*inputs, strict=True)
    return np.array(column, int), np.array(level, float), np.array(power, int)


def _no_inputs() -> Inputs:
    return np.zeros(0, int), np.zeros(0), np.zeros(0, int)


def _frequent(codes: Shaped[np.ndarray, " n"]) -> Shaped[np.ndarray, " L"]:
    """The most frequent codes. If that is all of them, the last is left out: it is the absence of the others."""
    found, counts = np.unique(codes, return_counts=True)
    order = found[np.argsort(-counts, kind="stable")]
    return order[: min(MOST_LEVELS, len(order) - 1)]
