"""The validation metric, by which training stops and searches select; it follows the purpose, and lower is better."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key

from evenvae.likelihoods import Scale
from evenvae.models import Layout, log_prob, statistic, values
from evenvae.models.batch import Batch
from evenvae.models.packed import PackedTable
from evenvae.training.hiding import binarised
from evenvae.training.settings import Purpose
from evenvae.training.step import Network

SLICE = 512
"""Validation rows decoded at a time, which bounds memory whatever the number of levels."""


class Validation(NamedTuple):
    """Rows held out from training, with the weight of each; padded to whole slices, with ``weight`` 0 for the padding.

    ``hidden`` marks the cells that are hidden from the model where imputation is measured.
    """

    rows: Int[Array, "slices size"]
    weight: Float[Array, "slices size"]
    hidden: Bool[Array, "slices size D"]


class Metric(NamedTuple):
    """``value`` is the metric of the purpose; ``columns`` its parts by column (nan where nothing was measured)."""

    value: Float[Array, ""]
    columns: Float[Array, " D"]


def measure(
    network: Network,
    encoder_state: Any,
    table: PackedTable,
    scales: tuple[Scale, ...],
    bounds: Float[Array, "2 E"],
    validation: Validation,
    key: Key[Array, ""],
    purpose: Purpose,
    kl_weight: float = 1.0,
    binarise: bool = False,
) -> Metric:
    """The validation metric of a purpose.

    ``reconstruct`` and ``impute``: the mean over columns of RMSE / range or error rate, on the cells that the model
    sees, or on cells that are hidden from it. ``score`` and ``sample``: the negative evidence lower bound of a row, in
    nats of model space; for ``sample`` the KL is weighted as in training, because latents are drawn from a density
    that is fitted to the posteriors, not from the prior. ``bounds`` (2, E) are the lowest and highest values in value
    space. With ``binarise`` grey pixels are drawn black or white, the same in every call with this key.
    """
    layout = network.model.heads.layout

    def taken(rows: Any) -> Batch:
        batch = table.take(rows, layout)
        return binarised(jax.random.fold_in(key, 1), batch, layout) if binarise else batch

    if purpose in ("score", "sample"):
        weight = kl_weight if purpose == "sample" else 1.0
        return _negative_elbo(network, encoder_state, taken, scales, validation, key, weight)

    def one(piece: Any) -> tuple[Array, Array]:
        rows, weight, hidden = piece
        batch = taken(rows)
        observed = batch.mask
        seen = observed & ~hidden if purpose == "impute" else observed
        scored = layout.spread(observed & hidden if purpose == "impute" else observed) * weight[:, None]
        asked = batch.hide(seen)
        asked = asked.show() if purpose == "impute" else asked
        posterior, _ = network.model.encoder(asked, scales, encoder_state, inference=True)
        predicted = statistic(layout, network.model.decode(posterior.location), scales, "default")
        predicted = jnp.clip(predicted, bounds[0], bounds[1])
        truth = values(layout, batch.cells, scales, predicted.dtype)
        return jnp.where(scored > 0, scored * penalty(layout, truth, predicted), 0).sum(0), scored.sum(0)

    totals, counts = jax.lax.map(one, validation)
    total, count = layout.pool(totals.sum(0)), layout.pool(counts.sum(0))
    widths = (bounds[1] - bounds[0])[layout.first] if layout.elements > layout.features else bounds[1] - bounds[0]
    mean = total / jnp.where(count > 0, count, 1)
    discrete = jnp.asarray(layout.discrete)
    errors = jnp.where(discrete, mean, jnp.sqrt(mean) / widths)
    measured = count > 0
    value = jnp.where(measured, errors, 0).sum() / jnp.maximum(measured.sum(), 1)
    return Metric(value, jnp.where(measured, errors, jnp.nan))


def penalty(
    layout: Layout, truth: Float[Array, "*rows E"], predicted: Float[Array, "*rows E"]
) -> Float[Array, "*rows E"]:
    """Squared difference of numbers, 0 or 1 for levels, distance / levels where they have an order."""
    steps = jnp.asarray(layout.spread(layout.steps))
    wrong = jnp.where(steps > 0, jnp.abs(truth - predicted) / jnp.maximum(steps, 1), truth != predicted)
    return jnp.where(jnp.asarray(layout.spread(layout.discrete)), wrong, (truth - predicted) ** 2).astype(truth.dtype)


def _negative_elbo(
    network: Network,
    encoder_state: Any,
    taken: Callable[[Any], Batch],
    scales: tuple[Scale, ...],
    validation: Validation,
    key: Key[Array, ""],
    kl_weight: float,
) -> Metric:
    def one(piece: Any) -> tuple[Array, Array, Array]:
        (rows, weight, _), key = piece
        batch = taken(rows)
        posterior, _ = network.model.encoder(batch, scales, encoder_state, inference=True)
        z = posterior.at(jax.random.normal(key, (1, len(rows), posterior.noise_size)))
        layout = network.model.heads.layout
        log_likelihood = log_prob(layout, network.model.decode(z), batch.cells, batch.mask)[0]
        ratio = network.prior.log_prob(posterior.latent_of(z))[0] - posterior.log_prob(z)[0]
        return (log_likelihood * weight[:, None]).sum(0), (ratio * weight).sum(), weight.sum()

    keys = jax.random.split(key, validation.rows.shape[0])
    columns, ratios, weights = jax.lax.map(one, (validation, keys))
    count = weights.sum()
    by_column = -columns.sum(0) / count
    return Metric(by_column.sum() - kl_weight * ratios.sum() / count, by_column)
