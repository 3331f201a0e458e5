"""Runs side by side: one compiled program holds a chunk of steps, for all runs, over all devices."""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.sharding import Mesh, PartitionSpec
from jaxtyping import Array, Bool, Float, Int

from evenvae import threefry
from evenvae.likelihoods import Scale
from evenvae.models.batch import Batch
from evenvae.models.packed import PackedTable
from evenvae.training import gradient_diagnostics, prior_updates
from evenvae.training.devices import RUNS, divide_rows, everywhere, on_all, spread
from evenvae.training.hiding import binarised
from evenvae.training.private_step import private_gradient
from evenvae.training.settings import OptimiserSettings, TrainingSettings
from evenvae.training.skeleton import Skeleton, vector_of
from evenvae.training.step import Method, Network, States, balanced_gradients, update_after_step
from evenvae.training.validation import Metric, Validation, measure


class Data(NamedTuple):
    """The table on the device, the constants of its columns, and their lowest and highest values in value space.

    Runs share one table, or have one each, stacked along a new first axis of every array.
    """

    table: PackedTable
    scales: tuple[Scale, ...]
    bounds: Float[Array, "*runs 2 E"]

    @property
    def stacked(self) -> bool:
        """Whether every run has its own table."""
        return self.table.rows.ndim == 3


class Run(NamedTuple):
    """Everything that changes while a run trains: a pytree of arrays, of one run or stacked over runs.

    ``params`` and ``best_params`` hold all parameters of the network side by side, as its `Skeleton` says.
    ``bad_steps`` (D,) counts the steps in a row in which a column's gradient was not finite; ``stale`` the evaluations
    since the last improvement.
    """

    params: Float[Array | np.ndarray, "*runs P"]
    states: States
    optimiser: Any
    key: Array | np.ndarray
    step: Int[Array | np.ndarray, "*runs"]
    bad_steps: Int[Array | np.ndarray, "*runs D"]
    failed: Bool[Array | np.ndarray, "*runs"]
    stopped: Bool[Array | np.ndarray, "*runs"]
    best_params: Float[Array | np.ndarray, "*runs P"]
    best_encoder: Any
    best_value: Float[Array | np.ndarray, "*runs"]
    best_step: Int[Array | np.ndarray, "*runs"]
    stale: Int[Array | np.ndarray, "*runs"]


class Log(NamedTuple):
    """The figures of one chunk: means over its steps; the validation metric and the diagnostics at its end."""

    loss: Float[Array, "*runs"]
    column_losses: Float[Array, "*runs D"]
    kl: Float[Array, "*runs"]
    metric: Metric
    diagnostics: dict[str, Array]


def start(
    network: Network, states: States, key: Array | np.ndarray, optimiser: OptimiserSettings, features: int
) -> Run:
    """A run at step 0, on the host."""
    network, states = jax.tree.map(lambda leaf: np.asarray(leaf) if eqx.is_array(leaf) else leaf, (network, states))
    params = vector_of(network)
    return Run(
        params=params,
        states=states,
        optimiser=jax.tree.map(np.asarray, optimiser.build().init(params)),
        key=threefry.raw(key),
        step=np.zeros((), np.int32),
        bad_steps=np.zeros(features, np.int32),
        failed=np.zeros((), bool),
        stopped=np.zeros((), bool),
        best_params=params,
        best_encoder=states.encoder,
        best_value=np.full((), np.inf, np.float32),
        best_step=np.zeros((), np.int32),
        stale=np.zeros((), np.int32),
    )


