"""Training that diverges: back to the last good state with a lower learning rate, a bounded number of times."""

import dataclasses
import logging
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from jaxtyping import Float, Int

from evenvae.training.runs import Log, Run, where
from evenvae.training.settings import OptimiserSettings

log = logging.getLogger(__name__)

FACTOR = 0.1
"""A run that goes back learns at so many times its rate before."""
MOST_RETRIES = 3
"""How often a run may go back."""
SUSPICIOUS = 1e6
"""A larger mean loss is looked at: it may be that of a table with far outliers, or that of a run that explodes."""
EXPLODED = 1e4
"""A run explodes whose loss becomes so many times as large as it has ever been."""
RECOVERED = 10.0
"""A run that has gone back is taken on if its loss becomes at most so many times as large as it was there."""
RETRIES = "retries"
"""The entry of the history that says how often each run has gone back. It is there only after one did."""

Ask = Callable[[OptimiserSettings], tuple[Run, Log]]
Step = Callable[[Run, int, OptimiserSettings], tuple[Run, Log]]


def retries_of(history: list[dict[str, Any]], runs: int) -> Int[np.ndarray, " runs"]:
    """How often each run had gone back by the end of a history."""
    return np.array(history[-1].get(RETRIES, [0] * runs) if history else [0] * runs, int)


def advance(
    ask: Ask,
    step: Step,
    before: Run,
    optimiser: OptimiserSettings,
    retries: Int[np.ndarray, " runs"],
    history: list[dict[str, Any]],
) -> tuple[Run, Log, Int[np.ndarray, " runs"]]:
    """One chunk of steps for all runs; those that diverge take it again from where it began, at a lower rate.

    The rate belongs to the compiled program, so that runs which have never diverged train by the program, and to the
    bits, that they would without this. Runs with other rates are trained by programs of their own. A run that still
    diverges after `MOST_RETRIES` has failed.

    Args:
        ask: trains the chunk with given settings, for all runs.
        step: trains one step of the chunk, by its number, with given settings.
        before: the runs at the beginning of the chunk.
        optimiser: the settings of runs that have not gone back.
        retries: how often each run has gone back before.
        history: of the chunks before.

    Returns:
        The runs after the chunk, its figures, and how often each run has gone back by now.
    """
    running, first = ~np.asarray(before.stopped), retries
    largest = _largest_loss(history, len(running))
    learned = np.isfinite(np.array(history[-1]["loss"], float)) if history else np.ones(len(running), bool)
    answers: dict[int, tuple[Run, Log]] = {}
    at_begin: list[Float[np.ndarray, " runs"]] = []

    def at(level: int) -> tuple[Run, Log]:
        if level not in answers:
            answers[level] = ask(lowered(optimiser, level))
        return answers[level]

    def begin() -> Float[np.ndarray, " runs"]:
        # the loss of the first step is that of the state before it
        if not at_begin:
            at_begin.append(np.abs(np.asarray(step(before, 0, optimiser)[1].loss, float)))
        return at_begin[0]

    def answered(levels: Int[np.ndarray, " runs"]) -> tuple[Run, Log]:
        # runs that have stopped train along and are put back afterwards, whatever their rate
        first, *others = sorted(set(levels[running].tolist()) or {0})
        found = at(first)
        for level in others:
            found = _where_runs(levels == level, at(level), found)
        return found

    while True:
        after, chunk = answered(retries)
        loss, failed = np.asarray(chunk.loss, float), np.asarray(after.failed)
        finite, back = np.isfinite(loss), retries > first
        diverged = failed | (~finite & learned)
        if (running & finite & (loss > SUSPICIOUS)).any():
            diverged = diverged | (finite & (loss > EXPLODED * (1 + np.fmax(largest, begin()))))
        if (running & back).any():
            diverged = diverged | (back & ~(loss <= RECOVERED * (1 + begin())))
        diverged = running & diverged
        again = diverged & (retries < MOST_RETRIES)
        if not again.any():
            break
        retries = retries + again
        for run in np.flatnonzero(again):
            rate = lowered(optimiser, int(retries[run])).learning_rate
            log.warning("run %d diverged and goes back to its last good state, with a learning rate of %g", run, rate)
    lost = diverged & ~failed
    if not lost.any():
        return after, chunk, retries
    # where no rate makes the loss finite, cells are the cause; their columns are left out of the steps they spoil
    spoilt = lost & ~finite
    if spoilt.any():
        retries = np.where(spoilt, first, retries)
        after, chunk = answered(retries)
    lost = lost & ~spoilt
    failed, stopped = np.asarray(after.failed) | lost, np.asarray(after.stopped) | lost
    return after._replace(failed=failed, stopped=stopped), chunk, retries


def lowered(optimiser: OptimiserSettings, retries: int) -> OptimiserSettings:
    """The settings of a run that has gone back so many times."""
    if not retries:
        return optimiser
    return dataclasses.replace(optimiser, learning_rate=optimiser.learning_rate * FACTOR**retries)


def culprits(step: Step, before: Run, optimiser: OptimiserSettings, steps: int) -> Int[np.ndarray, " found"]:
    """The columns whose losses turned non-finite first, or grew most, in a chunk that failed.

    The chunk is trained once more, step by step: at its end the losses of all columns are non-finite, because all
    share the network.

    Args:
        step: trains one step of the chunk, by its number, with given settings.
        before: the runs at the beginning of the chunk.
        optimiser: the settings by which it failed.
        steps: of the chunk.
    """
    known: list[Float[np.ndarray, " D"]] = []
    runs = before
    for number in range(steps):
        runs, chunk = step(runs, number, optimiser)
        losses = np.asarray(chunk.column_losses, float).reshape(-1, np.shape(chunk.column_losses)[-1])
        bad = ~np.isfinite(losses).all(axis=0)
        if bad.any() and not bad.all():
            return np.flatnonzero(bad)
        if bad.all():
            break
        known.append(np.abs(losses).max(axis=0))
        if np.asarray(runs.failed).all():
            break
    if not known:
        return np.arange(losses.shape[1])
    grown = known[-1] / (1 + known[0])
    return np.flatnonzero(grown >= 0.5 * grown.max())


def _largest_loss(history: list[dict[str, Any]], runs: int) -> Float[np.ndarray, " runs"]:
    """The largest size of each run's loss so far; 0 where there is none."""
    losses = np.array([record["loss"] for record in history], float).reshape(-1, runs)
    return np.where(np.isfinite(losses), np.abs(losses), 0).max(axis=0, initial=0)


_where_runs = jax.jit(jax.vmap(where))
