"""A free-form likelihood for numbers: the probabilities of bins that training values were cut into."""

import dataclasses
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Key

from evenvae.likelihoods.base import Likelihood, Scale
from evenvae.likelihoods.categorical import Categorical
from evenvae.likelihoods.normal import standard

BINS, PIECES = 64, 16
LOST = 1e-6
"""What float32 may lose of a number, of its distance from the centre."""
RAREST = 0.01
"""Rows that a bin without any counts as, where log-frequencies are taken."""


@dataclasses.dataclass(frozen=True)
class Histogram(Likelihood):
    """Bins of about equally many training rows, where a value that many rows share is a bin by itself.

    Whatever the distribution of a cell given its latent is (two humps, a spike at zero, salaries in round
    thousands), the head can say it, where a family with a mean and a variance smears it. Within a bin a value is drawn
    from the ``PIECES`` pieces of equally many rows that the bin holds: between their ends where the bin has more than
    twice as many different values, else one of the values themselves, so that the table's grid is kept.

    Model space is the bin's number plus the place inside it, from 0 to 1. ``Scale.offset`` holds the lower and upper
    ends of the pieces, ``(bins, PIECES, 2)`` a column, as raw values; columns with fewer values than bins repeat their
    last one.
    """

    bins: int = BINS

    name: ClassVar[str] = "histogram"

    @property
    def parameters(self) -> int:
        """One logit a bin."""
        return self.bins

    @property
    def _levels(self) -> Categorical:
        return Categorical(self.event_shape, self.bins)

    def fit(self, values: Float[np.ndarray, " rows"]) -> Scale:
        """Mean and standard deviation of the observed values, and the ends of the bins' pieces."""
        center, scale = standard(values)
        ends = np.zeros((self.bins, PIECES, 2))
        if values.size:
            ordered = np.sort(values)
            cuts = np.flatnonzero(np.diff(_groups(ordered, self.bins))) + 1
            parts = [_pieces(part) for part in np.split(ordered, cuts)]
            ends = np.stack(parts + [parts[-1][-1:].repeat(PIECES, 0)] * (self.bins - len(parts)))
        return Scale(center, scale, ends)

    def to_model(self, values: np.ndarray, scale: Scale) -> np.ndarray:
        """Bin plus place in it; a value between two bins counts to the lower one."""
        columns = [_placed(x, ends) for x, ends in zip(np.moveaxis(values, -1, 0), scale.offset, strict=True)]
        return np.stack(columns, axis=-1)

    def affine(self, scale: Scale) -> tuple[Any, Any]:
        """Undo the standardisation."""
        return scale.center, scale.scale

    def device_scale(self, scale: Scale) -> Scale:
        """The ends in standard deviations from the centre, as value space has them."""
        center, unit = (np.asarray(part)[..., None, None, None] for part in (scale.center, scale.scale))
        return scale._replace(offset=(np.asarray(scale.offset) - center) / unit)

    def snapped(self, values: Float[np.ndarray, "rows columns"], scale: Scale) -> Float[np.ndarray, "rows columns"]:
        """The pieces' ends to their last digit: 9.4 instead of 9.3999996, which a classifier tells apart."""
        columns = []
        for x, center, unit, ends in zip(np.moveaxis(values, -1, 0), *scale, strict=True):
            known = np.resize(np.unique(ends), max(2, len(np.unique(ends))))
            after = np.clip(np.searchsorted(known, x), 1, len(known) - 1)
            nearest = np.where(x - known[after - 1] < known[after] - x, known[after - 1], known[after])
            lost = LOST * np.maximum(np.abs(x - center), unit)
            columns.append(np.where(np.abs(nearest - x) <= lost, nearest, x))
        return np.stack(columns, axis=-1)

    def log_prob(self, raw: Float[Array, "..."], x: Array) -> Float[Array, "..."]:
        """Log-probability of the bin."""
        return self._levels.log_prob(raw, jnp.floor(x))

    def log_jacobian(self, x: Array, scale: Scale) -> Array:
        """-log of the bin's width; 0 where it holds one value, whose probability is a mass."""
        ends = _of_bin(jnp.asarray(scale.offset), jnp.floor(x).astype(jnp.int32))
        width = (ends[..., -1, 1] - ends[..., 0, 0]) * scale.scale
        return self.sum_event(jnp.where(width > 0, -jnp.log(jnp.where(width > 0, width, 1)), 0))

    def value(self, x: Array, scale: Scale) -> Array:
        """The number at a place of a bin."""
        bin_ = jnp.floor(x)
        return _inside(_of_bin(jnp.asarray(scale.offset), bin_.astype(jnp.int32)), x - bin_)

    def _middles(self, scale: Scale) -> Float[Array, "columns bins"]:
        return jnp.asarray(scale.offset).mean(axis=(-2, -1))

    def mode(self, raw: Float[Array, "..."], scale: Scale) -> Array:
        """The mean value of the likeliest bin."""
        return _of_bin(self._middles(scale), raw.argmax(-1))

    def mean(self, raw: Float[Array, "..."], scale: Scale) -> Array:
        """Mean of the bins' means."""
        return (jax.nn.softmax(raw, axis=-1) * self._middles(scale)).sum(-1)

    def median(self, raw: Float[Array, "..."], scale: Scale) -> Array:
        """The mean value of the bin that holds the median: bins stand in order."""
        below = jnp.cumsum(jax.nn.softmax(raw, axis=-1), axis=-1) < 0.5
        return _of_bin(self._middles(scale), jnp.minimum(below.sum(-1), self.bins - 1))

    def sample(self, key: Key[Array, ""], raw: Float[Array, "..."], scale: Scale) -> Array:
        """A bin, then a place in it."""
        keys = jax.random.split(key)
        bin_ = jax.random.categorical(keys[0], raw, axis=-1)
        place = jax.random.uniform(keys[1], bin_.shape, raw.dtype)
        return _inside(_of_bin(jnp.asarray(scale.offset), bin_), place).astype(raw.dtype)

    def marginal(self, x: np.ndarray) -> Float[np.ndarray, " width"]:
        """Log-frequencies of the bins."""
        flat = np.asarray(x).astype(np.int64).reshape(len(x), -1)
        counts = np.stack([np.bincount(column, minlength=self.bins) for column in flat.T]).clip(RAREST)
        return np.log(counts / counts.sum(axis=1, keepdims=True)).ravel()

    def least_nats(self, x: np.ndarray) -> Float[np.ndarray, " rows"]:
        """A bin can be certain."""
        return np.zeros(len(x))

    def encoder_value(self, x: Array, scale: Scale) -> Array:
        """The standardised number, where the encoder does not look the bin up."""
        return self.value(x, scale)


def _groups(ordered: Float[np.ndarray, " rows"], most: int) -> Int[np.ndarray, " rows"]:
    """Bin of every value: equal values share one, and there are at most ``most``, as nearly equally full as can be."""
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
    """Lower and upper ends of a bin's pieces, from its values in order."""
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
