"""From a table's numbers to what the compiled loop trains: splits, batches, validation rows and new networks."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from evenvae import threefry
from evenvae.errors import InputError
from evenvae.io.row_file import RowFile
from evenvae.models.batch import Batch
from evenvae.models.packed import PackedTable, packed_rows
from evenvae.models.space import Space
from evenvae.models.targets import squared_targets, targets
from evenvae.threefry import Raw
from evenvae.training import warm_start
from evenvae.training.batches import Batches, BatchStream
from evenvae.training.disk import DataOnDisk
from evenvae.training.loop import stack
from evenvae.training.plan import Plan
from evenvae.training.poisson_batches import PoissonStream
from evenvae.training.runs import Data, Run, start
from evenvae.training.sample_weight import bootstrap_weights, expand_by_weight
from evenvae.training.skeleton import Skeleton
from evenvae.training.step import Network, States, first_states
from evenvae.training.validation import SLICE, Validation

MOST_HELD_OUT = 10_000
HIDDEN = 0.2
"""Share of the cells that are hidden to measure imputation; of a table with a single column half."""


class Prepared(NamedTuple):
    """What `train` needs beside the plan: stacked runs at step 0 and what each of them learns from."""

    runs: Run
    skeleton: Skeleton
    data: Data | DataOnDisk
    streams: list[Batches]
    validation: Validation


def held_out_rows(rows: int, validation_fraction: float) -> int:
    """How many rows are held out from training for the validation metric."""
    held = round(validation_fraction * rows)
    return min(held, MOST_HELD_OUT) if rows - held >= 2 and held >= 1 else 0


def split(rows: int, held_out: int, seed: int, run: int) -> tuple[Int[np.ndarray, " train"], Int[np.ndarray, " held"]]:
    """Numbers of the rows that one run learns from, and of those that it is validated on."""
    order = np.random.default_rng([seed, run, 1]).permutation(np.arange(rows, dtype=np.int32))
    held = np.sort(order[:held_out])
    return np.delete(np.arange(rows, dtype=np.int32), held), held


def constants(
    values: Float[np.ndarray, "N E"], observed: Bool[np.ndarray, "N D"], weight: Float[np.ndarray, " N"] | None
) -> tuple[Float[np.ndarray, "M E"], Bool[np.ndarray, "M D"]]:
    """The cells from which the constants of the columns are computed: rows appear as often as they weigh."""
    counting = expand_by_weight(weight, values.shape[1])
    return values[counting], observed[counting]


def in_memory(space: Space, table: Batch) -> Data:
    """The rows of a table in model space, for the device."""
    return Data(PackedTable.of(space.layout, table), space.device_scales, space.value_bounds.astype(np.float32))


def on_disk(space: Space, rows: int, tables: Iterable[Batch], tasks: int) -> DataOnDisk:
    """The rows of a table in model space, in a file.

    Args:
        space: the table's constants.
        rows: how many there are.
        tables: the rows, some at a time.
        tasks: number of task columns.

    Raises:
        InputError: the disk has too little space.
    """
    file = RowFile(rows, space.layout.elements + tasks)
    try:
        for table in tables:
            file.append(packed_rows(space.layout, table))
    except BaseException:
        file.close()
        raise
    return DataOnDisk(file, space.device_scales, space.value_bounds.astype(np.float32))


def prepare(
    plan: Plan,
    space: Space,
    data: Data | DataOnDisk,
    rows: int,
    cells: tuple[Float[np.ndarray, "M E"], Bool[np.ndarray, "M D"]],
    weight: Float[np.ndarray, " N"] | None,
    seed: int,
    held_out: int,
    members: Sequence[tuple[Network, Any]] | None = None,
    key_of_noise: Raw | None = None,
) -> Prepared:
    """New runs, batches and validation rows for a fit.

    Args:
        plan: of the fit.
        space: the table's constants.
        data: the table's rows in model space, in memory or on disk.
        rows: how many there are.
        cells: what `constants` gives, for the first biases of the heads and for targets.
        weight: of the rows; None where all weigh the same.
        seed: of splits, networks and batches.
        held_out: rows held out for validation.
        members: fitted networks to continue from, where the fit is a warm start.
        key_of_noise: from which a private fit draws its batches and all else in its steps; no other fit has one.

    Raises:
        InputError: ``members`` do not fit the plan, or the objective's targets do not fit the columns.
    """
    networks = new_networks(plan, space, cells, seed, plan.ensemble)
    if members is not None:
        networks = warm_start.continued(networks, members)
    private = plan.method.privacy
    if private is not None:
        networks = [(network, states, key_of_noise) for network, states, _ in networks]
    runs = stack([start(*one, plan.optimiser, space.layout.features) for one in networks])
    streams: list[Batches] = []
    validations = []
    for run in range(plan.ensemble):
        learning, held = split(rows, held_out, seed, run)
        own = bootstrap_weights(weight, rows, np.random.default_rng([seed, run, 3])) if plan.bootstrap else weight
        of = lambda part, own=own: None if own is None else own[part]
        if private is None:
            streams.append(BatchStream(learning, plan.training.batch_size, (seed, run), of(learning)))
        else:
            streams.append(PoissonStream(learning, private.sampling_rate))
        held = held if len(held) else learning
        validations.append(_validation(held, space.layout.features, seed, run, of(held)))
    return Prepared(runs, Skeleton.of(networks[0][0]), data, streams, stack(validations))


def new_networks(
    plan: Plan, space: Space, cells: tuple[Float[np.ndarray, "M E"], Bool[np.ndarray, "M D"]], seed: int, runs: int
) -> list[tuple[Network, States, Any]]:
    """For every run its network before the first step, the states, and the run's key as raw key data."""
    bias, wanted = space.marginal_bias(*cells), _targets(plan, space, *cells)
    made = []
    for run in range(runs):
        keys = threefry.split(threefry.fold_in(threefry.key(seed), run))
        network = plan.new_network(space.layout, bias, keys[0])
        made.append((network, first_states(network, plan.method, wanted), keys[1]))
    return made


