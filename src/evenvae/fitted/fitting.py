"""From options and a table to a fitted model."""

import dataclasses
import functools
import hashlib
import json
import logging
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from evenvae import tables
from evenvae.errors import InputError, TableWarning
from evenvae.fitted import growing
from evenvae.fitted.latent_density import fit_densities
from evenvae.fitted.model import FittedModel, Record, members_of
from evenvae.fitted.pilot import folder_of, plain_options, refuse_plain, with_pilot
from evenvae.fitted.task_dependence import warn_of_saturation
from evenvae.models import Layout
from evenvae.models.space import Space
from evenvae.options import Options
from evenvae.options.resolution import families_of, layout_of, resolve
from evenvae.tables import Encoded, MissingnessModel, Schema, TaskCounts
from evenvae.tables.tasks import declare
from evenvae.training import Plan, Prepared, Progress, Trained, Training, nonzero_rows, train
from evenvae.training.setup import constants, held_out_rows, prepare

log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Fit:
    """A fit before its first step: the numbers of the table, the plan, and the runs to train."""

    encoded: Encoded
    weight: Float[np.ndarray, " N"] | None
    schema: Schema
    space: Space
    plan: Plan
    runs: Prepared
    seed: int
    held_out: int

    @functools.cached_property
    def fingerprint(self) -> str:
        """That of the table, for the record and the checkpoint."""
        return tables.fingerprint(self.encoded)

    def finished(self, trained: Trained) -> FittedModel:
        """The fitted model from what training gave, with the densities that are fitted to the posteriors."""
        warning = warn_of_saturation(trained.history)
        if warning:
            log.warning(warning)
        record = Record(
            rows=len(self.encoded.values),
            held_out=self.held_out,
            seed=self.seed,
            steps=int(trained.runs.step.max()),
            interrupted=trained.interrupted,
            fingerprint=self.fingerprint,
            history=trained.history,
        )
        params, encoder_state = trained.best
        members = members_of(self.runs.skeleton.network(params), encoder_state, ~np.asarray(trained.runs.failed))
        counts = TaskCounts.of(self.encoded.tasks, self.weight)
        model = FittedModel(members, self.space, self.schema, self.plan, counts, record)
        if self.plan.latents == "fitted":
            model = model.replaced(densities=fit_densities(model, self.encoded, self.weight))
        return model


def read(
    options: Options, X: Any, sample_weight: Any = None, schema: Schema | None = None
) -> tuple[Encoded, Float[np.ndarray, " N"] | None, Schema]:
    """The numbers of the rows that count, their weights and the schema.

    Args:
        options: of the fit.
        X: the table, in any library.
        sample_weight: one weight for every row.
        schema: to use as it is; if it is not given, it is made from ``options.schema`` and the table.

    Raises:
        InputError: the table, the weights or the schema are wrong, or no column is left to learn.
    """
    frame: Any = tables.as_frame(X)
    rows, weight = nonzero_rows(sample_weight, len(frame))
    frame = frame[rows]
    if len(frame) < 2:
        raise InputError(f"The table has {len(frame)} row; at least 2 are needed to learn from (n_samples=1).")
    if schema is None:
        families = families_of(options.model, options.preset, options.task)
        schema = declare(Schema.of(options.schema, frame, families), frame, options.task)
        warn_of_doubts(schema)
    if not schema.features:
        raise InputError("No column is left to learn: all are constant, empty or identifiers.")
    return tables.encode(frame, schema), weight, schema


def warn_of_doubts(schema: Schema) -> None:
    """Say what the cells of a table did not tell for certain, one warning for each column."""
    for column in schema.columns:
        if column.doubt:
            warnings.warn(f"Column {column.name!r}: {column.doubt}.", TableWarning, stacklevel=2)


def plan_of(options: Options, encoded: Encoded, schema: Schema, layout: Layout) -> Plan:
    """The plan of a fit of these rows.

    Args:
        options: of the fit.
        encoded: the rows.
        schema: of the table.
        layout: of its modelled columns.

    Raises:
        InputError: the options do not fit the table.
    """
    rows = len(encoded.values)
    held_out = held_out_rows(rows, options.validation_fraction)
    levels = tuple(column.cardinality for column in schema.tasks)
    names = tuple(column.name for column in schema.features)
    return resolve(options, layout, rows - held_out, held_out, levels, names)


