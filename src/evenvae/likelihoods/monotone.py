"""A normal likelihood behind a monotone function, for numbers of any marginal distribution."""

import dataclasses
from typing import Any, ClassVar

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Shaped
from scipy import special

from evenvae.likelihoods.base import Scale
from evenvae.likelihoods.normal import log_density, moments, standard
from evenvae.likelihoods.transformed import TransformedNormal

KNOTS = 24


@dataclasses.dataclass(frozen=True)
class Monotone(TransformedNormal):
    r"""Numbers of which a monotone function is normal: the function that makes the training values normal.

    Formula:
        $$ h(\mathrm{raw}) \sim N(\mu, \sigma^2), \qquad \log p(\mathrm{raw}) = \log N(h(\mathrm{raw}); \mu, \sigma^2)
        + \log h'(\mathrm{raw}) $$

        h is linear between `KNOTS` quantiles of the training values and their standard-normal scores, and goes on with
        the slope of its ends. The parameters are those of `Normal`.

    Any marginal distribution is then a standard normal one in model space, whatever its skew, tails and humps.
    ``Scale.offset`` holds the knots, as pairs of a raw value and its score.

    Use it when:
        No other family has the shape of the column: two humps, an edge, a strange tail.

    Cost:
        Two outputs of the heads a column, and 24 quantiles of the column in the model's file.
    """

    name: ClassVar[str] = "monotone"
    offset_shape: ClassVar[tuple[int, ...]] = (KNOTS, 2)
    constants: ClassVar[int] = 2 * KNOTS

    def fit(self, values: Float[np.ndarray, "rows *event"]) -> Scale:
        """Mean and standard deviation of the observed values, and the knots."""
        center, scale = standard(values)
        return Scale(center, scale, _knots(values))

    def to_model(self, values: Float[np.ndarray, "... columns"], scale: Scale) -> Float[np.ndarray, "... columns"]:
        """Scores."""
        knots = np.asarray(scale.offset)
        place = np.clip((values[..., None] >= knots[..., 1:-1, 0]).sum(-1), 0, KNOTS - 2)
        before, after = (_at(knots, place + more) for more in (0, 1))
        return before[..., 1] + (values - before[..., 0]) * (after - before)[..., 1] / (after - before)[..., 0]

    def standardised(
        self, values: Float[np.ndarray, "rows columns"], scale: Scale
    ) -> Float[np.ndarray, "rows columns"] | None:
        """The values."""
        return (values - scale.center) / scale.scale

    def affine(self, scale: Scale) -> tuple[Any, Any]:
        """Undo the standardisation."""
        return scale.center, scale.scale

    def device_scale(self, scale: Scale) -> Scale:
        """The raw values of the knots in standard deviations from the mean, as value space has them."""
        center, unit = (np.asarray(part)[..., None] for part in (scale.center, scale.scale))
        knots = np.array(scale.offset)
        knots[..., 0] = (knots[..., 0] - center) / unit
        return scale._replace(offset=knots)

    def _ends(self, x: Array, scale: Scale) -> tuple[Float[Array, "... 2"], Float[Array, "... 2"]]:
        """The knots on both sides of a score."""
        knots = jnp.asarray(scale.offset)
        place = (x[..., None] >= knots[..., 1:-1, 1]).sum(-1, dtype=jnp.int32)
        before = place[..., None] == jnp.arange(KNOTS, dtype=jnp.int32)
        after = place[..., None] + 1 == jnp.arange(KNOTS, dtype=jnp.int32)
        pick = lambda which: jnp.where(which[..., None], knots, 0).sum(-2)
        return pick(before), pick(after)

    def log_jacobian(self, x: Shaped[Array, "..."], scale: Scale) -> Float[Array, "..."]:
        """Log of the function's slope."""
        before, after = self._ends(x, scale)
        step = after - before
        return jnp.log(step[..., 1]) - jnp.log(step[..., 0]) - jnp.log(jnp.asarray(scale.scale))

    def value(self, x: Shaped[Array | np.ndarray, "..."], scale: Scale) -> Float[Array, "..."]:
        """The number of a score."""
        x = jnp.asarray(x)
        before, after = self._ends(x, scale)
        step = after - before
        return before[..., 0] + (x - before[..., 1]) * step[..., 0] / step[..., 1]

    def mode(self, parameters: Float[Array, "... 2"], scale: Scale) -> Float[Array, "..."]:
        """The number of highest density, which is where a piece is nearest to the mean score."""
        knots = jnp.asarray(scale.offset)
        raw, score = knots[..., 0], knots[..., 1]
        mean = moments(parameters)[0][..., None]
        first, last = score[..., :-1], score[..., 1:]
        nearest = jnp.clip(mean, first, last)
        slope = jnp.log(last - first) - jnp.log(raw[..., 1:] - raw[..., :-1])
        best = (log_density(parameters[..., None, :], nearest) + slope).argmax(-1)
        chosen = jnp.where(best[..., None] == jnp.arange(KNOTS - 1), nearest, 0).sum(-1)
        return self.value(chosen, scale)


def _knots(values: Float[np.ndarray, " rows"]) -> Float[np.ndarray, "knots 2"]:
    """Quantiles of the values with their normal scores, both increasing; a line goes on where there are too few."""
    distinct, counts = np.unique(values, return_counts=True)
    if len(distinct) < 2:
        middle = float(distinct[0]) if len(distinct) else 0.0
        distinct, counts = middle + np.array([-1.0, 1.0]), np.ones(2)
    # share of the rows below a value, half of those at it included
    share = (np.cumsum(counts) - 0.5 * counts) / counts.sum()
    wanted = np.clip((np.arange(KNOTS) + 0.5) / KNOTS, share[0], share[-1])
    wanted[[0, -1]] = share[[0, -1]]
    kept = np.unique(np.searchsorted(share, wanted).clip(0, len(share) - 1))
    raw, score = distinct[kept], special.ndtri(share[kept])
    lacking = KNOTS - len(raw)
    beyond = np.arange(1, lacking + 1)
    raw = np.append(raw, raw[-1] + beyond * (raw[-1] - raw[-2]))
    score = np.append(score, score[-1] + beyond * (score[-1] - score[-2]))
    return np.stack([raw, score], axis=-1)


def _at(knots: Float[np.ndarray, "*columns knots 2"], place: np.ndarray) -> Float[np.ndarray, "... 2"]:
    """The knot of each cell's place, by its column."""
    whole = np.broadcast_to(knots, (*place.shape, KNOTS, 2))
    return np.take_along_axis(whole, place[..., None, None], axis=-2)[..., 0, :]
