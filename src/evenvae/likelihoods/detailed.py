"""A family of numbers with details of its column: what the encoder sees of a number, and a prediction of its own.

Both serve the filling of missing cells. A small network does not see by itself that a number is 0, or beyond a
threshold, which trees are good at; and it is judged by squared error, while a family that does not fit learns something
else.
"""

import dataclasses
import math
from typing import Any, ClassVar, NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Shaped

from evenvae.likelihoods.base import Likelihood, Scale
from evenvae.likelihoods.grids import width_of

BINS = 24
"""Bins with equally many training rows, between whose edges a number is encoded piecewise linearly."""
COMMON, LEAST_SHARE = 40, 0.01
"""How many values that at least this share of the rows has are told to the encoder by themselves."""
FARTHEST_TRUTH = 12.0
"""Standard deviations from the mean at which a truth is held, so that one absurd cell cannot own the training."""
FAR = 3.0
"""Standard deviations from the mean at which the standardised input is held."""
FAMILY_REACH = 0.1
"""Share of the family's gradient that reaches the shared layers beside a prediction: the precision of a column that is
predicted well would drown the predictions of all others there.
"""
SAME = 1e-5
"""Share of the standard deviation within which float32 cannot tell two values apart."""
_MEAN, _SPREAD, _WIDTH = 0, 1, 2
_EDGES = slice(3, 4 + BINS)
_COMMON = slice(4 + BINS, 4 + BINS + COMMON)
_REST = 4 + BINS + COMMON
"""The offset holds mean, standard deviation and width of a value, edges, common values, then the family's own."""


