"""A table's values to model space and back: the layout of its columns with their constants."""

import dataclasses
from collections.abc import Sequence

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

    ``low`` and ``high`` (D,) bound the observed training values, ``baseline`` (D,) is the best constant for
    each column: the mean of numbers, the most frequent level.
    """

    layout: Layout
    scales: tuple[Scale, ...]
    low: Float[np.ndarray, " D"]
    high: Float[np.ndarray, " D"]
    baseline: Float[np.ndarray, " D"]

    @classmethod
    def fit(
        cls,
        likelihoods: Sequence[Likelihood],
        values: Float[np.ndarray, "N D"],
        observed: Bool[np.ndarray, "N D"],
    ) -> "Space":
        """Constants from the observed cells alone."""
        layout = Layout.of(likelihoods)
        columns = [values[observed[:, d], d] for d in range(layout.features)]
        scales = []
        for block in layout.blocks:
            fitted = [block.likelihood.fit(columns[d]) for d in block.columns]
            scales.append(Scale(*(np.array(part, dtype=float) for part in zip(*fitted, strict=True))))
        low = np.array([c.min() if c.size else 0.0 for c in columns])
        high = np.array([c.max() if c.size else 1.0 for c in columns])
        baseline = np.array(
            [
                0.0 if not c.size else float(np.bincount(c.astype(int)).argmax()) if nominal else c.mean()
                for c, nominal in zip(columns, layout.nominal, strict=True)
            ]
        )
        return cls(layout, tuple(scales), low, high, baseline)

    def cells(self, values: Float[np.ndarray, "N D"], observed: Bool[np.ndarray, "N D"]) -> tuple[np.ndarray, ...]:
        """Model-space blocks, ready for the device; missing cells hold a value inside the support."""
        blocks = []
        for block, scale in zip(self.layout.blocks, self.scales, strict=True):
            columns = np.array(block.columns)
            likelihood = block.likelihood
            constants = Scale(*(np.asarray(part) for part in scale))
            # the baseline is always inside the support, whatever the family
            inside = np.where(observed[:, columns], values[:, columns], self.baseline[columns])
            model = likelihood.to_model(inside, constants)
            model = np.where(observed[:, columns], model, likelihood.filler)
            integer = likelihood.name in ("categorical", "ordinal")
            blocks.append(model.astype(np.int32 if integer else np.float32))
        return tuple(blocks)

    @property
    def device_scales(self) -> tuple[Scale, ...]:
        """The constants as float32 arrays."""
        return tuple(Scale(*(jnp.asarray(p, jnp.float32) for p in scale)) for scale in self.scales)

    @property
    def shift_unit(self) -> tuple[np.ndarray, np.ndarray]:
        """(D,) each: raw = shift + unit * value."""
        shift, unit = np.zeros(self.layout.features), np.ones(self.layout.features)
        for block, scale in zip(self.layout.blocks, self.scales, strict=True):
            shift[list(block.columns)], unit[list(block.columns)] = block.likelihood.affine(scale)
        return shift, unit

    def to_raw(self, value: Float[np.ndarray, "N D"], clip: bool = True) -> Float[np.ndarray, "N D"]:
        """Value space to raw values in float64, held inside the observed bounds."""
        shift, unit = self.shift_unit
        raw = shift + unit * np.asarray(value, np.float64)
        return np.clip(raw, self.low, self.high) if clip else raw

    @property
    def value_bounds(self) -> Float[np.ndarray, "2 D"]:
        """Bounds in value space; a column with a single value gets a width of 1."""
        shift, unit = self.shift_unit
        high = np.where(self.high > self.low, self.high, self.low + unit)
        return (np.stack([self.low, high]) - shift) / unit

    def marginal_bias(
        self, values: Float[np.ndarray, "N D"], observed: Bool[np.ndarray, "N D"]
    ) -> Float[np.ndarray, " P"]:
        """Raw parameters of every column's marginal; a column with no cell gets those of its filler."""
        observed = observed.copy()
        observed[0, ~observed.any(axis=0)] = True
        return marginal_bias(self.layout, self.cells(values, observed & ~np.isnan(values)), observed)

    def statistic(self, raw: Float[np.ndarray, "N P"], name: str) -> Float[np.ndarray, "N D"]:
        """``typical``, ``mean``, ``median`` or ``mode`` of raw head outputs as raw values, computed in float64."""
        with jax.enable_x64(True):
            scales = tuple(Scale(*(jnp.asarray(p, jnp.float64) for p in scale)) for scale in self.scales)
            parts = statistic_parts(self.layout, jnp.asarray(raw, jnp.float64), scales, name)
            return self.to_raw(self.layout.join([np.asarray(part) for part in parts]))
