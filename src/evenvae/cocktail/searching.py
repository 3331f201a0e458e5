"""The sweep: every combination, several seeds, the best by validation figure, refitted and saved."""

import dataclasses
import datetime
import importlib.metadata
import platform
import shutil
from pathlib import Path
from typing import Any

import numpy as np

import evenvae
from evenvae.cocktail import balances as names
from evenvae.cocktail import halving as halves
from evenvae.cocktail.executor import Executor, Finished
from evenvae.cocktail.live import Board
from evenvae.cocktail.report import write_report
from evenvae.cocktail.store import Store, locked
from evenvae.cocktail.summary import SELECTIONS, Summary, summarise
from evenvae.cocktail.sweep import Sweep, fingerprint, write_table
from evenvae.cocktail.worker import CHECKPOINTS
from evenvae.errors import InputError, TrainingError
from evenvae.estimator import EvenVAE, likelihood_of
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
        halving: drop the worse half of the combinations three times on the way.
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
    for name, value, least in (("seeds", seeds, 1), ("workers", workers, 1), ("bundle", bundle, 1)):
        if value is not None and (not isinstance(value, int | np.integer) or value < least):
            raise InputError(f"{name}={value!r} must be a whole number of at least {least}.")
    if not 0 <= test_fraction < 1:
        raise InputError(f"test_fraction={test_fraction} must be at least 0 and below 1.")
    if select not in SELECTIONS:
        raise InputError(f"select={select!r} is unknown; choose one of {', '.join(SELECTIONS)}.")
    if isinstance(executor, str) and executor not in EXECUTORS:
        raise InputError(f"executor={executor!r} is unknown; choose one of {', '.join(EXECUTORS)}.")
    for name in ("balance", "random_state"):
        if name in options:
            raise InputError(f"{name} can't be set for a sweep; use {'balances' if name == 'balance' else 'seeds'}.")
    folder = _folder(out, resume)
    refit_options = {"ensemble": options.pop("ensemble", 1)}
    schema = options.pop("schema", None)
    model = EvenVAE(schema=schema, balance="none", **options)
    encoded = model._read(X)
    chosen = names.resolve(balances)
    steps, chunk = _plan(model, options, chosen, len(encoded.values), test_fraction)
    hands = _executor(executor, workers, address)
    with locked(folder):
        store = Store(folder)
        try:
            sweep = Sweep(
                options,
                tuple(range(random_state, random_state + int(seeds))),
                chosen,
                test_fraction,
                _bundle_size(bundle, store.noted().get("bundle"), seeds, len(chosen), hands.slots),
                steps,
                chunk,
                fingerprint(encoded, model.schema_, options, test_fraction),
            )
            _claim(store, sweep, folder, halving)
            write_table(folder, encoded, model.schema_)
            columns = [column.name for column in model.schema_.features]
            board = Board(sweep, store.runs(), verbose)
            with board:
                hands.start(sweep, folder)
                try:
                    _train_all(sweep, hands, store, board, columns, folder, halving)
                finally:
                    hands.close()
            held = round(len(encoded.values) * test_fraction)
            learned = len(encoded.values) - held - model._held_out_rows(len(encoded.values) - held)
            tested = held or model._held_out_rows(len(encoded.values))
            summary = summarise(
                store, sweep, purpose=model.purpose or "reconstruct", select=select, test_over_train=tested / learned
            )
            if summary.chosen is None:
                raise TrainingError(
                    f"No combination could be trained: {store.runs()['message'].iloc[0] or 'no figure was finite'}"
                )
            write_report(folder, store, summary)
            fitted = None
            if refit:
                board.say(f"refitting {summary.chosen} on all rows")
                fitted = _refit(X, store, model, summary.chosen, sweep, {**options, **refit_options}, folder)
            return Outcome(summary, fitted)
        finally:
            store.close()


