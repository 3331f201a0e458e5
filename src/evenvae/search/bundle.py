"""Training of one bundle: some seeds of one combination, side by side in one program."""

import dataclasses
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np

from evenvae.errors import TrainingError
from evenvae.estimator import EvenVAE
from evenvae.fitted.fitting import Fit, begin
from evenvae.fitted.rows import TableRows
from evenvae.options import Options
from evenvae.options.options import from_json
from evenvae.search.measures import measure_rows
from evenvae.search.one_program import in_one_program
from evenvae.search.sweep import Job, Sweep, split_rows
from evenvae.tables import Encoded, Schema
from evenvae.training import Prepared, Progress, Trained, stack, train
from evenvae.training.setup import split


def fit_of(sweep: Sweep, encoded: Encoded, schema: Schema, balance: str, seed: int) -> Fit:
    """The fit of one run before its first step.

    Up to rounding, the run equals ``EvenVAE(balance=balance, random_state=seed, ...).fit`` on the same rows.

    Args:
        sweep: the settings.
        encoded: the rows to learn from.
        schema: of the table.
        balance: the combination.
        seed: of the run.
    """
    model = EvenVAE(**from_json(sweep.options), balance=balance, random_state=seed)
    return begin(Options.of(model.get_params(deep=False)), TableRows(encoded, schema))


def train_bundle(
    sweep: Sweep,
    encoded: Encoded,
    schema: Schema,
    job: Job,
    folder: str | Path,
    report: Callable[[Progress], None] | None = None,
) -> list[dict[str, Any]] | None:
    """Train a bundle, from its checkpoint in ``folder`` where there is one.

    Args:
        sweep: the settings.
        encoded: the whole table.
        schema: of the table.
        job: the bundle, and the step until which it is trained.
        folder: for the checkpoint.
        report: called after every chunk of steps.

    Returns:
        One record for JSON for every run (see `record_of`), or None where Ctrl-C ended the training early; the
        checkpoint then holds what was learned.
    """
    splits = [split_rows(len(encoded.values), sweep.test_fraction, seed) for seed in job.seeds]
    fits = [
        fit_of(sweep, encoded.take(learning), schema, job.balance, seed)
        for seed, (learning, _) in zip(job.seeds, splits, strict=True)
    ]
    plan, parts, method = fits[0].plan, [fit.runs for fit in fits], fits[0].plan.method
    names = sweep.program(job.balance)
    if len(names) > 1:
        pairs = [in_one_program(fit, job.balance, names) for fit in fits]
        parts, method = [part for part, _ in pairs], pairs[0][1]
    prepared = together(parts, shared=not sweep.test_fraction)
    # nobody reads the gradient diagnostics of these runs
    settings = dataclasses.replace(plan.training, steps=job.until, steps_per_chunk=sweep.chunk, record_gradients=False)
    began = time.perf_counter()
    try:
        trained = train(
            *prepared,
            method,
            plan.optimiser,
            settings,
            [column.name for column in schema.features],
            callbacks=(report,) if report else (),
            folder=folder,
            resume=True,
            fingerprint=f"{sweep.fingerprint} {job.name}",
        )
    except TrainingError as error:
        return [failure(job, seed, str(error)) for seed in job.seeds]
    if trained.interrupted:
        return None
    seconds = (time.perf_counter() - began) / len(fits)
    records = []
    for place, (fit, (learning, test)) in enumerate(zip(fits, splits, strict=True)):
        record = record_of(job, place, trained, seconds)
        if job.final and record["status"] == "done":
            model = fit.finished(run_of(trained, place))
            _, validation = split(len(learning), fit.held_out, fit.seed, 0)
            groups = {"validation": learning[validation], "test": test}
            record["measured"] = measure_rows(model, encoded, groups, job.seeds[place])
        records.append(record)
    return records


def together(parts: list[Prepared], shared: bool) -> Prepared:
    """The preparations of several fits as one; ``shared`` says that all of them learn from the same table."""
    joined = lambda trees: jax.tree.map(lambda *leaves: np.concatenate([np.asarray(a) for a in leaves]), *trees)
    return Prepared(
        joined([part.runs for part in parts]),
        parts[0].skeleton,
        parts[0].data if shared else stack([part.data for part in parts]),
        [stream for part in parts for stream in part.streams],
        joined([part.validation for part in parts]),
    )


def run_of(trained: Trained, place: int) -> Trained:
    """One run of several, as if it had been trained alone."""
    cut = lambda value: value[place : place + 1] if isinstance(value, list) else value
    history = [{name: cut(value) for name, value in record.items()} for record in trained.history]
    return Trained(jax.tree.map(lambda leaf: leaf[place : place + 1], trained.runs), history, trained.interrupted)


def record_of(job: Job, place: int, trained: Trained, seconds: float) -> dict[str, Any]:
    """What is kept of the run at ``place`` of a bundle.

    ``figure`` is its best validation metric and ``columns`` the parts of the metric by column; ``curve`` holds
    ``(step, validation metric, loss)`` of every evaluation.
    """
    runs = trained.runs
    evaluations = [
        (record["step"], record["validation"][place], record["loss"][place])
        for record in trained.history
        if record["step"] <= int(runs.step[place])
    ]
    if bool(runs.failed[place]) or not np.isfinite(runs.best_value[place]):
        kept = failure(job, job.seeds[place], "training turned non-finite")
        return {**kept, "curve": evaluations, "steps": int(runs.step[place])}
    best_step = int(runs.best_step[place])
    at_best = next(record for record in trained.history if record["step"] == best_step)
    figure = float(runs.best_value[place])
    if not job.final:
        # a checkpoint may be ahead of the pause that is asked for
        figure = min(value for step, value, _ in evaluations if step <= job.until and np.isfinite(value))
    return {
        "balance": job.balance,
        "seed": job.seeds[place],
        "status": "done" if job.final else "paused",
        "figure": figure,
        "columns": at_best["validation_columns"][place],
        "curve": evaluations,
        "steps": int(runs.step[place]),
        "best_step": best_step,
        "seconds": seconds,
        "measured": {},
        "message": "",
    }


def failure(job: Job, seed: int, message: str) -> dict[str, Any]:
    """The record of a run that could not be trained."""
    return {
        "balance": job.balance,
        "seed": seed,
        "status": "failed",
        "figure": None,
        "columns": [],
        "curve": [],
        "steps": 0,
        "best_step": 0,
        "seconds": 0.0,
        "measured": {},
        "message": message,
    }