@dataclasses.dataclass(frozen=True)
class Detailed(Likelihood):
    """A family, whose likelihood stays what it is.

    Attributes:
        base: the family.
        rich: whether the encoder sees a number by `encoder_features` of several entries: standardised and held within
            three standard deviations, piecewise linear between quantiles (Gorishniy, Rubachev and Babenko, 2022), and
            one entry for each value that at least 1 % of the rows have.
        point: whether there is one more head output: a prediction that is trained by squared error, standardised by
            the column's own mean and spread, and that is the `point_estimate`.
    """

    base: Likelihood = dataclasses.field(kw_only=True)
    rich: bool = False
    point: bool = False

    name: ClassVar[Any] = property(lambda self: self.base.name)
    values: ClassVar[Any] = property(lambda self: self.base.values)
    support_words: ClassVar[Any] = property(lambda self: self.base.support_words)
    encoder_input: ClassVar[Any] = property(lambda self: "value" if self.rich else self.base.encoder_input)
    farthest: ClassVar[Any] = property(lambda self: self.base.farthest)
    cell_dtype: ClassVar[Any] = property(lambda self: self.base.cell_dtype)
    filler: ClassVar[Any] = property(lambda self: self.base.filler)
    uniforms: ClassVar[Any] = property(lambda self: self.base.uniforms)
    draws_repeat: ClassVar[Any] = property(lambda self: self.base.draws_repeat)
    offset_shape: ClassVar[Any] = property(lambda self: (_REST + math.prod(self.base.offset_shape),))
    vague: ClassVar[Any] = property(lambda self: self.base.vague)
    has_auxiliary: ClassVar[Any] = property(lambda self: self.point)

    @property
    def parameter_count(self) -> int:
        """Those of the family, and the prediction."""
        return self.base.parameter_count + self.point

    @property
    def level_count(self) -> int:
        """That of the family."""
        return self.base.level_count

    @property
    def encoder_width(self) -> int:
        """Entries of `encoder_features`."""
        return 1 + BINS + COMMON if self.rich else 1

    @property
    def reach(self) -> Float[np.ndarray, " width"]:
        """All of the prediction, and of the family's `FAMILY_REACH` where there is one."""
        return np.append(np.full(self.base.width, FAMILY_REACH), 1.0) if self.point else np.ones(self.width)

    def _own(self, scale: Scale) -> Scale:
        """The constants of the family."""
        offset: Any = scale.offset
        rest = offset[..., _REST:]
        return scale._replace(offset=rest.reshape(*rest.shape[:-1], *self.base.offset_shape))

    def _family(self, parameters: Float[Array, "... count"]) -> Float[Array, "... own"]:
        return parameters[..., : self.base.parameter_count]

    def fit(self, values: Float[np.ndarray, "rows *event"]) -> Scale:
        """The family's constants, and the details on the raw scale."""
        own = self.base.fit(values)
        return own._replace(offset=np.concatenate([details(values), np.ravel(own.offset)]))

    def to_model(self, values: Float[np.ndarray, "... columns"], scale: Scale) -> Float[np.ndarray, "... columns"]:
        """As the family."""
        return self.base.to_model(values, self._own(scale))

    def standardised(
        self, values: Float[np.ndarray, "rows columns"], scale: Scale
    ) -> Float[np.ndarray, "rows columns"] | None:
        """As the family."""
        return self.base.standardised(values, self._own(scale))

    def affine(self, scale: Scale) -> tuple[Any, Any]:
        """That of the family."""
        return self.base.affine(self._own(scale))

    def device_scale(self, scale: Scale) -> Scale:
        """The family's, and the details in value space."""
        scale = Scale(*(np.asarray(part, np.float64) for part in scale))
        own = Scale(*(np.asarray(part, np.float64) for part in self.base.device_scale(self._own(scale))))
        shift, unit = (
            np.broadcast_to(np.asarray(part), np.shape(scale.center))[..., None] for part in self.affine(scale)
        )
        offset = np.array(scale.offset)
        for place in (slice(_MEAN, _MEAN + 1), _EDGES, _COMMON):
            offset[..., place] = (offset[..., place] - shift) / unit
        offset[..., _SPREAD:3] /= unit
        offset[..., _REST:] = np.reshape(own.offset, offset[..., _REST:].shape)
        return own._replace(offset=offset)

    def snapped(self, values: Float[np.ndarray, "... columns"], scale: Scale) -> Float[np.ndarray, "... columns"]:
        """As the family."""
        return self.base.snapped(values, self._own(scale))

    def log_prob(
        self, parameters: Float[Array, "... count"], x: Shaped[Array | np.ndarray, "..."]
    ) -> Float[Array, "..."]:
        """That of the family: the prediction is no part of the likelihood."""
        return self.base.log_prob(self._family(parameters), x)

    def auxiliary(
        self, parameters: Float[Array, "... count"], x: Shaped[Array | np.ndarray, "..."], scale: Scale
    ) -> Float[Array, "..."]:
        """Minus half of the squared error of the prediction, in squared standard deviations of the column."""
        if not self.point:
            return super().auxiliary(parameters, x, scale)
        details = jnp.asarray(scale.offset)
        truth = (self.base.value(x, self._own(scale)) - details[..., _MEAN]) / details[..., _SPREAD]
        return -0.5 * (parameters[..., -1] - jnp.clip(truth, -FARTHEST_TRUTH, FARTHEST_TRUTH)) ** 2

    def log_jacobian(self, x: Shaped[Array, "..."], scale: Scale) -> Float[Array, "..."] | float:
        """That of the family."""
        return self.base.log_jacobian(x, self._own(scale))

    def value(self, x: Shaped[Array | np.ndarray, "..."], scale: Scale) -> Shaped[Array | np.ndarray, "..."]:
        """As the family."""
        return self.base.value(x, self._own(scale))

    def mode(self, parameters: Float[Array, "... count"], scale: Scale) -> Float[Array, "..."]:
        """That of the family."""
        return self.base.mode(self._family(parameters), self._own(scale))

    def mean(self, parameters: Float[Array, "... count"], scale: Scale) -> Float[Array, "..."]:
        """That of the family."""
        return self.base.mean(self._family(parameters), self._own(scale))

    def median(self, parameters: Float[Array, "... count"], scale: Scale) -> Float[Array, "..."]:
        """That of the family."""
        return self.base.median(self._family(parameters), self._own(scale))

    def point_estimate(self, parameters: Float[Array, "... count"], scale: Scale) -> Float[Array, "..."]:
        """The prediction, or the family's own where there is none."""
        if not self.point:
            return self.base.point_estimate(parameters, self._own(scale))
        details = jnp.asarray(scale.offset)
        return details[..., _MEAN] + details[..., _SPREAD] * parameters[..., -1]

    def from_uniform(
        self, uniform: Float[Array, "uniforms ..."], parameters: Float[Array, "... count"], scale: Scale
    ) -> Float[Array, "..."]:
        """A draw of the family."""
        return self.base.from_uniform(uniform, self._family(parameters), self._own(scale))

    def marginal(self, x: Shaped[np.ndarray, "rows *event"]) -> Float[np.ndarray, " width"]:
        """The family's, and the column's mean as the prediction."""
        return np.append(self.base.marginal(x), np.zeros(int(self.point)))

    def marginal_shift(
        self, wanted: Shaped[np.ndarray, "rows columns"], drawn: Shaped[np.ndarray, "draws columns"]
    ) -> Float[np.ndarray, "columns width"]:
        """The family's; the prediction stays."""
        return np.pad(self.base.marginal_shift(wanted, drawn), ((0, 0), (0, int(self.point))))

    def least_nats(self, x: Shaped[np.ndarray, "rows *event"]) -> Float[np.ndarray, " rows"]:
        """That of the family."""
        return self.base.least_nats(x)

    def encoder_value(self, x: Float[Array | np.ndarray, "..."], scale: Scale) -> Float[Array | np.ndarray, "..."]:
        """That of the family."""
        return self.base.encoder_value(x, self._own(scale))

    def encoder_features(self, x: Float[Array | np.ndarray, "..."], scale: Scale) -> Float[Array, "... width"]:
        """Standardised, between the edges, and equal to each of the common values."""
        if not self.rich:
            return super().encoder_features(x, scale)
        return self._rich_features(jnp.asarray(self.base.value(x, self._own(scale))), scale)

    def expected_input(self, parameters: Float[Array, "... count"], scale: Scale) -> Float[Array, "... width"]:
        """The rich inputs of the expected value, or what the family says."""
        own, family = self._own(scale), self._family(parameters)
        return (
            self._rich_features(self.base.mean(family, own), scale)
            if self.rich
            else self.base.expected_input(family, own)
        )

    def _rich_features(self, value: Float[Array, "..."], scale: Scale) -> Float[Array, "... width"]:
        details = jnp.asarray(scale.offset)
        spread, width = details[..., _SPREAD], details[..., _WIDTH]
        standardised = jnp.clip((value - details[..., _MEAN]) / spread, -FAR, FAR)
        edges, common = details[..., _EDGES], details[..., _COMMON]
        least = jnp.maximum(width, SAME * spread)[..., None]
        steps = jnp.maximum(edges[..., 1:] - edges[..., :-1], least)
        between = jnp.clip((value[..., None] - edges[..., :-1]) / steps, 0, 1)
        equal = (jnp.abs(value[..., None] - common) < 0.5 * least).astype(value.dtype)
        return jnp.concatenate([standardised[..., None], between, equal], axis=-1)


class Details(NamedTuple):
    """What is added to the family of every column of numbers; see `Detailed`."""

    rich: bool = False
    point: bool = False

    def of(self, likelihood: Likelihood) -> Likelihood:
        """The family with these details."""
        return Detailed(base=likelihood, rich=self.rich, point=self.point) if any(self) else likelihood


NO_DETAILS = Details()


def details(values: Float[np.ndarray, " rows"]) -> Float[np.ndarray, " details"]:
    """Mean, standard deviation, width of one value, edges of the bins, and common values, on the raw scale."""
    if not values.size:
        values = np.zeros(1)
    spread = float(values.std())
    spread = spread if spread > 1e-12 * abs(float(values.mean())) and spread > 0 else 1.0
    distinct, counts = np.unique(values, return_counts=True)
    order = np.argsort(-counts, kind="stable")[:COMMON]
    common = distinct[order[counts[order] >= LEAST_SHARE * len(values)]]
    # a place that is not used repeats a number that no value equals
    unused = np.full(COMMON - len(common), values.max() + 10 * spread)
    edges = np.quantile(values, np.linspace(0, 1, BINS + 1))
    return np.concatenate([[values.mean(), spread, width_of(values)], edges, common, unused])
