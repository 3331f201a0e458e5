"""The loop over chunks of steps: hand out batches, record the history, save checkpoints, stop."""

import dataclasses
import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import jax
import numpy as np
from threadpoolctl import threadpool_limits

from evenvae.errors import TrainingError
from evenvae.io.watching import TRAINING, tell
from evenvae.training import checkpoint, recovery
from evenvae.training.batches import Batches
from evenvae.training.devices import Interruption, check_agreement, leads, mesh_of, spread
from evenvae.training.disk import DataOnDisk
from evenvae.training.runs import Data, Run, keep_stopped, placed, run_chunks
from evenvae.training.settings import OptimiserSettings, TrainingSettings
from evenvae.training.skeleton import Skeleton
from evenvae.training.step import Method
from evenvae.training.validation import Validation

log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Progress:
    """What a progress callback receives after every chunk.

    ``record`` is the newest entry of the history, ``columns`` name its figures by column, ``options`` are the options
    of the fit as they are used.
    """

    step: int
    steps: int
    record: dict[str, Any]
    seconds: float
    seconds_left: float
    columns: tuple[str, ...] = ()
    options: dict[str, Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass
class Trained:
    """The outcome: stacked runs (host arrays), one record for every chunk, and whether Ctrl-C ended the training."""

    runs: Run
    history: list[dict[str, Any]]
    interrupted: bool

    @property
    def best(self) -> tuple[Any, Any]:
        """The vectors of parameters and the encoder states of all runs at their best validation metric."""
        return self.runs.best_params, self.runs.best_encoder


def train(
    runs: Run,
    skeleton: Skeleton,
    data: Data | DataOnDisk,
    streams: Sequence[Batches],
    validation: Validation,
    method: Method,
    optimiser: OptimiserSettings,
    settings: TrainingSettings,
    columns: list[str],
    *,
    devices: int | None = None,
    callbacks: tuple[Callable[[Progress], None], ...] = (),
    options: dict[str, Any] | None = None,
    folder: str | Path | None = None,
    resume: bool = False,
    fingerprint: str = "",
    seconds_between_checkpoints: float = 20.0,
) -> Trained:
    """Train stacked ``runs`` until their steps are done, all have stopped, or Ctrl-C.

    Of data on disk the rows of a chunk are gathered before it.

    With ``folder`` the state is written there from time to time, on Ctrl-C and at the end. ``resume`` continues from
    that state and gives, bit for bit, what an uninterrupted run gives. The ``callbacks`` receive ``options``. A run
    that diverges goes back to the beginning of its chunk and learns at a lower rate (see `recovery`).

    The rows of every batch are divided among so many ``devices``; see `devices.mesh_of`. Of several processes only the
    first one writes the state and calls the callbacks, and Ctrl-C in any of them ends the training of all.

    Raises:
        TrainingError: every run turned non-finite; the message names the column.
        InputError: the checkpoint belongs to other data or settings, or the devices are not there.
    """
    mesh = mesh_of(len(streams), devices)
    history: list[dict[str, Any]] = []
    if folder is not None and leads():
        checkpoint.prepare(folder)
    if resume and folder is not None and checkpoint.exists(folder):
        runs, history = checkpoint.load(folder, runs, fingerprint)
    check_agreement(runs, fingerprint)
    if not leads():
        folder, callbacks = None, ()
    streams = [stream.of_run(key) for stream, key in zip(streams, np.asarray(runs.key), strict=True)]
    runs = spread(runs, mesh)
    if isinstance(data, Data):
        data, validation = placed(data, mesh), spread(validation, mesh)
    done = int(history[-1]["step"]) if history else 0
    retries = recovery.retries_of(history, len(streams))
    began, saved, first = time.monotonic(), time.monotonic(), done
    interrupted, interruption = False, Interruption()
    # the balancers' decompositions are LAPACK's, whose threads and those of XLA would wait for each other's cores
    linear_algebra = threadpool_limits(1, user_api="blas")
    tell("compiling and first steps", done, settings.steps)
    try:
        while done < settings.steps and not np.asarray(runs.stopped).all():
            interruption.check()
            count = min(settings.steps_per_chunk, settings.steps - done)
            batches, held_out, table = np.stack([stream.steps(done, count) for stream in streams]), validation, data
            if isinstance(table, DataOnDisk):
                part, batches, held_out = table.part(batches, validation)
                table, held_out = placed(part, mesh), spread(held_out, mesh)
            batches = spread(batches, mesh)
            trained = lambda before, rows, rate, held_out=held_out, table=table: run_chunks(
                before, rows, held_out, table, skeleton, method, rate, _program(settings), mesh
            )
            ask = lambda rate, before=runs, rows=batches, trained=trained: trained(before, rows, rate)
            one = lambda before, place, rate, rows=batches, trained=trained: trained(
                before, rows[:, place : place + 1], rate
            )
            if method.privacy is None:
                after, chunk, retries = recovery.advance(ask, one, runs, optimiser, retries, history)
            else:
                # to take steps again because of what they gave would tell of the rows, and spend more than was counted
                after, chunk = ask(optimiser)
            if np.asarray(runs.stopped).any():
                after = keep_stopped(runs, after)
            jax.block_until_ready(after.step)
            record = _record(done + count, after, chunk, retries)
            if np.asarray(after.failed & ~runs.stopped).any():
                rate = recovery.lowered(optimiser, int(retries.max()))
                _report_failures(after, record, columns, recovery.culprits(one, runs, rate, count), rate)
            # one assignment, so that Ctrl-C leaves state, count and history of the same moment
            runs, done, history = after, done + count, [*history, record]
            tell(TRAINING, done, settings.steps)
            passed = time.monotonic() - began
            left = passed / max(done - first, 1) * (settings.steps - done)
            for callback in callbacks:
                callback(Progress(done, settings.steps, record, passed, left, tuple(columns), options or {}))
            if folder is not None and time.monotonic() - saved > seconds_between_checkpoints:
                checkpoint.save(folder, runs, fingerprint, history)
                saved = time.monotonic()
    except KeyboardInterrupt:
        interrupted = True
        log.warning("interrupted after %d of %d steps; what was learned is kept", done, settings.steps)
    finally:
        interruption.close()
        linear_algebra.restore_original_limits()
    if folder is not None and history:
        checkpoint.save(folder, runs, fingerprint, history)
    return Trained(jax.tree.map(np.asarray, runs), history, interrupted)


def _program(settings: TrainingSettings) -> TrainingSettings:
    # the loop counts the steps, not the program: without them in its key fewer programs are compiled
    return dataclasses.replace(settings, steps=0, steps_per_chunk=0)


def _record(step: int, runs: Run, chunk: Any, retries: np.ndarray) -> dict[str, Any]:
    as_list = lambda a: np.asarray(a, np.float64).tolist()
    return {
        "step": step,
        "loss": as_list(chunk.loss),
        "column_losses": as_list(chunk.column_losses),
        "kl": as_list(chunk.kl),
        "validation": as_list(chunk.metric.value),
        "validation_columns": as_list(chunk.metric.columns),
        "best": as_list(runs.best_value),
        "stopped": np.asarray(runs.stopped).tolist(),
        **{name: as_list(value) for name, value in chunk.diagnostics.items()},
        **({recovery.RETRIES: retries.tolist()} if retries.any() else {}),
    }


def _report_failures(
    runs: Run, record: dict[str, Any], columns: list[str], suspects: np.ndarray, last: OptimiserSettings
) -> None:
    failed = np.asarray(runs.failed)
    names = ", ".join(repr(columns[d]) for d in suspects)
    message = (
        f"training diverged by step {record['step']} in {int(failed.sum())} of {failed.size} runs (its numbers became "
        f"non-finite or enormous), at last with a learning rate of {last.learning_rate:g}; the cause lies in {names}: "
        "look at its extreme values, give it another likelihood in the schema, or lower the learning rate"
    )
    if failed.all():
        raise TrainingError(message)
    log.warning(message)


def stack(trees: list[Any]) -> Any:
    """Pytrees of equal structure, stacked along a new first axis."""
    return jax.tree.map(lambda *leaves: np.stack([np.asarray(leaf) for leaf in leaves]), *trees)