def begin(
    options: Options,
    encoded: Encoded,
    schema: Schema,
    weight: Float[np.ndarray, " N"] | None = None,
    previous: FittedModel | None = None,
    space: Space | None = None,
) -> Fit:
    """Plan a fit and make its runs.

    Args:
        options: of the fit.
        encoded: the rows.
        schema: of the table.
        weight: of the rows.
        previous: the model to continue from, where the fit is a warm start. Its scales are kept, without which its
            parameters would lose their meaning.
        space: the constants of the columns, where they are known already.

    Raises:
        InputError: the options do not fit the table.
    """
    seed = options.seed()
    cells = constants(encoded.values, encoded.observed, weight)
    if previous is not None:
        space = previous.space
    elif space is None:
        space = Space.fit(layout_of(schema.features, options).likelihoods, *cells)
    plan = plan_of(options, encoded, schema, space.layout)
    table = space.batch(encoded.values, encoded.observed, encoded.tasks)
    members = None if previous is None else previous.members
    held_out = held_out_rows(len(encoded.values), options.validation_fraction)
    runs = prepare(plan, space, table, cells, weight, seed, held_out, members)
    return Fit(encoded, weight, schema, space, plan, runs, seed, held_out)


def fit(
    options: Options,
    X: Any,
    given: dict[str, Any],
    *,
    sample_weight: Any = None,
    callbacks: tuple[Callable[[Progress], None], ...] = (),
    pilot_callbacks: tuple[Callable[[Progress], None], ...] = (),
    tree_callbacks: tuple[growing.Growth, ...] = (),
    checkpoint: str | Path | None = None,
    resume: bool = False,
    previous: FittedModel | None = None,
) -> FittedModel:
    """Learn from a table; see `EvenVAE.fit`. ``given`` are the options by name, for callbacks and the checkpoint.

    Trees that refine imputations and the pilot, where the options ask for them, follow in this order, and tell
    ``tree_callbacks`` and ``pilot_callbacks`` of their progress.

    Raises:
        InputError: the table or an option is wrong.
        TrainingError: the loss turned non-finite; the message names the column.
    """
    if options.imputation.trees:
        # said before anything is trained
        growing.require()
    encoded, weight, schema = read(options, X, sample_weight, None if previous is None else previous.schema)
    started = begin(options, encoded, schema, weight, previous)
    plain = plain_options(given)
    if options.pilot:
        refuse_plain(started.plan, plan_of(Options.of(plain), encoded, schema, started.space.layout))
    pilot_folder = folder_of(checkpoint, wanted=options.pilot, resume=resume)
    devices = options.training.devices
    model = _trained(started, given, callbacks, checkpoint, resume, devices)
    model = model.replaced(missingness=MissingnessModel.of(encoded, schema, weight))
    # the copy of the table on the device makes room for that of the pilot
    del started
    if options.imputation.trees:
        model = growing.with_trees(model, encoded, weight, tree_callbacks)
    if not options.pilot:
        return model

    def train_pilot() -> FittedModel:
        own = dataclasses.replace(Options.of(plain), random_state=model.record.seed)
        before = None if previous is None else previous.pilot
        begun = begin(own, encoded, schema, weight, before, model.space)
        return _trained(begun, plain, pilot_callbacks, pilot_folder, resume, devices)

    return with_pilot(model, train_pilot)


def _trained(
    started: Fit,
    given: dict[str, Any],
    callbacks: tuple[Callable[[Progress], None], ...],
    checkpoint: str | Path | None,
    resume: bool,
    devices: int | None,
) -> FittedModel:
    """What training makes of a fit."""
    used = {name: value for name, value in given.items() if value is not None and name not in ("schema", "verbose")}
    trained = train(
        *started.runs,
        started.plan.method,
        started.plan.optimiser,
        started.plan.training,
        [column.name for column in started.schema.features],
        devices=devices,
        callbacks=callbacks,
        options={**used, **started.plan.used(), "balance": started.plan.balance, "random_state": started.seed},
        folder=checkpoint,
        resume=resume,
        fingerprint=_fingerprint(started, given),
    )
    return started.finished(trained)


def _fingerprint(started: Fit, given: dict[str, Any]) -> str:
    """What a checkpoint depends on: cells, weights, options and schema."""
    digest = hashlib.sha256(started.fingerprint.encode())
    if started.weight is not None:
        digest.update(started.weight.tobytes())
    # a fit that is done may be repeated with a pilot or with trees, which are then all that is left to train
    later = ("verbose", "schema", "pilot", "imputation")
    said = {name: repr(value) for name, value in given.items() if name not in later}
    if isinstance(given["training"], Training) and set(given["training"].given()) == {"devices"}:
        # it may be continued on other devices, by a call without this option
        said["training"] = repr(None)
    digest.update(json.dumps([said, started.schema.to_dict()], sort_keys=True, default=str).encode())
    return digest.hexdigest()