def _folder(out: str | Path, resume: bool) -> Path:
    folder = Path(out)
    if folder.exists() and not folder.is_dir():
        raise InputError(f"Cannot write to {folder}: --out must be a folder, and this is a file.")
    if not folder.exists() and not folder.parent.is_dir():
        raise InputError(f"Cannot make {folder}: the folder {folder.parent} does not exist; make it first.")
    if Store.exists(folder) and not resume:
        raise InputError(f"{folder} holds a sweep already: go on with it by --resume, or give another folder.")
    folder.mkdir(exist_ok=True)
    return folder


def _plan(model: EvenVAE, options: dict, balances: tuple[str, ...], rows: int, test_fraction: float) -> tuple[int, int]:
    """Steps of a run and steps between looks; refuses options that no run could start with."""
    learning = int((1 - test_fraction) * rows)
    held_out = model._held_out_rows(learning)
    if held_out < 1 or learning - held_out < 2:
        raise InputError(
            f"validation_fraction={model.validation_fraction} of {learning} rows leaves nothing to select by: "
            "a sweep needs validation rows; give it more."
        )
    layout = Layout.of([likelihood_of(column) for column in model.schema_.features])
    for balance in balances:
        given = {**model.get_params(deep=False), **options, "balance": balance}
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


def _bundle_size(asked: int | None, kept: int | None, seeds: int, combinations: int, slots: int) -> int:
    """Seeds side by side: one program for all of a combination's, unless workers would then have nothing to do."""
    if kept is not None:
        if asked is not None and asked != kept:
            raise InputError(f"bundle={asked}: this sweep began with {kept} seeds side by side; leave the option away.")
        return kept
    return asked or -(-seeds // max(1, slots // combinations))


def _claim(store: Store, sweep: Sweep, folder: Path, halving: bool) -> None:
    noted = store.noted()
    if "fingerprint" in noted and noted["fingerprint"] != sweep.fingerprint:
        before, now = noted["options"] | {"test_fraction": noted["test_fraction"]}, _said(sweep)
        changed = sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name))
        what = f"other settings ({', '.join(changed)})" if changed else "other data or another schema"
        raise InputError(f"The sweep in {folder} is of {what}: repeat the call that began it, or give another folder.")
    before = noted.get("balances", []), noted.get("seeds", [])
    store.note(
        fingerprint=sweep.fingerprint,
        options={name: _plain(value) for name, value in sweep.options.items()},
        test_fraction=sweep.test_fraction,
        bundle=sweep.bundle,
        steps=sweep.steps,
        chunk=sweep.chunk,
        balances=list(dict.fromkeys([*before[0], *sweep.balances])),
        seeds=sorted({*before[1], *sweep.seeds}),
        halving=halving,
        versions=versions(),
    )


def _said(sweep: Sweep) -> dict[str, Any]:
    return {name: _plain(value) for name, value in sweep.options.items()} | {"test_fraction": sweep.test_fraction}


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, bool | int | float | str) else repr(value)


def versions() -> dict[str, str]:
    """Of what the figures depend on."""
    found = {name: importlib.metadata.version(name) for name in ("jax", "jaxlib", "numpy")}
    return {"evenvae": evenvae.__version__, "python": platform.python_version(), **found}


def _train_all(
    sweep: Sweep, hands: Executor, store: Store, board: Board, columns: list[str], folder: Path, halving: bool
) -> None:
    alive = sweep.balances
    pauses = halves.stages(sweep.steps, sweep.chunk, len(alive)) if halving else [sweep.steps]
    for until in pauses:
        final = until == sweep.steps
        seen = store.done() | (set() if final else set(store.stage(until)))
        jobs = [job for balance in alive for job in sweep.bundles(balance, seen)]
        jobs = [dataclasses.replace(job, until=until, final=final) for job in jobs]
        board.plan(jobs, alive)
        for event in hands.run(jobs):
            if isinstance(event, Finished):
                _keep(event, store, columns, folder)
            board.tell(event)
        if not final:
            figures = {run: figure for run, figure in store.stage(until).items() if run[1] in sweep.seeds}
            alive = halves.survivors(figures, alive)
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
    said = {"balance": balance, "seed": sweep.seeds[0], "ensemble": options["ensemble"]}
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
