"""A small model of which cells are missing, so that sampled rows lack as many cells as real ones."""

import dataclasses
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped
from scipy.special import expit, logit

from evenvae.tables.codec import Encoded
from evenvae.tables.evident_logistic import fit_logistic
from evenvae.tables.missing_patterns import MissingPatterns
from evenvae.tables.schema.schema import Schema

MOST_ROWS = 5_000
"""More rows are not used for learning."""
MOST_LEVELS = 10
"""So many levels of a column are distinguished; the rarer ones count as one."""
FARTHEST = 4.0
"""Numbers that are farther from the mean, in standard deviations, are moved to this distance."""


class DrawnPart(NamedTuple):
    """Some of many rows that are drawn.

    Attributes:
        before: rows that come before these.
        rows: how many there are altogether.
    """

    before: int
    rows: int

    def uniform(self, seed: Any, place: int, count: int) -> Float[np.ndarray, "{count}"]:
        """The numbers that ``count`` of the rows get where all of them draw one, ``place`` times before this time."""
        bits = np.random.PCG64(seed)
        # every number takes one step of the generator
        bits.advance(place * self.rows + self.before)
        return np.random.Generator(bits).random(count)


@dataclasses.dataclass(frozen=True)
class MissingnessModel:
    """p(mask | values) as a chain of logistic regressions, one for each group of columns that are missing together.

    p(m | x) = prod_g p(m_g | x, m_1 ... m_(g-1)), groups with fewer missing cells first (a classifier chain; Read et
    al., 2011). The inputs of a group are the values of the other columns (numbers and their squares, levels one by
    one) and the masks of the groups before it, as far as held-out rows confirm that they matter (`fit_logistic`).
    Missing values count as average, and so do, in drawn rows, the values that an earlier group has made missing. The
    own value of a column is not an input, because its influence on whether it is missing cannot be learned from a
    table that lacks it.

    The rows of a generative model are not quite those of the table, and what follows from them alone would be missing
    more or less often; `calibrated` corrects this.

    Attributes:
        group: the place in the chain of the group of each of D columns; -1 for a column without missing cells.
        column: which place of a row (values, then tasks) each of F inputs is made of.
        level: the code that the input indicates; NaN for numbers.
        power: 1 or 2.
        center, scale: constants that standardise each input.
        coefficients, intercepts: of the G regressions, in logits; an intercept is infinite for columns that are always
            missing.
        shares: how often each group is missing in the table; None in models that were saved without it.
    """

    group: Int[np.ndarray, " D"]
    column: Int[np.ndarray, " F"]
    level: Float[np.ndarray, " F"]
    power: Int[np.ndarray, " F"]
    center: Float[np.ndarray, " F"]
    scale: Float[np.ndarray, " F"]
    coefficients: Float[np.ndarray, "G F+G"]
    intercepts: Float[np.ndarray, " G"]
    shares: Float[np.ndarray, " G"] | None = None

    @classmethod
    def of(cls, encoded: Encoded, schema: Schema, weight: Float[np.ndarray, " N"] | None = None) -> "MissingnessModel":
        """Learn from a table; at most 5,000 of its rows are used for what missing cells depend on.

        Args:
            encoded: the rows.
            schema: of the table.
            weight: of the rows; None for 1 each. Rows of weight 0 do not count.
        """
        weight = np.ones(len(encoded.values)) if weight is None else weight
        if not (weight > 0).all():
            encoded, weight = encoded.take(weight > 0), weight[weight > 0]
        group, masks = _groups(~encoded.observed)
        shares = (masks * weight).sum(1) / weight.sum()
        if len(weight) > MOST_ROWS:
            chosen = np.random.default_rng(0).permutation(len(weight))[:MOST_ROWS]
            encoded, weight, masks = encoded.take(chosen), weight[chosen], masks[:, chosen]
        return cls._learned(encoded, schema, weight, group, masks, shares)

    @classmethod
    def of_patterns(cls, patterns: MissingPatterns, some: Encoded, schema: Schema) -> "MissingnessModel":
        """Learn from what was counted over all rows of a table, and from some of them.

        Args:
            patterns: of all rows.
            some: at most `MOST_ROWS` of them, by which is learned what missing cells depend on.
            schema: of the table.
        """
        group, first = patterns.groups()
        masks = ~some.observed[:, first].T
        return cls._learned(
            some, schema, np.ones(some.count), group, masks.astype(float), patterns.counts[first] / patterns.rows
        )

    @classmethod
    def _learned(
        cls,
        encoded: Encoded,
        schema: Schema,
        weight: Float[np.ndarray, " n"],
        group: Int[np.ndarray, " D"],
        masks: Float[np.ndarray, "G n"],
        shares: Float[np.ndarray, " G"],
    ) -> "MissingnessModel":
        """From some rows, and the groups of columns and their shares of all rows."""
        column, level, power = _inputs(encoded, schema) if len(masks) else _no_inputs()
        model = cls(
            group=group,
            column=column,
            level=level,
            power=power,
            center=np.zeros(len(column)),
            scale=np.ones(len(column)),
            coefficients=np.zeros((len(masks), len(column) + len(masks))),
            intercepts=_logit(shares),
            shares=shares,
        )
        if not len(masks):
            return model
        return model._standardised(encoded, weight)._fitted(encoded, masks, weight, schema)

    def draw(
        self,
        values: Float[np.ndarray, "n E"],
        tasks: Int[np.ndarray, "n T"],
        schema: Schema,
        seed: Any,
        part: DrawnPart | None = None,
    ) -> Bool[np.ndarray, "n D"]:
        """Draw which cells of new rows are missing.

        Args:
            values: complete rows.
            tasks: their tasks.
            schema: of the training table.
            seed: anything that `numpy.random.default_rng` takes.
            part: of which rows these are a part, where they are; the same cells are then missing as among all of them.
        """
        return self._chain(values, tasks, schema, seed, None, part)[0]

    def calibrated(
        self, values: Float[np.ndarray, "n E"], tasks: Int[np.ndarray, "n T"], schema: Schema, seed: Any
    ) -> "MissingnessModel":
        """This model with intercepts for rows that a generative model draws.

        They are shifted until every column is missing in as many of these rows, on average, as in the table. What
        missing cells depend on stays: the coefficients do not change.

        Args:
            values: complete rows of the generative model, drawn without conditions.
            tasks: their tasks.
            schema: of the training table.
            seed: anything that `numpy.random.default_rng` takes.
        """
        return dataclasses.replace(self, intercepts=self._chain(values, tasks, schema, seed, self.shares, None)[1])

    @property
    def needs_calibration(self) -> bool:
        """Whether `calibrated` would change anything: missing cells depend on something, and their shares are known."""
        return self.shares is not None and bool(self.coefficients.any())

    def _chain(
        self,
        values: Float[np.ndarray, "n E"],
        tasks: Int[np.ndarray, "n T"],
        schema: Schema,
        seed: Any,
        shares: Float[np.ndarray, " G"] | None,
        part: DrawnPart | None,
    ) -> tuple[Bool[np.ndarray, "n D"], Float[np.ndarray, " G"]]:
        """Which cells are missing, and the intercepts behind it: those that give these ``shares``, or the model's."""
        generator = np.random.default_rng(seed)
        uniform = lambda place: (
            generator.random(len(values)) if part is None else part.uniform(seed, place, len(values))
        )
        missing = np.zeros((len(values), len(self.group)), bool)
        inputs = self._standard(values, tasks)
        masks = np.zeros((len(values), len(self.intercepts)))
        intercepts = self.intercepts.copy()
        of_input = self._feature_of_input(schema)
        for place, coefficients in enumerate(self.coefficients):
            logits = np.concatenate([inputs, masks], axis=1) @ coefficients
            if shares is None:
                masks[:, place] = uniform(place) < expit(logits + intercepts[place])
            else:
                intercepts[place] = _intercept(logits, shares[place])
                masks[:, place] = _as_expected(expit(logits + intercepts[place]), generator)
            missing[:, self.group == place] = masks[:, place : place + 1] > 0
            lost = np.isin(of_input, np.flatnonzero(self.group == place))
            inputs = np.where(lost & (masks[:, place : place + 1] > 0), 0, inputs)
        return missing, intercepts

    def _standardised(self, encoded: Encoded, weight: Float[np.ndarray, " N"]) -> "MissingnessModel":
        """This model with the mean and standard deviation of every input over the rows where it is known."""
        made = self._made(encoded.values, encoded.tasks)
        seen = ~np.isnan(made)
        count = np.maximum((seen * weight[:, None]).sum(0), 1e-12)
        center = (np.where(seen, made, 0) * weight[:, None]).sum(0) / count
        spread = np.sqrt((np.where(seen, made - center, 0) ** 2 * weight[:, None]).sum(0) / count)
        return dataclasses.replace(self, center=center, scale=np.where(spread > 1e-9, spread, 1.0))

    def _fitted(
        self, encoded: Encoded, masks: Float[np.ndarray, "G N"], weight: Float[np.ndarray, " N"], schema: Schema
    ) -> "MissingnessModel":
        """This model with the regression of every group."""
        inputs = np.concatenate([self._standard(encoded.values, encoded.tasks), masks.T], axis=1)
        coefficients, intercepts = self.coefficients.copy(), self.intercepts.copy()
        for place, mask in enumerate(masks):
            useful = np.flatnonzero(self._useful(place, schema))
            found = fit_logistic(inputs[:, useful], mask, weight)
            if found.coefficients.any():
                # where nothing explains the missing cells, the intercept stays that of all rows
                coefficients[place, useful], intercepts[place] = found
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
    incomplete = np.flatnonzero(missing.any(axis=0))
    group = np.full(missing.shape[1], -1)
    if not len(incomplete):
        return group, np.zeros((0, len(missing)))
    columns = missing[:, incomplete].T
    # eight rows in a byte are compared at once
    packed = np.packbits(columns, axis=1)
    _, first, member = np.unique(packed, axis=0, return_index=True, return_inverse=True)
    masks = columns[first]
    order = np.argsort(masks.sum(axis=1), kind="stable")
    group[incomplete] = np.argsort(order)[member.reshape(-1)]
    return group, masks[order].astype(float)


