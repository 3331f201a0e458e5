"""A free-form likelihood for numbers: probabilities of bins, which are cut by the training values."""

import dataclasses
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Shaped

from evenvae.likelihoods.base import EncoderInput, HIVAETreatment, Likelihood, Scale
from evenvae.likelihoods.categorical import Categorical
from evenvae.likelihoods.draws import level
from evenvae.likelihoods.frequencies import level_counts, log_ratio
from evenvae.likelihoods.grids import restored
from evenvae.likelihoods.normal import standard

BINS, PIECES = 64, 16
RAREST = 0.01
"""Rows that an empty bin counts as when logarithms of frequencies are taken."""


@dataclasses.dataclass(frozen=True)
class Histogram(Likelihood):
    r"""Bins of about equally many training rows, where a value that many rows share is a bin by itself.

    Formula:
        $$ \log p(x) = \log \mathrm{softmax}(r)_{b(x)} - \log \mathrm{width}_{b(x)} $$

        where b(x) is the bin of x; the width is left out where the bin is one value, whose probability is a mass.

    The head can represent any distribution of a cell given its latent (two humps, a spike at zero, salaries in round
    thousands), where a family with a mean and a variance smooths it. Each bin is cut into ``PIECES`` pieces of
    equally many rows, and a value is drawn from one of them: from between the ends of the piece where the bin has more
    than twice as many different values as pieces, else one of the values themselves, so that the column's grid is kept.

    Model space is the number of the bin plus the place inside it, from 0 to 1. ``Scale.offset`` holds the lower and
    upper ends of the pieces as raw values, ``(bins, PIECES, 2)`` for each column; a column with fewer bins repeats its
    last one.

    Use it when:
        Rows are drawn to look like real ones. It is what `Sampling(numbers="histogram")` sets, the default of
        ``purpose="sample"``; a schema cannot name it.

    Cost:
        64 outputs of the heads a column of numbers, and up to 1024 quantiles of the column in the model's file.
    """

    bins: int = BINS

    name: ClassVar[str] = "histogram"
    encoder_input: ClassVar[EncoderInput] = "level"
    hivae: ClassVar[HIVAETreatment | None] = "levels"
    uniforms: ClassVar[int] = 2
    draws_repeat: ClassVar[bool] = True

    @property
    def parameter_count(self) -> int:
        """One logit for each bin."""
        return self.bins

    @property
    def offset_shape(self) -> tuple[int, ...]:
        """The two ends of every piece of every bin."""
        return (self.bins, PIECES, 2)

    @property
    def level_count(self) -> int:
        """Number of bins, which the encoder looks up."""
        return self.bins

    @property
    def _levels(self) -> Categorical:
        return Categorical(self.event_shape, self.bins)

    def fit(self, values: Float[np.ndarray, "rows *event"]) -> Scale:
        """Mean and standard deviation of the observed values, and the ends of the bins' pieces."""
        center, scale = standard(values)
        ends = np.zeros((self.bins, PIECES, 2))
        if values.size:
            ordered = np.sort(values)
            cuts = np.flatnonzero(np.diff(_groups(ordered, self.bins))) + 1
            parts = [_pieces(part) for part in np.split(ordered, cuts)]
            ends = np.stack(parts + [parts[-1][-1:].repeat(PIECES, 0)] * (self.bins - len(parts)))
        return Scale(center, scale, ends)

    def to_model(self, values: Float[np.ndarray, "... columns"], scale: Scale) -> Float[np.ndarray, "... columns"]:
        """Bin plus place in it; a value between two bins counts to the lower one."""
        columns = [_placed(x, ends) for x, ends in zip(np.moveaxis(values, -1, 0), scale.offset, strict=True)]
        return np.stack(columns, axis=-1)

    def standardised(
        self, values: Float[np.ndarray, "rows columns"], scale: Scale
    ) -> Float[np.ndarray, "rows columns"] | None:
        """The values."""
        return (values - scale.center) / scale.scale

    def affine(self, scale: Scale) -> tuple[Any, Any]:
        """Undo the standardisation."""
        return scale.center, scale.scale

    def device_scale(self, scale: Scale) -> Scale:
        """The ends in standard deviations from the mean, as value space has them."""
        center, unit = (np.asarray(part)[..., None, None, None] for part in (scale.center, scale.scale))
        return scale._replace(offset=(np.asarray(scale.offset) - center) / unit)

    def snapped(self, values: Float[np.ndarray, "... columns"], scale: Scale) -> Float[np.ndarray, "... columns"]:
        """Values near an end of a piece become that end to the last digit."""
        return restored(values, np.asarray(scale.offset), np.asarray(scale.center), np.asarray(scale.scale))

    def log_prob(
        self, parameters: Float[Array, "... bins"], x: Shaped[Array | np.ndarray, "..."]
    ) -> Float[Array, "..."]:
        """Log-probability of the bin."""
        return self._levels.log_prob(parameters, jnp.floor(x))

    def log_jacobian(self, x: Shaped[Array, "..."], scale: Scale) -> Float[Array, "..."]:
        """-log of the bin's width; 0 where the bin holds one value, whose probability is a mass."""
        ends = _of_bin(jnp.asarray(scale.offset), jnp.floor(x).astype(jnp.int32))
        width = (ends[..., -1, 1] - ends[..., 0, 0]) * scale.scale
        return self.sum_event(jnp.where(width > 0, -jnp.log(jnp.where(width > 0, width, 1)), 0))

    def value(self, x: Shaped[Array | np.ndarray, "..."], scale: Scale) -> Float[Array, "..."]:
        """The number at a place of a bin."""
        bin_ = jnp.floor(x)
        return _inside(_of_bin(jnp.asarray(scale.offset), bin_.astype(jnp.int32)), x - bin_)

    def _middles(self, scale: Scale) -> Float[Array, "columns bins"]:
        return jnp.asarray(scale.offset).mean(axis=(-2, -1))

    def expected_input(self, parameters: Float[Array, "... bins"], scale: Scale) -> Float[Array, "... bins"]:
        """The probability of every bin."""
        del scale
        return jax.nn.softmax(parameters, axis=-1)

    def mode(self, parameters: Float[Array, "... bins"], scale: Scale) -> Float[Array, "..."]:
        """The mean value of the likeliest bin."""
        return _of_bin(self._middles(scale), parameters.argmax(-1))

    def mean(self, parameters: Float[Array, "... bins"], scale: Scale) -> Float[Array, "..."]:
        """Mean of the bins' mean values."""
        return (jax.nn.softmax(parameters, axis=-1) * self._middles(scale)).sum(-1)

    def median(self, parameters: Float[Array, "... bins"], scale: Scale) -> Float[Array, "..."]:
        """The mean value of the bin that holds the median; the bins are in order."""
        below = jnp.cumsum(jax.nn.softmax(parameters, axis=-1), axis=-1) < 0.5
        return _of_bin(self._middles(scale), jnp.minimum(below.sum(-1), self.bins - 1))

    def from_uniform(
        self, uniform: Float[Array, "uniforms ..."], parameters: Float[Array, "... bins"], scale: Scale
    ) -> Float[Array, "..."]:
        """A bin, then a place in it."""
        bin_ = level(uniform[0], parameters)
        return _inside(_of_bin(jnp.asarray(scale.offset), bin_), uniform[1]).astype(parameters.dtype)

    def marginal(self, x: Shaped[np.ndarray, "rows *event"]) -> Float[np.ndarray, " width"]:
        """Logarithms of the bins' frequencies."""
        counts = level_counts(x, self.bins).clip(RAREST)
        return np.log(counts / counts.sum(axis=1, keepdims=True)).ravel()

    def marginal_shift(
        self, wanted: Shaped[np.ndarray, "rows columns"], drawn: Shaped[np.ndarray, "draws columns"]
    ) -> Float[np.ndarray, "columns bins"]:
        """The logarithms of the ratios of the bins' frequencies."""
        return log_ratio(wanted, drawn, self.bins)

    def least_nats(self, x: Shaped[np.ndarray, "rows *event"]) -> Float[np.ndarray, " rows"]:
        """0, as a bin can be certain."""
        return np.zeros(len(x))

    def encoder_value(self, x: Float[Array | np.ndarray, "..."], scale: Scale) -> Float[Array | np.ndarray, "..."]:
        """The standardised number, where the encoder does not look the bin up."""
        return self.value(x, scale)


