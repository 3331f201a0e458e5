"""The sweep: every combination, several seeds, the best by validation figure, refitted and saved."""

import dataclasses
import datetime
import shutil
from pathlib import Path
from typing import Any

import numpy as np

from evenvae.cocktail import balances as names
from evenvae.cocktail import choice
from evenvae.cocktail import halving as halves
from evenvae.cocktail.claim import bundle_size, claim, folder_of, versions
from evenvae.cocktail.executor import Executor, Finished
from evenvae.cocktail.live import Board
from evenvae.cocktail.report import write_report
from evenvae.cocktail.store import Store, locked
from evenvae.cocktail.summary import Summary, figures, summarise
from evenvae.cocktail.sweep import Sweep, fingerprint, write_table
from evenvae.cocktail.worker import CHECKPOINTS
from evenvae.errors import InputError, TrainingError
from evenvae.estimator import EvenVAE
from evenvae.models import Layout
from evenvae.saving import load
from evenvae.settings import make_plan

MODEL = "best.evenvae"
EXECUTORS = ("local", "ray")


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What a search gives: the summary, and the chosen combination refitted (None where that was not wanted)."""

    summary: Summary
    model: EvenVAE | None


def search(
    X: Any,
    out: str | Path,
    *,
    balances: str | tuple[str, ...] | list[str] = "default",
    seeds: int = 5,
    random_state: int = 0,
    test_fraction: float = 0.0,
    halving: bool = False,
    measure: str = choice.PURPOSE,
    select: str = "median",
    executor: str | Executor = "local",
    workers: int | None = None,
    bundle: int | None = None,
    address: str | None = None,
    resume: bool = False,
    refit: bool = True,
    verbose: bool = False,
    **options: Any,
) -> Outcome:
    """Train every combination with several seeds and find the best.

    Run ``(combination, seed)`` is what ``EvenVAE(balance=combination, random_state=seed, **options).fit`` gives on
    the rows that the seed does not keep for testing: splits and new networks are the same for all combinations.
    Results stand in ``out`` as they come; killed at any moment, the same call with ``resume`` goes on and gives the
    same result.

    Args:
        X: a table, as for `EvenVAE.fit`.
        out: folder for results, checkpoints, summary, figure and model.
        balances: names of combinations; ``"default"`` (the paper's twelve), ``"paper"`` (fifteen, GradNorm's alpha
            0 and 1), ``"more"``, or any list.
        seeds: runs of every combination, with seeds ``random_state``, ``random_state + 1``, ...
        test_fraction: share of the rows that each seed keeps from training and measures at the end.
        halving: drop the worse half of the combinations up to three times on the way.
        measure: what is chosen by, on validation rows: ``"purpose"``, the figure by which training stops (see
            `EvenVAE`), or ``"error"``, ``"worst-column"``, ``"hidden-error"``, ``"log-likelihood"``.
        select: ``"median"`` over the seeds, ``"mean"``, or ``"careful"`` (see `summarise`).
        executor: ``"local"`` (a process for every core or GPU), ``"ray"`` or an `Executor`.
        workers: at most so many bundles at a time.
        bundle: seeds trained side by side by one program; by the number of workers if not given, and then kept.
        address: of the Ray cluster; None is the one that Ray finds, or a new one on this machine.
        resume: go on with the sweep in ``out``; more seeds or combinations may be asked for than before.
        refit: train the chosen combination on all rows and save it as ``best.evenvae``.
        verbose: a live table on a terminal, a line a bundle elsewhere.
        options: of `EvenVAE`; ``ensemble`` is for the refitted model alone.

    Raises:
        InputError: an option, the table or the folder is wrong, or another sweep holds the folder.
        TrainingError: no combination could be trained.
    """
    _check(seeds, random_state, workers, bundle, test_fraction, halving, measure, select, executor, options)
    chosen = names.resolve(balances)
    folder = folder_of(out, resume)
    model = EvenVAE(**{**options, "balance": "none"})
    encoded, _ = model._read(X)
    if any(column.kind == "image" for column in model.schema_.features):
        raise InputError("A sweep is over tables of numbers and levels; fit images one balance at a time.")
    if encoded.tasks is not None:
        raise InputError("The cocktail sweeps models without a task: leave task out, or fit EvenVAE(task=...) itself.")
    # a run is one network on the schema as it was understood
    alone = {name: value for name, value in options.items() if name not in ("ensemble", "schema")}
    steps, chunk = _plan(model, chosen, len(encoded.values), test_fraction)
    hands = _executor(executor, workers, address)
    folder.mkdir(exist_ok=True)
    with locked(folder):
        store = Store(folder)
        try:
            sweep = Sweep(
                alone,
                tuple(range(random_state, random_state + int(seeds))),
                chosen,
                test_fraction,
                bundle_size(bundle, store.noted().get("bundle"), seeds, len(chosen), hands.slots),
                steps,
                chunk,
                fingerprint(encoded, model.schema_, alone, test_fraction),
            )
            claim(store, sweep, folder, halving)
            write_table(folder, encoded, model.schema_)
            columns = [column.name for column in model.schema_.features]
            board = Board(sweep, store.runs(), verbose)
            with board:
                hands.start(sweep, folder)
                try:
                    _train_all(sweep, hands, store, board, columns, folder, halving)
                finally:
                    hands.close()
            purpose = model.purpose or "reconstruct"
            summary = summarise(
                store,
                sweep,
                purpose=purpose,
                select=select,
                measure=measure,
                test_over_train=_test_over_train(model, len(encoded.values), test_fraction),
            )
            if summary.chosen is None:
                raise TrainingError(
                    f"No combination could be trained: {store.runs()['message'].iloc[0] or 'no figure was finite'}"
                )
            write_report(folder, store, summary, figures(store, sweep, purpose, measure))
            fitted = None
            if refit:
                board.say(f"refitting {summary.chosen} on all rows")
                fitted = _refit(X, store, model, summary.chosen, sweep, options, folder)
            return Outcome(summary, fitted)
        finally:
            store.close()


def _check(
    seeds: Any,
    random_state: Any,
    workers: Any,
    bundle: Any,
    test_fraction: float,
    halving: bool,
    measure: str,
    select: str,
    executor: Any,
    options: dict[str, Any],
) -> None:
    """Refuse what no sweep could start with."""
    numbers = (("seeds", seeds, 1), ("random_state", random_state, 0), ("workers", workers, 1), ("bundle", bundle, 1))
    for name, value, least in numbers:
        optional = value is None and name in ("workers", "bundle")
        if not optional and (not isinstance(value, int | np.integer) or value < least):
            raise InputError(f"{name}={value!r} must be a whole number of at least {least}.")
    if not 0 <= test_fraction < 1:
        raise InputError(f"test_fraction={test_fraction} must be at least 0 and below 1.")
    for name, value, known in (
        ("select", select, choice.SELECTIONS),
        ("measure", measure, (choice.PURPOSE, *choice.MEASURES)),
        ("executor", executor if isinstance(executor, str) else EXECUTORS[0], EXECUTORS),
    ):
        if value not in known:
            raise InputError(f"{name}={value!r} is unknown; choose one of {', '.join(known)}.")
    if halving and measure != choice.PURPOSE:
        raise InputError(
            f"measure={measure!r} is known of finished runs alone, and halving drops by the figure of the purpose: "
            "leave one of the two away."
        )
    for name in ("balance", "random_state"):
        if name in options:
            raise InputError(f"{name} can't be set for a sweep; use {'balances' if name == 'balance' else 'seeds'}.")


def _test_over_train(model: EvenVAE, rows: int, test_fraction: float) -> float:
    """Rows that figures are tested on over rows learned from; validation rows where none are kept for testing."""
    held = rows - int((1 - test_fraction) * rows)
    validation = model._held_out_rows(rows - held)
    return (held or validation) / (rows - held - validation)


def _plan(model: EvenVAE, balances: tuple[str, ...], rows: int, test_fraction: float) -> tuple[int, int]:
    """Steps of a run and steps between looks; refuses options that no run could start with."""
    learning = int((1 - test_fraction) * rows)
    held_out = model._held_out_rows(learning)
    if held_out < 1 or learning - held_out < 2:
        raise InputError(
            f"validation_fraction={model.validation_fraction} of {learning} rows leaves nothing to select by: "
            "a sweep needs validation rows; give it more."
        )
    layout = Layout.of(model._likelihoods())
    for balance in balances:
        given = {**model.get_params(deep=False), "balance": balance}
        plan = make_plan(given, layout, learning - held_out, held_out)
    return plan.training.steps, plan.training.steps_per_chunk


def _executor(executor: str | Executor, workers: int | None, address: str | None) -> Executor:
    if not isinstance(executor, str):
        return executor
    if executor == "ray":
        from evenvae.cocktail.cluster import RayExecutor

        return RayExecutor(workers, address)
    from evenvae.cocktail.local import LocalExecutor

    return LocalExecutor(workers)


def _train_all(
    sweep: Sweep, hands: Executor, store: Store, board: Board, columns: list[str], folder: Path, halving: bool
) -> None:
    alive, since = sweep.balances, 0
    pauses = halves.stages(sweep.steps, sweep.chunk, len(alive)) if halving else [sweep.steps]
    for number, until in enumerate(pauses):
        final = until == sweep.steps
        seen = store.done() | (set() if final else set(store.stage(until)))
        jobs = [job for balance in alive for job in sweep.bundles(balance, seen)]
        jobs = [dataclasses.replace(job, until=until, final=final) for job in jobs]
        board.plan(jobs, since, len(sweep.seeds) * halves.steps_to_come(pauses[number:], alive))
        for event in hands.run(jobs):
            if isinstance(event, Finished):
                _keep(event, store, columns, folder)
            board.tell(event)
        if not final:
            stage = {run: figure for run, figure in store.stage(until).items() if run[1] in sweep.seeds}
            alive, since = halves.survivors(stage, alive), until
            board.drop([balance for balance in sweep.balances if balance not in alive], until)


def _keep(event: Finished, store: Store, columns: list[str], folder: Path) -> None:
    if event.records is None:
        raise KeyboardInterrupt
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    if event.job.final:
        store.add(event.records, columns, versions(), now)
        shutil.rmtree(folder / CHECKPOINTS / event.job.name, ignore_errors=True)
    else:
        store.add_stage(event.records, event.job.until)


def _refit(
    X: Any, store: Store, model: EvenVAE, balance: str, sweep: Sweep, options: dict[str, Any], folder: Path
) -> EvenVAE:
    """The chosen combination on all rows, with the first seed; once only, whatever is resumed."""
    said = {"balance": balance, "seed": sweep.seeds[0], "ensemble": options.get("ensemble", 1)}
    if store.noted().get("refitted") == said and (folder / MODEL).is_file():
        return load(folder / MODEL)
    final = EvenVAE(**{**options, "balance": balance, "random_state": sweep.seeds[0], "schema": model.schema_})
    state = folder / CHECKPOINTS / f"refit.{balance}.{said['seed']}.{said['ensemble']}"
    final.fit(X, checkpoint=state, resume=True)
    if final.interrupted_:
        raise KeyboardInterrupt
    final.save(folder / MODEL)
    store.note(refitted=said)
    shutil.rmtree(state, ignore_errors=True)
    return final
