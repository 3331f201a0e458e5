"""From options and a table to a fitted model."""

import dataclasses
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
from evenvae.fitted import growing, polishing
from evenvae.fitted.card import versions
from evenvae.fitted.file_rows import FileRows
from evenvae.fitted.latent_density import fit_densities
from evenvae.fitted.matched_marginals import with_matched_marginals
from evenvae.fitted.model import FittedModel, Record, members_of
from evenvae.fitted.pilot import folder_of, plain_options, refuse_plain, with_pilot
from evenvae.fitted.private_rows import PrivateRows, check_public
from evenvae.fitted.rows import Rows, TableRows
from evenvae.fitted.task_dependence import warn_of_saturation
from evenvae.io.watching import tell
from evenvae.models import Layout
from evenvae.models.space import Space
from evenvae.options import Options
from evenvae.options.resolution import families_of, layout_of, resolve
from evenvae.part import check_flag, check_path
from evenvae.tables import Encoded, Schema, TableFiles
from evenvae.tables.survey import survey
from evenvae.tables.tasks import declare
from evenvae.training import Plan, Prepared, Progress, Trained, Training, nonzero_rows, train
from evenvae.training.plan import FITTED_LATENTS
from evenvae.training.setup import held_out_rows, prepare

log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Fit:
    """A fit before its first step: the rows, the plan, and the runs to train."""

    rows: Rows
    space: Space
    plan: Plan
    runs: Prepared
    seed: int
    held_out: int

    def finished(self, trained: Trained) -> FittedModel:
        """The fitted model from what training gave, with the densities that are fitted to the posteriors."""
        warning = warn_of_saturation(trained.history)
        if warning:
            log.warning(warning)
        private = self.plan.privacy is not None
        record = Record(
            rows=self.rows.count,
            held_out=self.held_out,
            seed=self.seed,
            steps=int(trained.runs.step.max()),
            interrupted=trained.interrupted,
            # both would tell of the rows what no noise hides
            fingerprint=None if private else self.rows.fingerprint,
            history=[] if private else trained.history,
            versions=versions(),
        )
        params, encoder_state = trained.best
        members = members_of(self.runs.skeleton.network(params), encoder_state, ~np.asarray(trained.runs.failed))
        counts = self.rows.task_counts()
        model = FittedModel(members, self.space, self.rows.schema, self.plan, counts, record)
        if self.plan.latents in FITTED_LATENTS:
            tell("fitting the latents' density", 0, None)
            model = model.replaced(densities=fit_densities(model, self.rows, self.rows.weight))
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
    if options.privacy.asked:
        given = options.schema
        schema = check_public(Schema.from_toml(given) if isinstance(given, str | Path) else given)
    elif schema is None:
        families = families_of(options.model, options.preset, options.task)
        schema = declare(Schema.of(options.schema, frame, families), frame, options.task)
        warn_of_doubts(schema)
    _refuse_nothing(schema)
    return tables.encode(frame, schema), weight, schema


def warn_of_doubts(schema: Schema) -> None:
    """Say what the cells of a table did not tell for certain, one warning for each column."""
    for column in schema.columns:
        if column.doubt:
            warnings.warn(f"Column {column.name!r}: {column.doubt}.", TableWarning, stacklevel=2)


def read_files(options: Options, files: TableFiles, schema: Schema | None = None) -> FileRows:
    """The rows of a table that is read piece by piece; arguments as those of `read`.

    Args:
        options: of the fit.
        files: the table.
        schema: to use as it is; if it is not given, it is made from ``options.schema`` and a sample of the rows.

    Raises:
        InputError: a file or the schema is wrong, or no column is left to learn.
    """
    found = survey(files.pieces())
    if found.rows < 2:
        raise InputError(f"The table has {found.rows} row; at least 2 are needed to learn from (n_samples=1).")
    if schema is None:
        families = families_of(options.model, options.preset, options.task)
        inferred = found.schema(options.schema, families)
        schema = declare(inferred, tables.as_frame(found.sample), options.task)
        warn_of_doubts(schema)
    _refuse_nothing(schema)
    return FileRows(files, found, schema)


def _refuse_nothing(schema: Schema) -> None:
    if not schema.features:
        raise InputError("No column is left to learn: all are constant, empty or identifiers.")


def plan_of(options: Options, rows: int, schema: Schema, layout: Layout) -> Plan:
    """The plan of a fit of these rows.

    Args:
        options: of the fit.
        rows: how many there are.
        schema: of the table.
        layout: of its modelled columns.

    Raises:
        InputError: the options do not fit the table.
    """
    held_out = held_out_rows(rows, options.held_out_share)
    levels = tuple(column.cardinality for column in schema.tasks)
    names = tuple(column.name for column in schema.features)
    return resolve(options, layout, rows - held_out, held_out, levels, names)


