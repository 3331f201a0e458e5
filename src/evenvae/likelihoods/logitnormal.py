"""The logit-normal likelihood, for numbers between two bounds."""

import dataclasses
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Shaped

from evenvae.likelihoods.base import Scale
from evenvae.likelihoods.grids import resolution
from evenvae.likelihoods.normal import log_density, standard
from evenvae.likelihoods.transformed import TransformedNormal

NATURAL = ((0.0, 1.0), (0.0, 100.0), (-1.0, 1.0))
"""Bounds of shares, percentages and correlations: taken where the values lie between them and come near both."""
PLACES = 63
"""Places between the bounds at which the mode is looked for."""


@dataclasses.dataclass(frozen=True)
class LogitNormal(TransformedNormal):
    r"""Numbers between two bounds whose logit is normal.

    Formula:
        $$ t = \frac{\mathrm{logit}\bigl((\mathrm{raw} - \mathrm{low}) / \mathrm{width}\bigr) - \mathrm{center}}
        {\mathrm{scale}} \sim N(\mu, \sigma^2) $$

        with the parameters of `Normal`.

    The bounds are those of shares, percentages and correlations where the values fit them, else the lowest and highest
    training value. Half a step of the column's grid is added on both sides, so that a value at a bound is inside.
    ``Scale.offset`` holds the lower bound and the width.

    Use it when:
        Numbers are shares or percentages, or lie between two limits that cannot be crossed.

    Cost:
        Two outputs of the heads a column; the mean is a sum over 16 nodes.
    """

    name: ClassVar[str] = "logit-normal"
    offset_shape: ClassVar[tuple[int, ...]] = (2,)
    constants: ClassVar[int] = 2

    def fit(self, values: Float[np.ndarray, "rows *event"]) -> Scale:
        """The bounds, and mean and standard deviation of the logits."""
        if not values.size:
            return Scale(0.0, 1.0, np.array([0.0, 1.0]))
        low, high = float(values.min()), float(values.max())
        for least, most in NATURAL:
            if least <= low and high <= most and high - low > 0.8 * (most - least):
                low, high = least, most
                break
        half = 0.5 * min(resolution(values), (high - low) / len(values)) if high > low else 0.5
        bounds = np.array([low - half, high - low + 2 * half])
        center, scale = standard(_logit((values - bounds[0]) / bounds[1]))
        return Scale(center, scale, bounds)

    def to_model(self, values: Float[np.ndarray, "... columns"], scale: Scale) -> Float[np.ndarray, "... columns"]:
        """Standardised logits; a value at or beyond a bound is held just inside."""
        low, width = np.moveaxis(np.asarray(scale.offset), -1, 0)
        return (_logit(np.clip((values - low) / width, 1e-12, 1 - 1e-12)) - scale.center) / scale.scale

    def standardised(
        self, values: Float[np.ndarray, "rows columns"], scale: Scale
    ) -> Float[np.ndarray, "rows columns"] | None:
        """The logits."""
        return self.to_model(values, scale)

    def affine(self, scale: Scale) -> tuple[Any, Any]:
        """Value space is the share of the way from the lower bound to the upper one."""
        bounds: Any = scale.offset
        return bounds[..., 0], bounds[..., 1]

    def log_jacobian(self, x: Shaped[Array, "..."], scale: Scale) -> Float[Array, "..."]:
        """-log(scale) - log(width) - log(u (1 - u)), where u is the share."""
        logit = scale.center + scale.scale * x
        inside = jax.nn.log_sigmoid(logit) + jax.nn.log_sigmoid(-logit)
        return -jnp.log(jnp.asarray(scale.scale)) - jnp.log(jnp.asarray(scale.offset)[..., 1]) - inside

    def value(self, x: Shaped[Array | np.ndarray, "..."], scale: Scale) -> Float[Array, "..."]:
        """The share."""
        return jax.nn.sigmoid(scale.center + scale.scale * x)

    def mode(self, parameters: Float[Array, "... 2"], scale: Scale) -> Float[Array, "..."]:
        """The share of highest density, among `PLACES` of equal distance."""
        share = jnp.arange(1, PLACES + 1, dtype=parameters.dtype) / (PLACES + 1)
        center, unit = (jnp.asarray(part)[..., None] for part in (scale.center, scale.scale))
        x = (jnp.log(share) - jnp.log1p(-share) - center) / unit
        density = log_density(parameters[..., None, :], x) - jnp.log(share * (1 - share))
        return share[density.argmax(-1)]


def _logit(share: Float[np.ndarray, "..."]) -> Float[np.ndarray, "..."]:
    return np.log(share) - np.log1p(-share)
