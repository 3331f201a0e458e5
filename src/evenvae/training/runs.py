"""Runs side by side: one compiled program holds a chunk of steps, for all runs, over all devices."""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from jaxtyping import Array, Bool, Float, Int

from evenvae.likelihoods import Scale
from evenvae.models import Cells
from evenvae.training import refining, watching
from evenvae.training.purpose import Figure, Validation, measure
from evenvae.training.settings import OptimiserSettings, TrainingSettings
from evenvae.training.step import Method, Network, States, balanced_gradients, look_back


class Data(NamedTuple):
    """The table on the device: model-space cells by block, what is observed, and the columns' constants.

    Runs share it, or have one each, stacked along a new first axis of every array.
    """

    cells: Cells
    mask: Bool[Array, "N D"]
    scales: tuple[Scale, ...]
    bounds: Float[Array, "2 E"]

    @property
    def stacked(self) -> bool:
        """Whether every run has its own table."""
        return self.mask.ndim == 3


class Run(NamedTuple):
    """Everything that changes while a run trains; a pytree of arrays, stacked over runs."""

    params: Any
    states: States
    optimiser: Any
    key: Array
    step: Int[Array, ""]
    bad_steps: Int[Array, " D"]
    failed: Bool[Array, ""]
    stopped: Bool[Array, ""]
    best_params: Any
    best_encoder: Any
    best_value: Float[Array, ""]
    best_step: Int[Array, ""]
    stale: Int[Array, ""]


class Log(NamedTuple):
    """What one chunk says: means over its steps; the validation figure, and what is watched, at its end."""

    loss: Float[Array, ""]
    column_losses: Float[Array, " D"]
    kl: Float[Array, ""]
    figure: Figure
    watched: dict[str, Array]


def start(network: Network, states: States, key: Array, optimiser: OptimiserSettings, features: int) -> Run:
    """A run at step 0; ``key`` is raw key data."""
    params = eqx.filter(network, eqx.is_inexact_array)
    # a copy, so that parameters and their best values never share a buffer
    best_params, best_encoder = jax.tree.map(jnp.array, (params, states.encoder))
    return Run(
        params,
        states,
        optimiser.build().init(params),
        key,
        jnp.zeros((), jnp.int32),
        jnp.zeros(features, jnp.int32),
        jnp.zeros((), bool),
        jnp.zeros((), bool),
        best_params,
        best_encoder,
        jnp.full((), jnp.inf, jnp.float32),
        jnp.zeros((), jnp.int32),
        jnp.zeros((), jnp.int32),
    )


