"""What every likelihood offers: the protocol and the spaces it moves between."""

import dataclasses
import math
from typing import Any, ClassVar, NamedTuple

import numpy as np
from jaxtyping import Array, Float, Key, Shaped


class Scale(NamedTuple):
    """Constants of a column's way from raw values to model space; one number a column, stacked in a block.

    ``center`` and ``scale`` standardise (on the logarithm for positive columns and counts), ``offset`` aligns
    the support (section on support alignment of the theory page).
    """

    center: Shaped[np.ndarray, "..."] | Array | float
    scale: Shaped[np.ndarray, "..."] | Array | float
    offset: Shaped[np.ndarray, "..."] | Array | float


IDENTITY = Scale(0.0, 1.0, 0.0)


@dataclasses.dataclass(frozen=True)
class Likelihood:
    """One family p(x; eta), for a feature of any event shape.

    Three spaces are kept apart. *Raw* values are what the table holds. *Model space* is what `log_prob` sees.
    *Value space* is where predictions are averaged: an affine image of the raw scale, so that float32 on the
    device loses nothing that float64 on the host cannot put back.

    ``raw`` head outputs have shape ``(..., *event_shape, parameters)``, where ``parameters`` is the number a
    single element of the event needs; instances are hashable, and columns with equal instances share a block.
    """

    event_shape: tuple[int, ...] = ()

    name: ClassVar[str]
    nominal: ClassVar[bool] = False
    filler: ClassVar[float] = 0.0

    @property
    def parameters(self) -> int:
        """Head outputs per element of the event."""
        raise TypeError(f"{type(self).__name__} does not say how many parameters it has")

    @property
    def width(self) -> int:
        """Head outputs per column: parameters times the event's size."""
        return self.parameters * math.prod(self.event_shape)

    def sum_event(self, values: Float[Array, "..."]) -> Float[Array, "..."]:
        """Sum element-wise log-densities over the event's dimensions."""
        return values.sum(axis=tuple(range(-len(self.event_shape), 0))) if self.event_shape else values

    # Raw <-> model space, on the host in float64.

    def fit(self, values: Float[np.ndarray, " rows"]) -> Scale:
        """Constants from the observed raw values of one column."""
        del values
        return IDENTITY

    def to_model(self, values: Float[np.ndarray, " rows"], scale: Scale) -> np.ndarray:
        """Raw values to model space."""
        del scale
        return values

    def affine(self, scale: Scale) -> tuple[Any, Any]:
        """``(shift, unit)`` such that raw = shift + unit * value."""
        del scale
        return 0.0, 1.0

    def device_scale(self, scale: Scale) -> Scale:
        """The constants as compiled programs see them, where they differ."""
        return scale

    def snapped(self, values: Float[np.ndarray, "rows columns"], scale: Scale) -> Float[np.ndarray, "rows columns"]:
        """Raw values that came from the device, with the digits that float32 lost where the family knows them."""
        del scale
        return values

    # Everything below runs inside compiled programs.

    def log_prob(self, raw: Float[Array, "..."], x: Array) -> Float[Array, "..."]:
        """Log-density of model-space ``x``, summed over the event."""
        raise TypeError(f"{type(self).__name__} has no log_prob")

    def log_jacobian(self, x: Array, scale: Scale) -> Array | float:
        """What to add to `log_prob` for the log-density of the raw value."""
        del x, scale
        return 0.0

    def value(self, x: Array, scale: Scale) -> Array:
        """Model space to value space."""
        del scale
        return x

    def mode(self, raw: Float[Array, "..."], scale: Scale) -> Array:
        """Most probable value, in value space."""
        raise TypeError(f"{type(self).__name__} has no mode")

    def probabilities(self, raw: Float[Array, "..."]) -> Float[Array, "... levels"]:
        """Probability of every code; nominal families only."""
        raise TypeError(f"{type(self).__name__} has no probabilities")

    def mean(self, raw: Float[Array, "..."], scale: Scale) -> Array:
        """Expected value, in value space; nominal families have none."""
        raise TypeError(f"{type(self).__name__} has no mean")

    def median(self, raw: Float[Array, "..."], scale: Scale) -> Array:
        """Median, in value space."""
        return self.mean(raw, scale)

    def typical(self, raw: Float[Array, "..."], scale: Scale) -> Array:
        """What predictions give unless asked otherwise: the mean, or what is more robust for the family."""
        return self.mean(raw, scale)

    def sample(self, key: Key[Array, ""], raw: Float[Array, "..."], scale: Scale) -> Array:
        """One draw per event, in value space."""
        raise TypeError(f"{type(self).__name__} has no sampler")

    def marginal(self, x: np.ndarray) -> Float[np.ndarray, " width"]:
        """Raw head outputs that give the marginal distribution of the observed model-space values ``x``."""
        raise TypeError(f"{type(self).__name__} has no marginal")

    def least_nats(self, x: np.ndarray) -> Float[np.ndarray, " rows"]:
        """-log p of model-space values by the parameters that fit each best: 0 for levels, -inf for densities."""
        return np.full(len(x), 0.0 if self.nominal else -np.inf)

    def encoder_value(self, x: Array, scale: Scale) -> Array:
        """What the encoder sees of a numeric column: roughly zero mean and unit variance."""
        del scale
        return x