def run_chunk(
    run: Run,
    batches: Int[Array, "steps batch"],
    validation: Validation,
    data: Data,
    skeleton: Skeleton,
    method: Method,
    optimiser: OptimiserSettings,
    settings: TrainingSettings,
) -> tuple[Run, Log]:
    """Train one run for a chunk, then evaluate the validation metric."""
    transformation = optimiser.build()
    key = threefry.wrap(run.key)

    auxiliary = skeleton.rest.prior.has_auxiliary_update
    layout = skeleton.rest.model.heads.layout
    columns, features = layout.features, len(skeleton.network(run.params).model.heads.kernels()[0])
    records = settings.record_gradients and gradient_diagnostics.recordable(method.balancer, columns)
    used, states = method, run.states
    if records:
        used, states = gradient_diagnostics.begin(method, states, columns, len(batches))

    def taken(rows: Any, key: Any) -> Batch:
        batch = data.table.take(rows, layout)
        return binarised(jax.random.fold_in(key, 2), batch, layout) if method.binarise else batch

    def step(carry: Any, both: Any) -> tuple[Any, Any]:
        rows, upcoming = both
        params, states, opt_state, count, bad = carry
        own_key = jax.random.fold_in(key, count)
        before = states
        if used.privacy is None:
            batch = (taken(rows, own_key), data.scales, own_key, used)
            found, states, report = balanced_gradients(skeleton.network(params), before, *batch)
            gradient = vector_of(found)
        else:
            # empty places of a batch hold any row, and count nothing
            batch = (data.table.take(jnp.maximum(rows, 0), layout), data.scales, own_key, used)
            gradient, report = private_gradient(skeleton.network(params), before, batch[0], rows >= 0, *batch[1:])
        updates, opt_state = transformation.update(gradient, opt_state, params)
        params = optax.apply_updates(params, updates)
        if used.balancer.needs_losses_after_step:
            states = update_after_step(states, before, skeleton.network(params), *batch)
        if auxiliary:
            network, prior_key = skeleton.network(params), jax.random.fold_in(own_key, 1)
            network, states = prior_updates.update(
                network, states, data.table, data.scales, batches, upcoming, prior_key, method.binarise
            )
            params = vector_of(network)
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
    network = skeleton.network(params)
    if auxiliary:
        network, states = prior_updates.finalise(
            network,
            states,
            data.table,
            data.scales,
            validation.rows,
            jax.random.fold_in(key, 2**31 - 2),
            method.binarise,
        )
        params = vector_of(network)
    failed = run.failed | ~jnp.isfinite(params).all() | (worst.max() >= settings.max_bad_steps)
    metric = measure(
        network,
        states.encoder,
        *data,
        validation,
        jax.random.fold_in(key, 2**31 - 1),
        settings.purpose,
        method.objective.kl_weight,
        method.binarise,
    )
    warm = method.objective.is_warm(states.objective)
    better = (metric.value < run.best_value) & ~failed if settings.keep_best else ~failed
    # a state from before the end of a warm-up is only kept until there is another
    better = better if warm is True else better | ~warm & ~failed
    best = metric.value if warm is True else jnp.where(warm, metric.value, jnp.inf)
    stale = jnp.where(better, 0, run.stale + 1)
    patience = settings.patience if settings.patience is not None else np.iinfo(np.int32).max
    best_params, best_encoder, best_value, best_step = where(
        better,
        (params, states.encoder, best, count),
        (run.best_params, run.best_encoder, run.best_value, run.best_step),
    )
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
        best_value.astype(jnp.float32),
        best_step,
        stale.astype(jnp.int32),
    )
    diagnostics = method.objective.diagnostics(states.objective) | network.prior.diagnostics(states.prior) | diagnostics
    return after, Log(losses.mean(), column_losses.mean(0), kls.mean(), metric, diagnostics)


def where(condition: Bool[Array, ""], new: Any, old: Any) -> Any:
    """One pytree or another of the same structure."""
    return jax.tree.map(lambda a, b: jnp.where(condition, a, b), new, old)


@jax.jit
def keep_stopped(before: Run, after: Run) -> Run:
    """``after`` a chunk, with every run that had stopped as it was ``before``; both stacked over runs.

    It is a program of its own, which a fit needs only where some of several runs have stopped.
    """
    return jax.vmap(where)(before.stopped, before, after)


def placed(data: Data, mesh: Mesh) -> Data:
    """The data on the devices of the mesh: with every run its own table, or one table for all of them."""
    return spread(data, mesh) if data.stacked else everywhere(data, mesh)


@eqx.filter_jit
def run_chunks(
    runs: Run,
    batches: Int[Array, "runs steps batch"],
    validation: Validation,
    data: Data,
    skeleton: Skeleton,
    method: Method,
    optimiser: OptimiserSettings,
    settings: TrainingSettings,
    mesh: Mesh,
) -> tuple[Run, Log]:
    """`run_chunk` for all runs: each device, or group of devices, trains its share of them under ``vmap``."""

    def share(*stacked: Any) -> Any:
        runs, batches, validation, data = stacked
        stacked = (runs, *divide_rows((batches, validation), mesh), data)
        one = lambda run, rows, held_out, table: run_chunk(
            run, rows, held_out, table, skeleton, method, optimiser, settings
        )
        axes = (0, 0, 0, 0 if data.stacked else None)
        if stacked[1].shape[0] > 1:
            return jax.vmap(one, in_axes=axes)(*stacked)
        # a single run is traced and compiled as it is, which takes a third less time
        alone = [
            tree if axis is None else jax.tree.map(lambda leaf: leaf[0], tree)
            for tree, axis in zip(stacked, axes, strict=True)
        ]
        return jax.tree.map(lambda leaf: leaf[None], one(*alone))

    over = PartitionSpec(RUNS)
    tables = over if data.stacked else PartitionSpec()
    mapped = jax.shard_map(
        lambda *stacked: on_all(share(*stacked), mesh),
        mesh=mesh,
        in_specs=(over, over, over, tables),
        out_specs=(over, over),
        # the rows of a batch are left to XLA
        axis_names={RUNS},
        check_vma=False,
    )
    return mapped(runs, batches, validation, data)