def run_chunk(
    run: Run,
    batches: Int[Array, "steps batch"],
    validation: Validation,
    data: Data,
    static: Network,
    method: Method,
    optimiser: OptimiserSettings,
    settings: TrainingSettings,
) -> tuple[Run, Log]:
    """Train one run for a chunk, then look at the validation figure; a stopped run comes back unchanged."""
    transformation = optimiser.build()
    key = jax.random.wrap_key_data(run.key)

    aside = refining.learns_aside(static.prior)
    columns, features = data.mask.shape[-1], len(eqx.combine(run.params, static).model.heads.kernels()[0])
    watches = settings.watch_gradients and watching.watchable(method.balancer, columns)
    taken, states = method, run.states
    if watches:
        taken, states = watching.begin(method, states, features, columns, len(batches))

    def step(carry, both):
        rows, upcoming = both
        params, states, opt_state, count, bad = carry
        network = eqx.combine(params, static)
        cells = tuple(block[rows] for block in data.cells)
        batch = (cells, data.mask[rows], data.scales, jax.random.fold_in(key, count), taken)
        before = states
        gradient, states, report = balanced_gradients(network, before, *batch)
        updates, opt_state = transformation.update(gradient, opt_state, params)
        params = eqx.apply_updates(params, updates)
        if taken.balancer is not None and taken.balancer.looks_back:
            states = look_back(states, before, eqx.combine(params, static), *batch)
        if aside:
            network, own = eqx.combine(params, static), jax.random.fold_in(batch[3], 1)
            network, states = refining.refine(network, states, data, batches, upcoming, own)
            params = eqx.filter(network, eqx.is_inexact_array)
        bad = jnp.where(report.finite, 0, bad + 1)
        return (params, states, opt_state, count + 1, bad), (
            report.loss,
            report.column_losses,
            report.kl,
            bad.max(initial=0),
        )

    carry = (run.params, states, run.optimiser, run.step, run.bad_steps)
    carry, (losses, column_losses, kls, worst) = jax.lax.scan(step, carry, (batches, jnp.roll(batches, -1, axis=0)))
    params, states, opt_state, count, bad = carry
    states, seen = watching.end(states, method.balancer, features) if watches else (states, {})
    if aside:
        settling = jax.random.fold_in(key, 2**31 - 2)
        network, states = refining.settle(eqx.combine(params, static), states, data, validation.rows, settling)
        params = eqx.filter(network, eqx.is_inexact_array)
    trained = jax.tree.leaves(params)
    healthy = jnp.stack([jnp.isfinite(leaf).all() for leaf in trained]).all()
    failed = run.failed | ~healthy | (worst.max() >= settings.max_bad_steps)
    figure = measure(
        eqx.combine(params, static),
        states.encoder,
        *data,
        validation,
        jax.random.fold_in(key, 2**31 - 1),
        settings.purpose,
        getattr(method.objective, "beta", 1.0),
    )
    better = (figure.value < run.best_value) & ~failed if settings.keep_best else ~failed
    stale = jnp.where(better, 0, run.stale + 1)
    patience = settings.patience if settings.patience is not None else np.iinfo(np.int32).max
    choose = lambda condition, new, old: jax.tree.map(lambda a, b: jnp.where(condition, a, b), new, old)
    best_params, best_encoder = choose(better, (params, states.encoder), (run.best_params, run.best_encoder))
    after = Run(
        params,
        states,
        opt_state,
        run.key,
        count,
        bad,
        failed,
        run.stopped | failed | (stale >= patience),
        best_params,
        best_encoder,
        jnp.where(better, figure.value, run.best_value).astype(jnp.float32),
        jnp.where(better, count, run.best_step),
        stale.astype(jnp.int32),
    )
    watched = method.objective.watched(states.objective) | refining.watched(eqx.combine(params, static), states) | seen
    log = Log(losses.mean(), column_losses.mean(0), kls.mean(), figure, watched)
    return choose(run.stopped, run, after), log


def runs_mesh(runs: int) -> Mesh:
    """The most devices that share the runs evenly."""
    devices = jax.devices()
    count = max(n for n in range(1, len(devices) + 1) if runs % n == 0)
    return Mesh(np.array(devices[:count]), ("runs",))


def spread(tree: Any, mesh: Mesh) -> Any:
    """Lay arrays stacked over runs on the mesh's devices."""
    return jax.device_put(tree, NamedSharding(mesh, PartitionSpec("runs")))


def everywhere(tree: Any, mesh: Mesh) -> Any:
    """A copy of every array on every device of the mesh."""
    return jax.device_put(tree, NamedSharding(mesh, PartitionSpec()))


@eqx.filter_jit
def run_chunks(
    runs: Run,
    batches: Int[Array, "runs steps batch"],
    validation: Validation,
    data: Data,
    static: Network,
    method: Method,
    optimiser: OptimiserSettings,
    settings: TrainingSettings,
    mesh: Mesh,
) -> tuple[Run, Log]:
    """`run_chunk` for all runs: each device trains its share of them under ``vmap``."""

    def share(runs, batches, validation, data):
        one = lambda run, rows, held_out, table: run_chunk(
            run, rows, held_out, table, static, method, optimiser, settings
        )
        return jax.vmap(one, in_axes=(0, 0, 0, 0 if data.stacked else None))(runs, batches, validation, data)

    over = PartitionSpec("runs")
    tables = over if data.stacked else PartitionSpec()
    mapped = jax.shard_map(
        share, mesh=mesh, in_specs=(over, over, over, tables), out_specs=(over, over), check_vma=False
    )
    return mapped(runs, batches, validation, data)
