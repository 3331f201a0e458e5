"""From a table's values to model space and back: the layout of its columns with their constants."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import jax
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from evenvae.likelihoods.base import Likelihood, Scale
from evenvae.models.batch import Batch, Cells, no_tasks
from evenvae.models.heads import marginal_bias
from evenvae.models.layout import Layout
from evenvae.models.repeated_values import RepeatedValues


@dataclasses.dataclass(frozen=True, eq=False)
class Space:
    """Layout, constants and reference values of a table's columns; all arrays are float64 on the host.

    A row holds E numbers: one for each column, or as many as the column's event shape has, such as an image's pixels.

    Attributes:
        layout: which columns share a likelihood.
        scales: constants of every block.
        low, high: bounds of the observed training values; 0 and 1 for pixels.
        baseline: the best constant prediction, which is the mean of numbers and the most frequent level.
        repeated: the values of columns of numbers whose cells repeat; None for a model of version 0.1.0.
    """

    layout: Layout
    scales: tuple[Scale, ...]
    low: Float[np.ndarray, " E"]
    high: Float[np.ndarray, " E"]
    baseline: Float[np.ndarray, " E"]
    repeated: RepeatedValues | None = None

    @classmethod
    def fit(
        cls,
        likelihoods: Sequence[Likelihood],
        values: Float[np.ndarray, "N E"],
        observed: Bool[np.ndarray, "N D"],
    ) -> "Space":
        """Constants from the observed cells alone.

        Args:
            likelihoods: one for each column, D of them.
            values: numbers and codes of levels; what stands in a missing cell does not matter.
            observed: which cells count.
        """
        layout = Layout.of(likelihoods)
        columns = []
        for d, likelihood in enumerate(layout.likelihoods):
            cells = values[observed[:, d], layout.first[d] : layout.first[d] + layout.sizes[d]]
            columns.append(cells.reshape(len(cells), *likelihood.event_shape))
        scales = []
        for block in layout.blocks:
            fitted = [block.likelihood.fit(columns[d]) for d in block.columns]
            scales.append(Scale(*(np.array(part, dtype=float) for part in zip(*fitted, strict=True))))
        references = [_references(c, discrete) for c, discrete in zip(columns, layout.discrete, strict=True)]
        low, high, baseline = (np.concatenate(part) for part in zip(*references, strict=True))
        return cls(layout, tuple(scales), low, high, baseline, RepeatedValues.fit(layout, columns))

    def cells(self, values: Float[np.ndarray, "N E"], observed: Bool[np.ndarray, "N D"]) -> Cells:
        """Model-space cells by block, ready for the device; missing ones hold a value inside the support.

        Values that are absurdly far from those of the training table are held at `Likelihood.farthest`, so that they
        get a very low and finite likelihood.
        """
        blocks = []
        layout = self.layout
        split = (layout.split_elements(values), layout.split_elements(self.baseline))
        for block, scale, given, constant in zip(layout.blocks, self.scales, *split, strict=True):
            likelihood = block.likelihood
            constants = Scale(*(np.asarray(part) for part in scale))
            seen = observed[:, np.array(block.columns)]
            seen = seen.reshape(*seen.shape, *([1] * len(likelihood.event_shape)))
            # the baseline is always inside the support, whatever the family
            inside = np.where(seen, given, constant.astype(given.dtype))
            model = likelihood.to_model(inside, constants)
            if not likelihood.discrete:
                model = np.clip(model, -likelihood.farthest, likelihood.farthest)
            model = np.where(seen, model, np.asarray(likelihood.filler, model.dtype))
            blocks.append(model.astype(likelihood.cell_dtype))
        return tuple(blocks)

    def batch(
        self,
        values: Float[np.ndarray, "N E"],
        observed: Bool[np.ndarray, "N D"],
        tasks: Int[np.ndarray, "N T"] | None = None,
    ) -> Batch:
        """Rows as the networks take them, with `cells`; None stands for rows of a table without tasks."""
        codes = no_tasks(len(values)) if tasks is None else np.asarray(tasks, np.int32)
        return Batch(self.cells(values, observed), observed, codes)

    @property
    def device_scales(self) -> tuple[Scale, ...]:
        """The constants of compiled programs, as float32 arrays."""
        return jax.tree.map(lambda part: jax.device_put(part.astype(np.float32)), self.precise_scales)

    @property
    def precise_scales(self) -> tuple[Scale, ...]:
        """The constants of compiled programs, as float64 arrays on the host."""
        return tuple(
            Scale(*(np.asarray(part, np.float64) for part in block.likelihood.device_scale(scale)))
            for block, scale in zip(self.layout.blocks, self.scales, strict=True)
        )

    @property
    def shift_unit(self) -> tuple[Float[np.ndarray, " E"], Float[np.ndarray, " E"]]:
        """Shift and unit of every number: raw = shift + unit * value."""
        shift, unit = np.zeros(self.layout.features), np.ones(self.layout.features)
        for block, scale in zip(self.layout.blocks, self.scales, strict=True):
            shift[list(block.columns)], unit[list(block.columns)] = block.likelihood.affine(scale)
        return self.layout.spread(shift), self.layout.spread(unit)

    def to_raw(self, value: Float[np.ndarray | Array, "... E"], clip: bool = True) -> Float[np.ndarray, "... E"]:
        """Value space to raw values in float64, held inside the observed bounds if ``clip``."""
        shift, unit = self.shift_unit
        raw = shift + unit * np.asarray(value, np.float64)
        for block, scale in zip(self.layout.blocks, self.scales, strict=True):
            if not block.likelihood.event_shape:
                columns = self.layout.first[np.array(block.columns)]
                raw[..., columns] = block.likelihood.snapped(raw[..., columns], scale)
        return np.clip(raw, self.low, self.high) if clip else raw

    def drawn(self, value: Float[np.ndarray | Array, "... E"]) -> Float[np.ndarray, "... E"]:
        """`to_raw` of draws, which are values of the training table in columns whose values repeat."""
        raw = self.to_raw(value)
        return raw if self.repeated is None else self.repeated.moved(raw)

    @property
    def value_bounds(self) -> Float[np.ndarray, "2 E"]:
        """Lowest and highest values in value space; a column with a single value gets a width of 1."""
        shift, unit = self.shift_unit
        high = np.where(self.high > self.low, self.high, self.low + unit)
        return (np.stack([self.low, high]) - shift) / unit

    def marginal_bias(
        self, values: Float[np.ndarray, "N E"], observed: Bool[np.ndarray, "N D"]
    ) -> Float[np.ndarray, " P"]:
        """Parameters of every column's marginal; a column without an observed cell gets those of its filler."""
        observed = observed.copy()
        observed[0, ~observed.any(axis=0)] = True
        return marginal_bias(
            self.layout, self.cells(values, observed & ~np.isnan(values[:, self.layout.first])), observed
        )


def _references(column: Float[np.ndarray, "rows *event"], discrete: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Lowest value, highest value and best constant of a column's observed values, for each number of its cells."""
    if column.ndim > 1:
        middle = column.mean(axis=0, dtype=np.float64).ravel() if len(column) else np.full(column[:1].size, 0.5)
        return np.zeros_like(middle), np.ones_like(middle), middle
    if not column.size:
        return np.zeros(1), np.ones(1), np.zeros(1)
    best = float(np.bincount(column.astype(int)).argmax()) if discrete else column.mean()
    return column.min(keepdims=True), column.max(keepdims=True), np.array([best])