def _targets(
    plan: Plan, space: Space, values: Float[np.ndarray, "M E"], observed: Bool[np.ndarray, "M D"]
) -> Float[np.ndarray, " D"] | None:
    """The nats that an objective with constraints allows for a cell of every column; None for other objectives."""
    objective: Any = plan.method.objective
    if not objective.constrained:
        return None
    if objective.kappa is not None:
        try:
            return squared_targets(space, float(objective.kappa))
        except ValueError as error:
            raise InputError(f"kappa={objective.kappa}: {error}, as in schema={{'image': 'squared'}}.") from error
    if objective.target is not None:
        return np.full(space.layout.features, float(objective.target))
    return targets(space, values, observed, 0.5 if objective.gain is None else float(objective.gain))


def _validation(
    rows: Int[np.ndarray, " held"],
    columns: int,
    seed: int,
    run: int,
    weight: Float[np.ndarray, " held"] | None,
) -> Validation:
    rows = rows[:MOST_HELD_OUT]
    size = min(SLICE, len(rows))
    count = -(-len(rows) // size)
    padded = np.concatenate([rows, np.repeat(rows[:1], count * size - len(rows))]).astype(np.int32)
    weights = (np.arange(count * size) < len(rows)).astype(np.float32)
    weights[: len(rows)] *= 1.0 if weight is None else weight[: len(rows)]
    generator = np.random.default_rng([seed, run, 2])
    hidden = generator.random((count * size, columns)) < HIDDEN
    if columns == 1:
        # of a single column a fifth would leave few rows to measure by
        hidden = generator.random(hidden.shape) < 0.5
    shape = (count, size)
    return Validation(padded.reshape(shape), weights.reshape(shape), hidden.reshape(*shape, columns))
