"""What is asked of a trained network, as compiled functions of a batch of rows.

A row's answer never depends on the rows beside it: the noise behind the draws of the latent is a fixed set of points;
see `evenvae.fitted.noise`.
"""

import math
from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Key

from evenvae import threefry
from evenvae.likelihoods import Scale
from evenvae.likelihoods.draws import draw_levels, level, open_uniform
from evenvae.models import Layout, log_prob
from evenvae.models.batch import Batch
from evenvae.models.heads import Statistic
from evenvae.models.heads import statistic as of_columns
from evenvae.models.heads import values as of_cells
from evenvae.models.merging import merged
from evenvae.threefry import AnyKey
from evenvae.training import Network

Scales = tuple[Scale, ...]
Expectations = list[Array]
"""For every block, merged as it is evaluated, what may be averaged over draws and members: point estimates of numbers,
probabilities of levels.
"""


def posterior_of(network: Network, encoder_state: Any, batch: Batch, scales: Scales) -> Any:
    """q(z|x) of every row, a `PosteriorProtocol`."""
    return network.model.encoder(batch, scales, encoder_state, inference=True)[0]


@eqx.filter_jit
def representation(network: Network, encoder_state: Any, batch: Batch, scales: Scales) -> Float[Array, "rows size"]:
    """The place of every row in latent space."""
    return posterior_of(network, encoder_state, batch, scales).representation


@eqx.filter_jit
def posterior(
    network: Network, encoder_state: Any, batch: Batch, scales: Scales
) -> tuple[Float[Array, "rows latent"], Float[Array, "rows latent"]]:
    """Mean and standard deviation of z for every row, for models whose posterior is a diagonal normal."""
    q = posterior_of(network, encoder_state, batch, scales)
    return q.mean, q.std


@eqx.filter_jit
def parameters_at_location(
    network: Network, encoder_state: Any, batch: Batch, scales: Scales
) -> Float[Array, "rows P"]:
    """Parameters of every column's likelihood at the location of the posterior."""
    return network.model.decode(posterior_of(network, encoder_state, batch, scales).location)


@eqx.filter_jit
def posterior_draw(network: Network, encoder_state: Any, batch: Batch, scales: Scales, key: AnyKey) -> Any:
    """One draw from the posterior of every row, as the prior sees it."""
    q = posterior_of(network, encoder_state, batch, scales)
    z = q.at(jax.random.normal(threefry.wrap(key), (1, batch.mask.shape[0], q.noise_size)))
    return jax.tree.map(lambda part: part[0], q.latent_of(z))


@eqx.filter_jit
def log_prior(network: Network, z: Float[Array | np.ndarray, "rows latent"]) -> Float[Array, " rows"]:
    """log p(z)."""
    return network.prior.log_prob(z)


@eqx.filter_jit
def normaliser_figures(network: Network, key: AnyKey) -> dict[str, Array]:
    """The constant of an unnormalised prior; see `Prior.normaliser_figures`."""
    return network.prior.normaliser_figures(threefry.wrap(key))


@eqx.filter_jit
def decode(
    network: Network, places: Float[Array | np.ndarray, "rows size"], tasks: Int[Array | np.ndarray, "rows T"]
) -> Float[Array, "rows P"]:
    """Parameters of every column's likelihood at places of latent space, under ``tasks``."""
    return network.model.decode(network.model.latent_at(places, tasks))


@eqx.filter_jit
def statistic(
    layout: Layout, parameters: Float[Array | np.ndarray, "rows P"], scales: Scales, name: Statistic
) -> Float[Array, "rows E"]:
    """A statistic of every column, in value space."""
    return of_columns(layout, jnp.asarray(parameters), scales, name)


@eqx.filter_jit
def values(layout: Layout, batch: Batch, scales: Scales) -> Float[Array, "rows E"]:
    """The cells of the rows in value space, whether the batch shows or hides them."""
    return of_cells(layout, batch.cells, scales)