def _logit(shares: Float[np.ndarray, " G"]) -> Float[np.ndarray, " G"]:
    """log p / (1 - p); infinite for 1."""
    with np.errstate(divide="ignore"):
        return logit(shares)


def _intercept(logits: Float[np.ndarray, " n"], share: float) -> float:
    """What must be added to logits for their mean probability to be ``share``, which grows with it."""
    aim = float(_logit(np.array([share]))[0])
    low, high = aim - float(logits.max()), aim - float(logits.min())
    excess = lambda shift: float(expit(logits + shift).mean()) - share
    # rows that are all alike leave nothing to search for, up to rounding
    if not np.isfinite(aim) or excess(low) >= 0 or excess(high) <= 0:
        return low
    # imported here, because few processes ask this and all would wait for it
    from scipy.optimize import brentq

    return float(brentq(excess, low, high))


def _as_expected(probability: Float[np.ndarray, " n"], generator: np.random.Generator) -> Bool[np.ndarray, " n"]:
    """Draws with these probabilities, of which as many are True as expected, to one (systematic sampling)."""
    order = generator.permutation(len(probability))
    reached = np.floor(np.cumsum(probability[order]) + generator.random())
    drawn = np.empty(len(probability), bool)
    drawn[order] = np.diff(reached, prepend=0) > 0
    return drawn


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
