"""The protocol of a likelihood: what a family says of itself, and the functions that it offers."""

import abc
import dataclasses
import math
from typing import Any, ClassVar, Literal, NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Key, Shaped

from evenvae.likelihoods.draws import open_uniform

Values = Literal["numbers", "levels", "ordered levels", "pixels"]
EncoderInput = Literal["value", "level", "ordered level"]
HIVAETreatment = Literal["numbers", "positive numbers", "counts", "logit", "levels", "ordered levels"]


class Scale(NamedTuple):
    """Constants that take a column from raw values to model space: one number for each column of a block.

    ``center`` and ``scale`` standardise the values (their logarithms for positive columns and counts). ``offset``
    aligns the support, as the theory page says in its section on support alignment. A family may keep an array for
    each column in ``offset``, as `Histogram` does.
    """

    center: Shaped[np.ndarray, "..."] | Array | float
    scale: Shaped[np.ndarray, "..."] | Array | float
    offset: Shaped[np.ndarray, "..."] | Array | float


IDENTITY = Scale(0.0, 1.0, 0.0)
FARTHEST = 1e6
"""Largest distance of a standardised value from 0. Those of N training rows stay below the root of N; far beyond,
products of layers would leave float32.
"""


@dataclasses.dataclass(frozen=True)
class Likelihood(abc.ABC):
    """One family p(x; eta), for a column of any event shape.

    Three spaces are kept apart. *Raw* values are what the table holds. *Model space* is what `log_prob` sees.
    *Value space* is where predictions are averaged. It is an affine image of the raw scale, so that float32 on the
    device loses nothing that float64 on the host cannot restore.

    ``parameters`` of a distribution are outputs of the head, of shape ``(..., *event_shape, parameter_count)``.
    Instances are hashable, and columns with equal instances share a block.

    A family describes itself by class variables, and no other file asks for its name:

    Attributes:
        event_shape: shape of a cell; () for a single number.
        name: of the family, as messages say it.
        values: what a cell holds. Numbers are predicted by an average, levels by the most probable one; the error of
            ordered levels is their distance.
        discrete: whether the values are levels, with or without an order. It follows from ``values``.
        support_words: what a cell outside the support is, as in "3 cells are negative".
        encoder_input: what the encoder sees of a cell: a number (`encoder_value`), or a level, whose row of a
            table is looked up (the sum of the rows up to it for an ordered level).
        hivae: how HI-VAE treats the family: which parameters see the column's slice of the latent, how the numbers are
            normalised, and whether a parameter is fixed. None: HI-VAE refuses the family.
        farthest: model-space values that are farther from 0 are moved to this distance, where float32 still computes.
        cell_dtype: type of the model-space cells on the device.
        filler: model-space value of a missing cell.
        uniforms: how many uniform numbers make a draw of one element of the event.
        offset_shape: shape of a column's ``Scale.offset``.
        vague: whether the family cannot be certain of a number, whatever its parameters.
        draws_repeat: whether draws are values of the training table where its values repeat.
        constants: how many numbers the family learns of a column before training, beside a center and a scale.
        binary: whether cells are black or white pixels, of which a grey one is the chance of white; see `binarised`.
        has_auxiliary: whether training adds anything to the log-likelihood; see `auxiliary`.
    """

    event_shape: tuple[int, ...] = ()

    name: ClassVar[str]
    values: ClassVar[Values] = "numbers"
    discrete: ClassVar[bool] = False
    support_words: ClassVar[str] = "not a number"
    encoder_input: ClassVar[EncoderInput] = "value"
    hivae: ClassVar[HIVAETreatment | None] = None
    farthest: ClassVar[float] = 1e30
    cell_dtype: ClassVar[type[np.generic]] = np.float32
    filler: ClassVar[float] = 0.0
    uniforms: ClassVar[int] = 1
    offset_shape: ClassVar[tuple[int, ...]] = ()
    vague: ClassVar[bool] = False
    draws_repeat: ClassVar[bool] = False
    constants: ClassVar[int] = 0
    has_auxiliary: ClassVar[bool] = False
    binary: ClassVar[bool] = False

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.discrete = cls.values in ("levels", "ordered levels")

    @classmethod
    def of_column(cls, levels: int, shape: tuple[int, ...], steps: int = 0) -> "Likelihood":
        """The family's likelihood of a column.

        Args:
            levels: how many levels the column has; 0 where it has none.
            shape: (H, W) or (H, W, C) of a column of images; () where its cells are no images.
            steps: how many steps of its grid a column of numbers has between its bounds; 0 where it has no grid.
        """
        del levels, shape, steps
        return cls()

    def for_hivae(self) -> "Likelihood":
        """The likelihood that stands in for this one in HI-VAE; most families stand for themselves."""
        return self

    @classmethod
    def in_support(cls, values: Float[np.ndarray, "..."]) -> Bool[np.ndarray, "..."]:
        """Which raw values the family can give; NaN is none of them."""
        return ~np.isnan(values)

    @classmethod
    def applies(cls, values: Float[np.ndarray, " rows"]) -> bool:
        """Whether the family is one to try for a column of these raw values: all are inside the support."""
        return bool(cls.in_support(values).all())

    @property
    @abc.abstractmethod
    def parameter_count(self) -> int:
        """Head outputs for each element of the event."""

    @property
    def width(self) -> int:
        """Head outputs for a column: the number of parameters times the size of the event."""
        return self.parameter_count * math.prod(self.event_shape)

    @property
    def level_count(self) -> int:
        """Number of levels; for families with levels, and those whose levels the encoder looks up."""
        raise NotImplementedError(f"{type(self).__name__} does not say how many levels it has.")

    @property
    def squared_error_constant(self) -> float | None:
        """What -log p exceeds the squared error by, in nats a cell; None where -log p is no squared error."""
        return None

    @property
    def reach(self) -> Float[np.ndarray, " width"]:
        """What share of each head output's gradient reaches the layers that all columns share."""
        return np.ones(self.width)

    def sum_event(self, by_element: Float[Array, "..."]) -> Float[Array, "..."]:
        """Sum over the dimensions of the event, which are the last ones."""
        return by_element.sum(axis=tuple(range(-len(self.event_shape), 0))) if self.event_shape else by_element

    # Raw values to model space and back, on the host in float64.

    def fit(self, values: Float[np.ndarray, "rows *event"]) -> Scale:
        """Constants from the observed raw values of one column."""
        del values
        return IDENTITY

    def to_model(self, values: Float[np.ndarray, "..."], scale: Scale) -> Float[np.ndarray, "..."]:
        """Raw values to model space; the last dimensions are the columns of a block and the event."""
        del scale
        return values

    def standardised(
        self, values: Float[np.ndarray, "rows columns"], scale: Scale
    ) -> Float[np.ndarray, "rows columns"] | None:
        """What ``center`` and ``scale`` standardise, of raw values: numbers of mean 0 and variance 1 over the table.

        NaN stands for values that do not count; None where the family has no such constants, or knows them otherwise.
        """
        del values, scale
        return None

    def with_moments(self, scale: Scale, mean: Float[np.ndarray, "..."], std: Float[np.ndarray, "..."]) -> Scale:
        """The constants of a table from those of a sample, by the moments that `standardised` has over the table."""
        return scale._replace(center=scale.center + scale.scale * mean, scale=scale.scale * std)

    def affine(self, scale: Scale) -> tuple[Any, Any]:
        """``(shift, unit)`` such that raw = shift + unit * value, for values in value space."""
        del scale
        return 0.0, 1.0

    def device_scale(self, scale: Scale) -> Scale:
        """The constants for compiled programs, where they differ from those on the host."""
        return scale

    def snapped(self, values: Float[np.ndarray, "... columns"], scale: Scale) -> Float[np.ndarray, "... columns"]:
        """Raw values that came from the device, with the digits that float32 lost restored where they are known."""
        del scale
        return values

    # Everything below runs inside compiled programs.

    @abc.abstractmethod
    def log_prob(self, parameters: Float[Array, "..."], x: Shaped[Array | np.ndarray, "..."]) -> Float[Array, "..."]:
        """Log-density of model-space ``x``, summed over the event."""

    def auxiliary(
        self, parameters: Float[Array, "..."], x: Shaped[Array | np.ndarray, "..."], scale: Scale
    ) -> Float[Array, "..."]:
        """What training adds to `log_prob` for outputs of the heads that are no part of the likelihood."""
        del x, scale
        return jnp.zeros(parameters.shape[: parameters.ndim - 1 - len(self.event_shape)], parameters.dtype)

    def binarised(self, key: Key[Array, ""], x: Float[Array, "..."]) -> Float[Array, "..."]:
        """Model-space cells with grey pixels drawn black or white; only families of such pixels change anything."""
        del key
        return x

    def log_jacobian(self, x: Shaped[Array, "..."], scale: Scale) -> Float[Array, "..."] | float:
        """What has to be added to `log_prob` for the log-density of the raw value."""
        del x, scale
        return 0.0

    def value(self, x: Shaped[Array | np.ndarray, "..."], scale: Scale) -> Shaped[Array | np.ndarray, "..."]:
        """Model space to value space."""
        del scale
        return x

    @abc.abstractmethod
    def mode(self, parameters: Float[Array, "..."], scale: Scale) -> Float[Array, "..."]:
        """The most probable value, in value space."""

    def probabilities(self, parameters: Float[Array, "..."]) -> Float[Array, "... levels"]:
        """Probability of every level; only discrete families have this."""
        raise NotImplementedError(f"{type(self).__name__} has no probabilities.")

    def mean(self, parameters: Float[Array, "..."], scale: Scale) -> Float[Array, "..."]:
        """The expected value, in value space; several levels have none and give their mode."""
        raise NotImplementedError(f"{type(self).__name__} has no mean.")

    def median(self, parameters: Float[Array, "..."], scale: Scale) -> Float[Array, "..."]:
        """The median, in value space."""
        return self.mean(parameters, scale)

    def point_estimate(self, parameters: Float[Array, "..."], scale: Scale) -> Float[Array, "..."]:
        """The default prediction, in value space: the mean, or a statistic that is more robust for the family."""
        return self.mean(parameters, scale)

    def sample(self, key: Key[Array, ""], parameters: Float[Array, "..."], scale: Scale) -> Float[Array, "..."]:
        """One draw for each event, in value space."""
        shape = (self.uniforms, *parameters.shape[:-1])
        return self.from_uniform(open_uniform(key, shape, parameters.dtype), parameters, scale)

    @abc.abstractmethod
    def from_uniform(
        self, uniform: Float[Array, "uniforms ..."], parameters: Float[Array, "..."], scale: Scale
    ) -> Float[Array, "..."]:
        """One draw for each event, in value space, from ``uniforms`` numbers between 0 and 1, both excluded."""

    @abc.abstractmethod
    def marginal(self, x: Shaped[np.ndarray, "rows *event"]) -> Float[np.ndarray, " width"]:
        """Parameters of the marginal distribution of a column's observed model-space values ``x``."""

    def marginal_shift(
        self, wanted: Shaped[np.ndarray, "rows columns"], drawn: Shaped[np.ndarray, "draws columns"]
    ) -> Float[np.ndarray, "columns width"]:
        """What is added to the parameters so that columns come out like the ``wanted`` cells, not like the ``drawn``.

        Both are in model space, one number for each cell. Only families of levels have parameters that move a marginal
        and leave everything else as it is; the shift of all others is 0.
        """
        del drawn
        return np.zeros((wanted.shape[1], self.width))

    def least_nats(self, x: Shaped[np.ndarray, "rows *event"]) -> Float[np.ndarray, " rows"]:
        """-log p of model-space values under the parameters that fit each best: 0 for levels, -inf for densities."""
        return np.full(len(x), 0.0 if self.discrete else -np.inf)

    def encoder_value(self, x: Float[Array | np.ndarray, "..."], scale: Scale) -> Float[Array | np.ndarray, "..."]:
        """The number that the encoder sees of a cell, with a mean near 0 and a variance near 1."""
        del scale
        return x

    @property
    def encoder_width(self) -> int:
        """Entries of `encoder_features` for each number of a cell."""
        return 1

    def encoder_features(self, x: Float[Array | np.ndarray, "..."], scale: Scale) -> Float[Array, "... width"]:
        """All that the encoder sees of a number: `encoder_value` alone, unless the family says more."""
        return jnp.asarray(self.encoder_value(x, scale))[..., None]

    def expected_cell(self, parameters: Float[Array, "..."], scale: Scale) -> Float[Array, "..."]:
        """The expected cell in model space, where that is one number; differentiable."""
        return self.mean(parameters, scale)

    def expected_input(self, parameters: Float[Array, "..."], scale: Scale) -> Float[Array, "... width"]:
        """What the encoder would see of an expected cell; differentiable.

        Of a number these are the `encoder_features` of its expectation, of levels their probabilities, by which the
        encoder averages their rows of its table.
        """
        if self.encoder_input != "value":
            return self.probabilities(parameters)
        return self.encoder_features(self.expected_cell(parameters, scale), scale)