def weigh(
    network: Network, q: Any, batch: Batch, noise: Float[Array | np.ndarray, "samples #rows size"]
) -> tuple[Float[Array, "samples rows P"], Float[Array, "samples rows D"], Float[Array, "samples rows"]]:
    """Parameters at the draws of ``q`` from this noise, the cells' log-likelihoods there, and the log of p(x, z) / q.

    No draw from far off, where an exponential overflows, counts for anything.
    """
    z = q.at(noise)
    parameters = network.model.decode(z)
    by_cell = log_prob(network.model.heads.layout, parameters, batch.cells, batch.mask)
    log_weight = by_cell.sum(-1) + network.prior.log_prob(q.latent_of(z)) - q.log_prob(z)
    return parameters, by_cell, jnp.where(jnp.isnan(log_weight), -jnp.inf, log_weight)


def _weighted(
    network: Network, encoder_state: Any, batch: Batch, scales: Scales, noise: Any
) -> tuple[Float[Array, "samples rows P"], Float[Array, "samples rows D"], Float[Array, "samples rows"]]:
    """`weigh` for draws of the posterior."""
    return weigh(network, posterior_of(network, encoder_state, batch, scales), batch, noise[:, None, :])


def expectations(layout: Layout, parameters: Float[Array, "*rows P"], scales: Scales) -> Expectations:
    """For every block, merged as it is evaluated, what may be averaged.

    These are point estimates of numbers in value space, and probabilities of levels.
    """
    view, parts = merged(layout), []
    for block, part, scale in zip(view.layout.blocks, view.split(parameters), view.scales(scales), strict=True):
        likelihood = block.likelihood
        parts.append(likelihood.probabilities(part) if likelihood.discrete else likelihood.point_estimate(part, scale))
    return parts


def decide(
    layout: Layout, averaged: list[np.ndarray], without: Mapping[int, int] | None = None
) -> Float[np.ndarray, "rows E"]:
    """Values from averages: the numbers themselves, the most probable level.

    Args:
        layout: of the columns.
        averaged: expectations by block.
        without: by column, the code of a level that is not to be chosen.
    """
    parts, layout = [], merged(layout).layout
    for block, part in zip(layout.blocks, averaged, strict=True):
        if not block.likelihood.discrete:
            parts.append(np.asarray(part, np.float64))
            continue
        probabilities = np.array(part, np.float64)
        for place, column in enumerate(block.columns):
            if without and column in without:
                probabilities[..., place, without[column]] = -np.inf
        parts.append(np.argmax(probabilities, axis=-1).astype(np.float64))
    return layout.join_elements(parts)


@eqx.filter_jit
def reconstruct(network: Network, encoder_state: Any, batch: Batch, scales: Scales) -> Expectations:
    """What is expected at the location of the posterior."""
    q = posterior_of(network, encoder_state, batch, scales)
    return expectations(network.model.heads.layout, network.model.decode(q.location), scales)


@eqx.filter_jit
def translate(
    network: Network, encoder_state: Any, batch: Batch, scales: Scales, tasks: Int[Array | np.ndarray, " T"]
) -> Expectations:
    """What is expected at the location of the posterior under other tasks; -1 keeps a row's own task."""
    q = posterior_of(network, encoder_state, batch, scales)
    latent = network.model.latent_at(q.representation, jnp.where(tasks < 0, batch.tasks, tasks))
    return expectations(network.model.heads.layout, network.model.decode(latent), scales)


@eqx.filter_jit
def impute(
    network: Network,
    encoder_state: Any,
    batch: Batch,
    scales: Scales,
    noise: Float[Array | np.ndarray, "samples size"],
    bounds: Float[Array | np.ndarray, "2 E"],
) -> Expectations:
    """Expectations under the posterior given the observed cells, by self-normalised importance weights."""
    parameters, _, log_weight = _weighted(network, encoder_state, batch, scales, noise)
    weight = jax.nn.softmax(log_weight, axis=0)
    layout = network.model.heads.layout
    blocks, parts = merged(layout).layout, []
    lows, highs = blocks.split_elements(bounds[0]), blocks.split_elements(bounds[1])
    expected = expectations(layout, parameters, scales)
    for block, part, low, high in zip(blocks.blocks, expected, lows, highs, strict=True):
        if not block.likelihood.discrete:
            # a single far-off draw of a heavy-tailed column must not dominate the mean
            part = jnp.clip(part, low, high)
        parts.append((part * weight.reshape(*weight.shape, *([1] * (part.ndim - 2)))).sum(0))
    return parts


