"""Runs side by side: one compiled program holds a chunk of steps, for all runs, over all devices."""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from jaxtyping import Array, Bool, Float, Int

from evenvae.likelihoods import Scale
from evenvae.models.batch import Batch
from evenvae.training import gradient_diagnostics, prior_updates
from evenvae.training.settings import OptimiserSettings, TrainingSettings
from evenvae.training.step import Method, Network, States, balanced_gradients, update_after_step
from evenvae.training.validation import Metric, Validation, measure


class Data(NamedTuple):
    """The table on the device, the constants of its columns, and their lowest and highest values in value space.

    Runs share one table, or have one each, stacked along a new first axis of every array.
    """

    table: Batch
    scales: tuple[Scale, ...]
    bounds: Float[Array, "*runs 2 E"]

    @property
    def stacked(self) -> bool:
        """Whether every run has its own table."""
        return self.table.mask.ndim == 3


class Run(NamedTuple):
    """Everything that changes while a run trains: a pytree of arrays, of one run or stacked over runs.

    ``bad_steps`` (D,) counts the steps in a row in which a column's gradient was not finite; ``stale`` the evaluations
    since the last improvement.
    """

    params: Any
    states: States
    optimiser: Any
    key: Array
    step: Int[Array, "*runs"]
    bad_steps: Int[Array, "*runs D"]
    failed: Bool[Array, "*runs"]
    stopped: Bool[Array, "*runs"]
    best_params: Any
    best_encoder: Any
    best_value: Float[Array, "*runs"]
    best_step: Int[Array, "*runs"]
    stale: Int[Array, "*runs"]


class Log(NamedTuple):
    """The figures of one chunk: means over its steps; the validation metric and the diagnostics at its end."""

    loss: Float[Array, "*runs"]
    column_losses: Float[Array, "*runs D"]
    kl: Float[Array, "*runs"]
    metric: Metric
    diagnostics: dict[str, Array]


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
    """Train one run for a chunk, then evaluate the validation metric; a stopped run comes back unchanged."""
    transformation = optimiser.build()
    key = jax.random.wrap_key_data(run.key)

    auxiliary = static.prior.has_auxiliary_update
    columns, features = data.table.mask.shape[-1], len(eqx.combine(run.params, static).model.heads.kernels()[0])
    records = settings.record_gradients and gradient_diagnostics.recordable(method.balancer, columns)
    used, states = method, run.states
    if records:
        used, states = gradient_diagnostics.begin(method, states, columns, len(batches))

    def step(carry: Any, both: Any) -> tuple[Any, Any]:
        rows, upcoming = both
        params, states, opt_state, count, bad = carry
        network = eqx.combine(params, static)
        own_key = jax.random.fold_in(key, count)
        batch = (data.table.take(rows), data.scales, own_key, used)
        before = states
        gradient, states, report = balanced_gradients(network, before, *batch)
        updates, opt_state = transformation.update(gradient, opt_state, params)
        params = eqx.apply_updates(params, updates)
        if used.balancer.needs_losses_after_step:
            states = update_after_step(states, before, eqx.combine(params, static), *batch)
        if auxiliary:
            network, prior_key = eqx.combine(params, static), jax.random.fold_in(own_key, 1)
            network, states = prior_updates.update(
                network, states, data.table, data.scales, batches, upcoming, prior_key
            )
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
    states, diagnostics = gradient_diagnostics.end(states, features) if records else (states, {})
    if auxiliary:
        network, states = prior_updates.finalise(
            eqx.combine(params, static),
            states,
            data.table,
            data.scales,
            validation.rows,
            jax.random.fold_in(key, 2**31 - 2),
        )
        params = eqx.filter(network, eqx.is_inexact_array)
    trained = jax.tree.leaves(params)
    healthy = jnp.stack([jnp.isfinite(leaf).all() for leaf in trained]).all()
    failed = run.failed | ~healthy | (worst.max() >= settings.max_bad_steps)
    network = eqx.combine(params, static)
    metric = measure(
        network,
        states.encoder,
        *data,
        validation,
        jax.random.fold_in(key, 2**31 - 1),
        settings.purpose,
        method.objective.kl_weight,
    )
    better = (metric.value < run.best_value) & ~failed if settings.keep_best else ~failed
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
        jnp.where(better, metric.value, run.best_value).astype(jnp.float32),
        jnp.where(better, count, run.best_step),
        stale.astype(jnp.int32),
    )
    diagnostics = method.objective.diagnostics(states.objective) | network.prior.diagnostics(states.prior) | diagnostics
    log = Log(losses.mean(), column_losses.mean(0), kls.mean(), metric, diagnostics)
    return choose(run.stopped, run, after), log


def runs_mesh(runs: int) -> Mesh:
    """A mesh of the largest number of devices among which the runs can be divided evenly."""
    devices = jax.devices()
    count = max(n for n in range(1, len(devices) + 1) if runs % n == 0)
    return Mesh(np.array(devices[:count]), ("runs",))


def spread(tree: Any, mesh: Mesh) -> Any:
    """Distribute arrays that are stacked over runs among the devices of the mesh."""
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

    def share(runs: Any, batches: Any, validation: Any, data: Any) -> Any:
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