def begin(
    options: Options,
    rows: Rows,
    previous: FittedModel | None = None,
    space: Space | None = None,
) -> Fit:
    """Plan a fit and make its runs.

    Args:
        options: of the fit.
        rows: to learn from.
        previous: the model to continue from, where the fit is a warm start. Its scales are kept, without which its
            parameters would lose their meaning.
        space: the constants of the columns, where they are known already.

    Raises:
        InputError: the options do not fit the table.
    """
    seed = options.seed()
    if previous is not None:
        space = previous.space
    elif space is None:
        space = rows.space(layout_of(rows.schema.features, options))
    plan = plan_of(options, rows.count, rows.schema, space.layout)
    members = None if previous is None else previous.members
    held_out = held_out_rows(rows.count, options.held_out_share)
    data = rows.data(space)
    key = options.privacy.key() if options.privacy.asked else None
    runs = prepare(plan, space, data, rows.count, rows.cells(), rows.weight, seed, held_out, members, key)
    return Fit(rows, space, plan, runs, seed, held_out)


def check_call(callbacks: Any, checkpoint: Any, resume: Any) -> None:
    """Check what `EvenVAE.fit` is given beside the table.

    Raises:
        InputError: it is of another type.
    """
    check_flag("resume", resume)
    if checkpoint is not None:
        check_path("checkpoint", checkpoint)
    if not isinstance(callbacks, tuple | list) or not all(callable(callback) for callback in callbacks):
        raise InputError(f"callbacks={callbacks!r} must be a tuple of functions of a Progress.")


def fit(
    options: Options,
    X: Any,
    given: dict[str, Any],
    *,
    sample_weight: Any = None,
    callbacks: tuple[Callable[[Progress], None], ...] = (),
    pilot_callbacks: tuple[Callable[[Progress], None], ...] = (),
    checkpoint: str | Path | None = None,
    resume: bool = False,
    previous: FittedModel | None = None,
) -> FittedModel:
    """Learn from a table; see `EvenVAE.fit`. ``given`` are the options by name, for callbacks and the checkpoint.

    A table that is given as `TableFiles` is read piece by piece. Matched marginals, trees and the pilot, where the
    options ask for them, follow in this order; the pilot tells ``pilot_callbacks`` of its progress.

    Raises:
        InputError: the table or an option is wrong.
        TrainingError: the loss turned non-finite; the message names the column.
    """
    if options.imputation.trees:
        # said before anything is trained
        growing.require()
    if options.sampling.polish is not None:
        growing.require("sampling.polish")
    schema = None if previous is None else previous.schema
    private = options.privacy.asked
    if private and sample_weight is not None:
        raise InputError("privacy.epsilon counts every row once; leave sample_weight out.")
    rows: Rows
    if isinstance(X, TableFiles):
        if private:
            raise InputError("privacy.epsilon needs the table in memory: read it with evenvae.tables.read_table first.")
        if sample_weight is not None:
            raise InputError("sample_weight needs the table in memory: read it with evenvae.tables.read_table first.")
        rows = read_files(options, X, schema)
    else:
        encoded, weight, schema = read(options, X, sample_weight, schema)
        rows = (PrivateRows if private else TableRows)(encoded, schema, weight)
    started = begin(options, rows, previous)
    plain = plain_options(given)
    if options.pilot:
        refuse_plain(started.plan, plan_of(Options.of(plain), rows.count, rows.schema, started.space.layout))
    pilot_folder = folder_of(checkpoint, wanted=options.pilot, resume=resume)
    devices = options.training.devices
    model = _trained(started, given, callbacks, checkpoint, resume, devices)
    model = model.replaced(missingness=rows.missingness())
    # the copy of the table on the device makes room for that of the pilot
    del started
    if model.plan.match_marginals:
        model = with_matched_marginals(model, rows, rows.weight)
    if options.imputation.trees:
        model = growing.with_trees(model, rows, rows.weight)
    if options.sampling.polish is not None:
        model = polishing.with_polish(model, rows, float(options.sampling.polish), rows.weight)
    if not options.pilot:
        return model

    def train_pilot() -> FittedModel:
        own = dataclasses.replace(Options.of(plain), random_state=model.record.seed)
        before = None if previous is None else previous.pilot
        begun = begin(own, rows, before, model.space)
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
        [column.name for column in started.rows.schema.features],
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
    digest = hashlib.sha256(started.rows.fingerprint.encode())
    if started.rows.weight is not None:
        digest.update(started.rows.weight.tobytes())
    if not started.rows.whole:
        # constants from a sample are others than those from all rows
        digest.update(b"sample")
    # a fit that is done may be repeated with a pilot or with trees, which are then all that is left to train
    later = ("verbose", "schema", "pilot", "imputation")
    later = later if started.plan.privacy else (*later, "privacy")
    said = {name: repr(value) for name, value in given.items() if name not in later}
    if isinstance(given["training"], Training) and set(given["training"].given()) == {"devices"}:
        # it may be continued on other devices, by a call without this option
        said["training"] = repr(None)
    digest.update(json.dumps([said, started.rows.schema.to_dict()], sort_keys=True, default=str).encode())
    return digest.hexdigest()
