"""Questions to a trained network, compiled and asked in slices of rows.

A row's answer never depends on the rows beside it: latent noise is one fixed set of points, shared by all rows.
"""

import functools
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Key
from scipy.stats import norm, qmc

from evenvae.likelihoods import Scale
from evenvae.models.conditioning import under
from evenvae.models.encoder import Cells
from evenvae.models.heads import log_jacobian, log_prob
from evenvae.models.layout import Layout

BUDGET = 2**22
"""Head outputs computed at once, which bounds memory whatever the number of samples and levels."""
LEAST = 32
"""Rows computed at once where fewer are asked for."""


@functools.lru_cache(maxsize=16)
def latent_points(samples: int, latent_size: int) -> Float[np.ndarray, "samples latent"]:
    """Standard-normal points of a scrambled Sobol sequence: less error than independent draws."""
    power = int(np.ceil(np.log2(max(samples, 2))))
    uniform = qmc.Sobol(latent_size, scramble=True, rng=np.random.default_rng(20)).random_base2(power)
    return norm.ppf(np.clip(uniform[:samples], 1e-7, 1 - 1e-7)).astype(np.float32)


def slice_rows(layout: Layout, samples: int, rows: int) -> int:
    """Rows asked at once: a power of two, so that few programs are compiled.

    Up to LEAST rows share one: a row by itself gets the very answer that it gets among a few others.
    """
    most = max(1, min(1024, BUDGET // max(1, samples * layout.width)))
    return min(most, max(LEAST, 1 << max(0, rows - 1).bit_length()))


def in_slices(function, cells: Cells, mask: np.ndarray, size: int) -> Any:
    """Call ``function(cells, mask)`` on slices of ``size`` rows (the last one padded); join the answers."""
    rows = len(mask)
    answers = []
    for start in range(0, rows, size):
        stop = min(start + size, rows)
        pad = lambda a, stop=stop, start=start: np.concatenate(
            [a[start:stop], np.repeat(a[:1], size - (stop - start), axis=0)]
        )
        answer = function(tuple(pad(block) for block in cells), pad(mask))
        answers.append(jax.tree.map(lambda a, n=stop - start: np.asarray(a)[:n], answer))
    return jax.tree.map(lambda *parts: np.concatenate(parts), *answers)


@eqx.filter_jit
def coordinates(network, encoder_state, cells: Cells, mask: Bool[Array, "rows D"], scales: tuple[Scale, ...]):
    """Every row's place in latent space."""
    return network.model.encoder(cells, mask, scales, encoder_state, inference=True)[0].coordinates


@eqx.filter_jit
def normal_posterior(network, encoder_state, cells: Cells, mask: Bool[Array, "rows D"], scales: tuple[Scale, ...]):
    """Mean and standard deviation of every row's posterior, for models where it is a diagonal normal."""
    q, _ = network.model.encoder(cells, mask, scales, encoder_state, inference=True)
    return q.mean, q.std


@eqx.filter_jit
def raw_at_center(network, encoder_state, cells: Cells, mask: Bool[Array, "rows D"], scales: tuple[Scale, ...]):
    """Raw head outputs at the latent that stands for every row."""
    q, _ = network.model.encoder(cells, mask, scales, encoder_state, inference=True)
    return network.model.decode(q.center)


@eqx.filter_jit
def posterior(network, encoder_state, cells: Cells, mask: Bool[Array, "rows D"], scales: tuple[Scale, ...]):
    """Mean and standard deviation of z for every row, ``(rows, latent)`` each; for normal posteriors."""
    q, _ = network.model.encoder(cells, mask, scales, encoder_state, inference=True)
    return q.mean, q.std


@eqx.filter_jit
def posterior_draw(network, encoder_state, cells: Cells, mask: Array, scales: tuple[Scale, ...], key: Key[Array, ""]):
    """One latent of every row, drawn from its posterior."""
    q, _ = network.model.encoder(cells, mask, scales, encoder_state, inference=True)
    z = q.at(jax.random.normal(key, (1, mask.shape[0], q.points)))
    return jax.tree.map(lambda part: part[0], z)


@eqx.filter_jit
def log_prior(network, z: Float[Array, "rows latent"]) -> Float[Array, " rows"]:
    """log p(z)."""
    return network.prior.log_prob(z)


@eqx.filter_jit
def decode(network, places: Float[Array, "rows coordinates"], codes: Any = None) -> Float[Array, "rows P"]:
    """Raw head outputs at places of latent space, under the tasks with ``codes`` (rows, T)."""
    return network.model.decode(under(network, network.model.latent_of(places), codes))


def _weighted(network, encoder_state, cells, mask, scales, points):
    """Decoded samples of the posterior with their log importance weights, ``(samples, rows)``."""
    q, _ = network.model.encoder(cells, mask, scales, encoder_state, inference=True)
    z = q.at(points[:, None, :])
    raw = network.model.decode(z)
    log_likelihood = log_prob(network.model.heads.layout, raw, cells, mask)
    log_weight = log_likelihood.sum(-1) + network.prior.log_prob(z) - q.log_prob(z)
    return raw, log_likelihood, log_weight


@eqx.filter_jit
def log_likelihood(network, encoder_state, cells, mask, scales, points) -> dict[str, Array]:
    """Importance-sampled log-likelihood of every row on the raw scale, with its error and sample size.

    ``total`` (rows,) is log mean w; ``columns`` (rows, D) the posterior expectation of each cell's
    log-likelihood; ``standard_error`` by the delta method; ``effective_samples`` = 1 / sum of squared
    normalised weights.
    """
    _, by_cell, log_weight = _weighted(network, encoder_state, cells, mask, scales, points)
    jacobian = log_jacobian(network.model.heads.layout, cells, scales, mask)
    samples = log_weight.shape[0]
    weight = jax.nn.softmax(log_weight, axis=0)
    ess = 1 / (weight**2).sum(0)
    total = jax.nn.logsumexp(log_weight, axis=0) - jnp.log(samples) + jacobian.sum(-1)
    # var(mean w) / mean(w)^2 = sum(wn^2) - 1/K for normalised weights wn
    error = jnp.sqrt(jnp.maximum(1 / ess - 1 / samples, 0))
    columns = (by_cell * weight[..., None]).sum(0) + jacobian
    return {"total": total, "columns": columns, "standard_error": error, "effective_samples": ess}


def expectations(layout: Layout, raw: Float[Array, "... P"], scales: tuple[Scale, ...]) -> list[Array]:
    """Per block what may be averaged: typical numbers in value space, probabilities of levels."""
    parts = []
    for block, part, scale in zip(layout.blocks, layout.split(raw), scales, strict=True):
        likelihood = block.likelihood
        parts.append(likelihood.probabilities(part) if likelihood.nominal else likelihood.typical(part, scale))
    return parts


def decide(layout: Layout, averaged: list[np.ndarray]) -> Float[np.ndarray, "rows E"]:
    """Averages to values, ``(rows, E)``: the numbers themselves, the most probable level."""
    parts = [
        np.argmax(part, axis=-1).astype(np.float64) if block.likelihood.nominal else np.asarray(part, np.float64)
        for block, part in zip(layout.blocks, averaged, strict=True)
    ]
    return layout.join_elements(parts)


@eqx.filter_jit
def reconstruct(network, encoder_state, cells, mask, scales) -> list[Array]:
    """What is expected at the posterior's center."""
    q, _ = network.model.encoder(cells, mask, scales, encoder_state, inference=True)
    return expectations(network.model.heads.layout, network.model.decode(q.center), scales)


@eqx.filter_jit
def translate(network, encoder_state, cells, mask, scales, codes) -> list[Array]:
    """What is expected at the posterior's center, decoded under the tasks with ``codes`` (T,)."""
    q, _ = network.model.encoder(cells, mask, scales, encoder_state, inference=True)
    own = cells[-1]
    latent = under(network, q.mean, jnp.where(codes < 0, own, codes))
    return expectations(network.model.heads.layout, network.model.decode(latent), scales)


@eqx.filter_jit
def impute(network, encoder_state, cells, mask, scales, points, bounds) -> list[Array]:
    """Expectations under the posterior given the observed cells, by self-normalised importance weights."""
    raw, _, log_weight = _weighted(network, encoder_state, cells, mask, scales, points)
    weight = jax.nn.softmax(log_weight, axis=0)
    layout = network.model.heads.layout
    parts = []
    lows, highs = layout.split_elements(bounds[0]), layout.split_elements(bounds[1])
    for block, part, low, high in zip(layout.blocks, expectations(layout, raw, scales), lows, highs, strict=True):
        if not block.likelihood.nominal:
            # a single far-off draw of a heavy-tailed column must not own the mean
            part = jnp.clip(part, low, high)
        parts.append((part * weight.reshape(*weight.shape, *([1] * (part.ndim - 2)))).sum(0))
    return parts


@eqx.filter_jit
def impute_draw(network, encoder_state, cells, mask, scales, points, key: Key[Array, ""]) -> Array:
    """One draw of every cell given the observed ones: sampling-importance-resampling of z, then the heads."""
    raw, _, log_weight = _weighted(network, encoder_state, cells, mask, scales, points)
    keys = jax.random.split(key)
    chosen = jax.random.categorical(keys[0], log_weight, axis=0)
    picked = jnp.take_along_axis(raw, chosen[None, :, None], axis=0)[0]
    return draw(network.model.heads.layout, picked, scales, keys[1])


def draw(layout: Layout, raw: Float[Array, "rows P"], scales: tuple[Scale, ...], key: Key[Array, ""]) -> Array:
    """One draw of every column, ``(rows, E)`` in value space."""
    keys = jax.random.split(key, len(layout.blocks))
    parts = [
        block.likelihood.sample(k, part, scale)
        for block, part, scale, k in zip(layout.blocks, layout.split(raw), scales, keys, strict=True)
    ]
    return layout.join_elements(parts)


@eqx.filter_jit
def sample(
    network, scales: tuple[Scale, ...], key: Key[Array, ""], rows: int, codes: Any = None
) -> Float[Array, "rows E"]:
    """Rows of the model, in value space; ``codes`` (rows, T) are their tasks, where it knows tasks."""
    keys = jax.random.split(key)
    z = under(network, network.prior.sample(keys[0], rows), codes)
    return draw(network.model.heads.layout, network.model.decode(z), scales, keys[1])


@eqx.filter_jit
def conditional(
    network,
    encoder_state,
    cells: Cells,
    mask: Array,
    scales: tuple[Scale, ...],
    points,
    key: Key[Array, ""],
    rows: int,
    codes: Any = None,
) -> tuple[Float[Array, "rows E"], Float[Array, ""]]:
    """Draws of all columns given one row's observed cells, in value space, and the effective number of latents.

    Latents come from q(z | observed) and from the prior, half each, so that weights stay bounded where the encoder
    has never seen so empty a row; they are resampled by p(observed | z). ``codes`` (T,) are the row's tasks, where the
    model knows tasks.
    """
    keys = jax.random.split(key, 3)
    q, _ = network.model.encoder(cells, mask, scales, encoder_state, inference=True)
    count = len(points)
    repeated = None if codes is None else jnp.broadcast_to(jnp.asarray(codes), (count, len(codes)))
    of_prior = under(network, network.prior.sample(keys[0], count), repeated)
    proposed = (q.at(points[:, None, :]), jax.tree.map(lambda z: z[:, None], of_prior))
    z = jax.tree.map(lambda *halves: jnp.concatenate(halves), *proposed)
    raw = network.model.decode(z)
    layout = network.model.heads.layout
    prior, posterior = network.prior.log_prob(z), q.log_prob(z)
    log_weight = log_prob(layout, raw, cells, mask).sum(-1) + prior - jnp.logaddexp(prior, posterior)
    chosen = jax.random.categorical(keys[1], log_weight[:, 0], shape=(rows,))
    effective = 1 / (jax.nn.softmax(log_weight[:, 0]) ** 2).sum()
    return draw(layout, raw[chosen, 0], scales, keys[2]), effective
