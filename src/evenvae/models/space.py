"""A table's values to model space and back: the layout of its columns with their constants."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float

from evenvae.likelihoods import Likelihood, Scale
from evenvae.models.heads import marginal_bias, statistic_parts
from evenvae.models.layout import Layout


@dataclasses.dataclass(frozen=True, eq=False)
class Space:
    """Layout, constants and reference figures of a table's columns; all arrays are float64 on the host.

    Rows hold E numbers: one for every column, or as many as a column's event shape has (an image's pixels).
    ``low`` and ``high`` (E,) bound the observed training values (0 and 1 for pixels), ``baseline`` (E,) is the
    best constant: the mean of numbers, the most frequent level.
    """

    layout: Layout
    scales: tuple[Scale, ...]
    low: Float[np.ndarray, " E"]
    high: Float[np.ndarray, " E"]
    baseline: Float[np.ndarray, " E"]

    @classmethod
    def fit(
        cls,
        likelihoods: Sequence[Likelihood],
        values: Float[np.ndarray, "N E"],
        observed: Bool[np.ndarray, "N D"],
    ) -> "Space":
        """Constants from the observed cells alone."""
        layout = Layout.of(likelihoods)
        columns = []
        for d, likelihood in enumerate(layout.likelihoods):
            cells = values[observed[:, d], layout.first[d] : layout.first[d] + layout.sizes[d]]
            columns.append(cells.reshape(len(cells), *likelihood.event_shape))
        scales = []
        for block in layout.blocks:
            fitted = [block.likelihood.fit(columns[d]) for d in block.columns]
            scales.append(Scale(*(np.array(part, dtype=float) for part in zip(*fitted, strict=True))))
        figures = [_figures(c, nominal) for c, nominal in zip(columns, layout.nominal, strict=True)]
        low, high, baseline = (np.concatenate(part) for part in zip(*figures, strict=True))
        return cls(layout, tuple(scales), low, high, baseline)

    def cells(self, values: Float[np.ndarray, "N E"], observed: Bool[np.ndarray, "N D"]) -> tuple[np.ndarray, ...]:
        """Model-space blocks, ready for the device; missing cells hold a value inside the support."""
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
            model = np.where(seen, model, np.asarray(likelihood.filler, model.dtype))
            integer = likelihood.name in ("categorical", "ordinal")
            blocks.append(model.astype(np.int32 if integer else np.float32))
        return tuple(blocks)

    @property
    def device_scales(self) -> tuple[Scale, ...]:
        """The constants as float32 arrays."""
        return self._on_device(jnp.float32)

    def _on_device(self, dtype: Any) -> tuple[Scale, ...]:
        return tuple(
            Scale(*(jnp.asarray(p, dtype) for p in block.likelihood.device_scale(scale)))
            for block, scale in zip(self.layout.blocks, self.scales, strict=True)
        )

    @property
    def shift_unit(self) -> tuple[np.ndarray, np.ndarray]:
        """(E,) each: raw = shift + unit * value."""
        shift, unit = np.zeros(self.layout.features), np.ones(self.layout.features)
        for block, scale in zip(self.layout.blocks, self.scales, strict=True):
            shift[list(block.columns)], unit[list(block.columns)] = block.likelihood.affine(scale)
        return self.layout.spread(shift), self.layout.spread(unit)

    def to_raw(self, value: Float[np.ndarray, "N E"], clip: bool = True) -> Float[np.ndarray, "N E"]:
        """Value space to raw values in float64, held inside the observed bounds."""
        shift, unit = self.shift_unit
        raw = shift + unit * np.asarray(value, np.float64)
        for block, scale in zip(self.layout.blocks, self.scales, strict=True):
            if not block.likelihood.event_shape:
                columns = self.layout.first[np.array(block.columns)]
                raw[..., columns] = block.likelihood.snapped(raw[..., columns], scale)
        return np.clip(raw, self.low, self.high) if clip else raw

    @property
    def value_bounds(self) -> Float[np.ndarray, "2 E"]:
        """Bounds in value space; a column with a single value gets a width of 1."""
        shift, unit = self.shift_unit
        high = np.where(self.high > self.low, self.high, self.low + unit)
        return (np.stack([self.low, high]) - shift) / unit

    def marginal_bias(
        self, values: Float[np.ndarray, "N E"], observed: Bool[np.ndarray, "N D"]
    ) -> Float[np.ndarray, " P"]:
        """Raw parameters of every column's marginal; a column with no cell gets those of its filler."""
        observed = observed.copy()
        observed[0, ~observed.any(axis=0)] = True
        return marginal_bias(
            self.layout, self.cells(values, observed & ~np.isnan(values[:, self.layout.first])), observed
        )

    def statistic(self, raw: Float[np.ndarray, "N P"], name: str) -> Float[np.ndarray, "N E"]:
        """``typical``, ``mean``, ``median`` or ``mode`` of raw head outputs as raw values, computed in float64."""
        with jax.enable_x64(True):
            parts = statistic_parts(self.layout, jnp.asarray(raw, jnp.float64), self._on_device(jnp.float64), name)
            return self.to_raw(self.layout.join_elements([np.asarray(part) for part in parts]))


def _figures(column: np.ndarray, nominal: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Lowest, highest and best constant of a column's observed values, for each number that its cells hold."""
    if column.ndim > 1:
        middle = column.mean(axis=0, dtype=np.float64).ravel() if len(column) else np.full(column[:1].size, 0.5)
        return np.zeros_like(middle), np.ones_like(middle), middle
    if not column.size:
        return np.zeros(1), np.ones(1), np.zeros(1)
    best = float(np.bincount(column.astype(int)).argmax()) if nominal else column.mean()
    return column.min(keepdims=True), column.max(keepdims=True), np.array([best])
