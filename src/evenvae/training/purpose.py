"""What the model is for decides by which validation figure training stops and sweeps select; lower is better."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key

from evenvae.likelihoods import Scale
from evenvae.models import Cells, Layout, log_prob, statistic, values
from evenvae.training.step import Network

PURPOSES = ("reconstruct", "impute", "score", "sample")
SLICE = 512
"""Validation rows decoded at a time, which bounds memory whatever the number of levels."""


class Validation(NamedTuple):
    """Rows held out from training, with what each counts; padded to whole slices, with ``weight`` 0 for the padding."""

    rows: Int[Array, "slices size"]
    weight: Float[Array, "slices size"]
    hidden: Bool[Array, "slices size D"]


class Figure(NamedTuple):
    """``value`` is what the purpose watches; ``columns`` its parts by column (nan where nothing was measured)."""

    value: Float[Array, ""]
    columns: Float[Array, " D"]


def measure(
    network: Network,
    encoder_state,
    cells: Cells,
    mask: Bool[Array, "N D"],
    scales: tuple[Scale, ...],
    bounds: Float[Array, "2 E"],
    validation: Validation,
    key: Key[Array, ""],
    purpose: str,
    kl_weight: float = 1.0,
) -> Figure:
    """The validation figure of a purpose.

    ``reconstruct`` and ``impute``: mean over columns of RMSE/range or error rate, on the cells that are seen
    and on extra cells that are hidden. ``score`` and ``sample``: negative evidence lower bound a row, in nats
    of model space; for ``sample`` with the KL weighted as in training, because latents are drawn from where they lie
    and not from the prior. ``bounds`` (2, E) are the lowest and highest values in value space.
    """
    layout = network.model.heads.layout
    if purpose in ("score", "sample"):
        weight = kl_weight if purpose == "sample" else 1.0
        return _negative_elbo(network, encoder_state, cells, mask, scales, validation, key, weight)

    def one(piece):
        rows, weight, hidden = piece
        batch = tuple(block[rows] for block in cells)
        observed = mask[rows]
        seen = observed & ~hidden if purpose == "impute" else observed
        scored = layout.spread(observed & hidden if purpose == "impute" else observed) * weight[:, None]
        posterior, _ = network.model.encoder(batch, seen, scales, encoder_state, inference=True)
        predicted = statistic(layout, network.model.decode(posterior.center), scales, "typical")
        predicted = jnp.clip(predicted, bounds[0], bounds[1])
        truth = values(layout, batch, scales, predicted.dtype)
        return jnp.where(scored > 0, scored * penalty(layout, truth, predicted), 0).sum(0), scored.sum(0)

    totals, counts = jax.lax.map(one, validation)
    total, count = layout.pool(totals.sum(0)), layout.pool(counts.sum(0))
    widths = (bounds[1] - bounds[0])[layout.first] if layout.elements > layout.features else bounds[1] - bounds[0]
    mean = total / jnp.where(count > 0, count, 1)
    nominal = jnp.asarray(layout.nominal)
    errors = jnp.where(nominal, mean, jnp.sqrt(mean) / widths)
    measured = count > 0
    value = jnp.where(measured, errors, 0).sum() / jnp.maximum(measured.sum(), 1)
    return Figure(value, jnp.where(measured, errors, jnp.nan))


def penalty(layout: Layout, truth: Float[Array, "... E"], predicted: Float[Array, "... E"]) -> Array:
    """Squared difference of numbers, 0 or 1 for levels, distance / levels where they have an order."""
    steps = jnp.asarray(layout.spread(layout.steps))
    wrong = jnp.where(steps > 0, jnp.abs(truth - predicted) / jnp.maximum(steps, 1), truth != predicted)
    return jnp.where(jnp.asarray(layout.spread(layout.nominal)), wrong, (truth - predicted) ** 2).astype(truth.dtype)


def _negative_elbo(network, encoder_state, cells, mask, scales, validation, key, kl_weight) -> Figure:
    def one(piece):
        (rows, weight, _), key = piece
        batch = tuple(block[rows] for block in cells)
        posterior, _ = network.model.encoder(batch, mask[rows], scales, encoder_state, inference=True)
        z = posterior.at(jax.random.normal(key, (1, len(rows), posterior.points)))
        log_likelihood = log_prob(network.model.heads.layout, network.model.decode(z), batch, mask[rows])[0]
        ratio = network.prior.log_prob(z)[0] - posterior.log_prob(z)[0]
        return (log_likelihood * weight[:, None]).sum(0), (ratio * weight).sum(), weight.sum()

    keys = jax.random.split(key, validation.rows.shape[0])
    columns, ratios, weights = jax.lax.map(one, (validation, keys))
    count = weights.sum()
    by_column = -columns.sum(0) / count
    return Figure(by_column.sum() - kl_weight * ratios.sum() / count, by_column)
