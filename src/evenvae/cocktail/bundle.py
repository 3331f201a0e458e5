"""Training of one bundle: some seeds of one combination, side by side in one program."""

import dataclasses
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np

from evenvae.cocktail.measures import measure_rows
from evenvae.cocktail.sweep import Job, Sweep, split_rows
from evenvae.errors import TrainingError
from evenvae.estimator import EvenVAE
from evenvae.preparing import Prepared
from evenvae.tables import Encoded, Schema
from evenvae.training import Progress, Trained, stack, train


def member(sweep: Sweep, schema: Schema, balance: str, seed: int) -> EvenVAE:
    """The estimator that a run is: `fit` of it on the run's rows gives what the run gives, up to rounding."""
    model = EvenVAE(**sweep.options, balance=balance, random_state=seed)
    model.schema_ = schema
    return model


def train_bundle(
    sweep: Sweep,
    encoded: Encoded,
    schema: Schema,
    job: Job,
    folder: str | Path,
    report: Callable[[Progress], None] | None = None,
) -> list[dict[str, Any]] | None:
    """Train a bundle, on from its checkpoint in ``folder`` where there is one.

    Returns one JSON-able record a run (see `record_of`), or None where Ctrl-C ended it early; the checkpoint then
    has what was learned.
    """
    models = [member(sweep, schema, job.balance, seed) for seed in job.seeds]
    splits = [split_rows(len(encoded.values), sweep.test_fraction, seed) for seed in job.seeds]
    prepared = together(
        [model._prepare(taken(encoded, rows)) for model, (rows, _) in zip(models, splits, strict=True)],
        shared=not sweep.test_fraction,
    )
    plan = models[0].plan_
    began = time.perf_counter()
    try:
        trained = train(
            *prepared,
            plan.method,
            plan.optimiser,
            # nobody looks at the gradients of a sweep's runs
            dataclasses.replace(plan.training, steps=job.until, steps_per_chunk=sweep.chunk, watch_gradients=False),
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
    seconds = (time.perf_counter() - began) / len(models)
    records = []
    for place, (model, (learning, test)) in enumerate(zip(models, splits, strict=True)):
        record = record_of(job, place, trained, seconds)
        if job.final and record["status"] == "done":
            model._finish(run_of(trained, place))
            _, validation = model._split(model.rows_, model.held_out_, 0)
            groups = {"validation": learning[validation], "test": test}
            record["measured"] = measure_rows(model, encoded, groups, job.seeds[place])
        records.append(record)
    return records


def taken(encoded: Encoded, rows: np.ndarray) -> Encoded:
    """Some rows of a table."""
    return Encoded(encoded.values[rows], encoded.observed[rows])


def together(parts: list[Prepared], shared: bool) -> Prepared:
    """Several fits' preparations as one; ``shared`` where all learn from the same table."""
    joined = lambda trees: jax.tree.map(lambda *leaves: np.concatenate([np.asarray(a) for a in leaves]), *trees)
    return Prepared(
        joined([part.runs for part in parts]),
        parts[0].static,
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
    """What is kept of a run: the best validation figure and its parts by column, the curve, steps and seconds."""
    runs = trained.runs
    best_step = int(runs.best_step[place])
    looks = [
        (record["step"], record["validation"][place], record["loss"][place])
        for record in trained.history
        if record["step"] <= int(runs.step[place])
    ]
    if bool(runs.failed[place]) or not np.isfinite(runs.best_value[place]):
        kept = failure(job, job.seeds[place], "training turned non-finite")
        return {**kept, "curve": looks, "steps": int(runs.step[place])}
    at_best = next(record for record in trained.history if record["step"] == best_step)
    figure = float(runs.best_value[place])
    if not job.final:
        # a checkpoint may be ahead of the pause that is asked for
        figure = min(value for step, value, _ in looks if step <= job.until and np.isfinite(value))
    return {
        "balance": job.balance,
        "seed": job.seeds[place],
        "status": "done" if job.final else "paused",
        "figure": figure,
        "columns": at_best["validation_columns"][place],
        "curve": looks,
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