@eqx.filter_jit
def impute_draw(
    network: Network,
    encoder_state: Any,
    batch: Batch,
    scales: Scales,
    noise: Float[Array | np.ndarray, "samples size"],
    key: AnyKey,
) -> Float[Array, "rows E"]:
    """One draw of every cell given the observed ones: sampling-importance-resampling of z, then the heads."""
    parameters, _, log_weight = _weighted(network, encoder_state, batch, scales, noise)
    keys = jax.random.split(threefry.wrap(key))
    chosen = level(open_uniform(keys[0], log_weight.shape[1:]), log_weight.T)
    picked = jnp.take_along_axis(parameters, chosen[None, :, None], axis=0)[0]
    return draw(network.model.heads.layout, picked, scales, keys[1])


def draw(
    layout: Layout, parameters: Float[Array, "rows P"], scales: Scales, key: Key[Array, ""]
) -> Float[Array, "rows E"]:
    """One draw of every column, in value space."""
    view, rows = merged(layout), parameters.shape[0]
    blocks = view.layout.blocks
    shapes = [(b.likelihood.uniforms, len(b.columns), *b.likelihood.event_shape) for b in blocks]
    ends = np.cumsum([math.prod(shape) for shape in shapes])
    uniform = open_uniform(key, (rows, int(ends[-1])))
    parts = []
    for block, part, scale, shape, end in zip(
        blocks, view.split(parameters), view.scales(scales), shapes, ends, strict=True
    ):
        own = uniform[:, end - math.prod(shape) : end].reshape(rows, *shape)
        parts.append(block.likelihood.from_uniform(jnp.moveaxis(own, 1, 0), part, scale))
    return view.layout.join_elements(parts)


@eqx.filter_jit
def sample(
    network: Network, scales: Scales, key: AnyKey, tasks: Int[Array | np.ndarray, "rows T"]
) -> Float[Array, "rows E"]:
    """New rows of the model under ``tasks``, in value space."""
    keys = jax.random.split(threefry.wrap(key))
    z = network.model.decodable(network.prior.sample(keys[0], len(tasks)), tasks)
    return draw(network.model.heads.layout, network.model.decode(z), scales, keys[1])


@eqx.filter_jit
def draw_shown(
    network: Network, encoder_state: Any, batch: Batch, scales: Scales, key: AnyKey
) -> Float[Array, "rows E"]:
    """One draw of every cell given the shown ones, by a model with sight; z is drawn where a row shows none."""
    keys = jax.random.split(threefry.wrap(key))
    q = posterior_of(network, encoder_state, batch, scales)
    latent = q.location._replace(z=network.prior.sample(keys[0], batch.mask.shape[0]))
    return draw(network.model.heads.layout, network.model.decode(latent), scales, keys[1])


@eqx.filter_jit
def conditional(
    network: Network,
    encoder_state: Any,
    batch: Batch,
    scales: Scales,
    noise: Float[Array | np.ndarray, "proposals size"],
    key: AnyKey,
    rows: int,
) -> tuple[Float[Array, "rows E"], Float[Array, ""]]:
    """Draws of all columns given the observed cells of one row, in value space, and the effective number of latents.

    Latents come from q(z | observed) and from the prior, half each, so that weights stay bounded where the encoder
    has never seen so empty a row; they are resampled by p(observed | z).
    """
    keys = jax.random.split(threefry.wrap(key), 3)
    model = network.model
    q = posterior_of(network, encoder_state, batch, scales)
    count = len(noise)
    tasks = jnp.broadcast_to(jnp.asarray(batch.tasks), (count, batch.tasks.shape[-1]))
    of_prior = model.decodable(network.prior.sample(keys[0], count), tasks)
    proposed = (q.at(noise[:, None, :]), jax.tree.map(lambda z: z[:, None], of_prior))
    z = jax.tree.map(lambda *halves: jnp.concatenate(halves), *proposed)
    parameters = model.decode(z)
    layout = model.heads.layout
    prior, posterior = network.prior.log_prob(q.latent_of(z)), q.log_prob(z)
    log_weight = log_prob(layout, parameters, batch.cells, batch.mask).sum(-1) + prior - jnp.logaddexp(prior, posterior)
    chosen = draw_levels(keys[1], log_weight[:, 0], rows)
    effective = 1 / (jax.nn.softmax(log_weight[:, 0]) ** 2).sum()
    return draw(layout, parameters[chosen, 0], scales, keys[2]), effective