def _groups(ordered: Float[np.ndarray, " rows"], most: int) -> Int[np.ndarray, " rows"]:
    """Bin of every value: equal values share one, and there are at most ``most`` bins, about equally full."""
    uniques, inverse, counts = np.unique(ordered, return_inverse=True, return_counts=True)
    if len(uniques) <= most:
        return inverse
    size = 1.0
    while True:
        alone = counts >= size
        filled = np.floor((np.cumsum(np.where(alone, 0, counts)) - 0.5) / size)
        new = np.diff(filled, prepend=filled[0]) > 0
        new |= alone | np.concatenate([[False], alone[:-1]])
        groups = np.cumsum(new) - new[0]
        if groups[-1] < most:
            return groups[inverse]
        size *= 1.05


def _pieces(part: Float[np.ndarray, " rows"]) -> Float[np.ndarray, "pieces 2"]:
    """Lower and upper ends of a bin's pieces, from the bin's values in order."""
    if len(np.unique(part)) <= 2 * PIECES:
        values = np.quantile(part, (np.arange(PIECES) + 0.5) / PIECES, method="inverted_cdf")
        return np.stack([values, values], axis=-1)
    ends = np.quantile(part, np.linspace(0, 1, PIECES + 1))
    return np.stack([ends[:-1], ends[1:]], axis=-1)


def _placed(x: Float[np.ndarray, "..."], ends: Float[np.ndarray, "bins pieces 2"]) -> Float[np.ndarray, "..."]:
    """Bin and place of numbers of one column."""
    used = 1 + int((np.diff(ends[:, 0, 0]) > 0).sum())
    bin_ = np.clip(np.searchsorted(ends[:used, 0, 0], x, side="right") - 1, 0, used - 1)
    own = ends[bin_]
    piece = np.clip((own[..., 0] <= x[..., None]).sum(-1) - 1, 0, PIECES - 1)
    low, high = np.moveaxis(np.take_along_axis(own, piece[..., None, None], axis=-2)[..., 0, :], -1, 0)
    wide = high > low
    within = np.where(wide, np.clip((x - low) / np.where(wide, high - low, 1), 0, 1), 0.5)
    # short of the next bin, also when rounded to float32
    return bin_ + np.minimum((piece + within) / PIECES, 1 - 1e-4)


def _of_bin(by_bin: Array, bin_: Int[Array, "... columns"]) -> Array:
    """``by_bin`` (columns, bins, ...) at every column's bin: (..., columns, ...)."""
    return by_bin[jnp.arange(by_bin.shape[0], dtype=jnp.int32), bin_]


def _inside(ends: Float[Array, "... pieces 2"], place: Float[Array, "..."]) -> Float[Array, "..."]:
    piece = jnp.clip(jnp.floor(place * PIECES), 0, PIECES - 1)
    own = jnp.take_along_axis(ends, piece.astype(jnp.int32)[..., None, None], axis=-2)[..., 0, :]
    return own[..., 0] + (own[..., 1] - own[..., 0]) * (place * PIECES - piece)
