"""The search: every combination with several seeds, the best one by a validation measure, refitted and saved."""

import dataclasses
import datetime
import shutil
from pathlib import Path
from typing import Any

from evenvae.errors import InputError, TrainingError
from evenvae.estimator import EvenVAE, load
from evenvae.fitted.fitting import read
from evenvae.fitted.growing import require
from evenvae.options import Options, resolve
from evenvae.options.recipe import recipe_of
from evenvae.options.resolution import layout_of
from evenvae.part import check_choice, check_count, check_share
from evenvae.search import balances as names
from evenvae.search import choice
from evenvae.search import halving as halves
from evenvae.search.executor import Executor, Finished
from evenvae.search.folder import bundle_size, claim, folder_of, versions
from evenvae.search.live import Board
from evenvae.search.notebook_view import summary_html
from evenvae.search.one_program import sharing
from evenvae.search.options import complete, described
from evenvae.search.report import write_report
from evenvae.search.store import Store, locked
from evenvae.search.summary import Summary, measured_runs, summarise
from evenvae.search.sweep import Sweep, fingerprint, write_table
from evenvae.search.worker import CHECKPOINTS
from evenvae.tables import Schema
from evenvae.training import Plan
from evenvae.training.setup import held_out_rows

MODEL = "best.evenvae"


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What a search gives: the summary, and the chosen combination refitted (None where that was not wanted)."""

    summary: Summary
    model: EvenVAE | None

    def _repr_html_(self) -> str:
        return summary_html(self.summary, self.model is not None)


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
    select: choice.Select = "median",
    executor: str | Executor = "local",
    workers: int | None = None,
    bundle: int | None = None,
    address: str | None = None,
    resume: bool = False,
    refit: bool = True,
    verbose: bool = False,
    **options: Any,
) -> Outcome:
    """Train every combination of balancers with several seeds and find the best one.

    The run ``(combination, seed)`` is what ``EvenVAE(balance=combination, random_state=seed, **options).fit`` gives on
    the rows that the seed does not keep for testing. Splits and new networks are the same for all combinations. Results
    are written to ``out`` as they come. If the search is killed at any moment, the same call with ``resume=True``
    continues it and gives the same result.

    Args:
        X: a table, as for `EvenVAE.fit`.
        out: folder for results, checkpoints, summary, box plot and model.
        balances: names of combinations; ``"default"`` (``auto``, the default of `EvenVAE`, and the twelve of Javaloy et
            al., 2021), ``"paper"`` (their fifteen, with GradNorm's alpha at 0 and 1), ``"more"``, or any list.
            ``auto`` is left out where it is no more than one of the balances, as for other purposes.
        seeds: number of runs of every combination, with the seeds ``random_state``, ``random_state + 1``, ...
        random_state: the first seed.
        test_fraction: share of the rows that every seed keeps from training and measures at the end.
        halving: True drops the worse half of the combinations up to three times before the end.
        measure: what is chosen by, on validation rows: ``"purpose"``, the validation metric by which training stops
            (see `EvenVAE`), or ``"error"``, ``"worst-column"``, ``"hidden-error"``, ``"log-likelihood"``.
        select: ``"median"`` over the seeds, ``"mean"``, or ``"careful"`` (see `summarise`).
        executor: ``"local"`` (one process for every core or GPU), ``"ray"`` or an `Executor`.
        workers: bundles that are trained at a time, at most.
        bundle: seeds that one program trains side by side. If it is not given, it is 1 on cores and follows the number
            of workers on GPUs and clusters; it stays the same when a search is resumed.
        address: of the Ray cluster; None is the one that Ray finds, or a new one on this machine.
        resume: True continues the search in ``out``; ``seeds`` and ``balances`` may be larger than before.
        refit: True trains the chosen combination on all rows and saves it as ``best.evenvae``.
        verbose: True shows a table that is updated on a terminal, and one line for every bundle elsewhere.
        options: of `EvenVAE`; those of parts also as ``network__width``. ``ensemble`` is for the refitted model alone.

    Raises:
        InputError: an option, the table or the folder is wrong, or another search is at work in the folder.
        TrainingError: no combination could be trained.
    """
    _check(seeds, random_state, workers, bundle, test_fraction, halving, measure, select, executor, options)
    chosen = names.resolve(balances)
    folder = folder_of(out, resume)
    given = complete({**options, "balance": names.PLAIN})
    wanted = Options.of(given)
    if wanted.training.devices:
        raise InputError(
            "training.devices cannot be set for a search, which gives every core or GPU bundles of its own. Leave it "
            "out, and fit EvenVAE(balance=...) with the chosen combination."
        )
    if wanted.privacy.asked:
        raise InputError(
            "privacy.epsilon cannot be kept by a search: every run spends of it, and the choice tells of the rows. Fit "
            "EvenVAE(privacy=...) with options that were chosen on public rows."
        )
    if refit and wanted.imputation.trees:
        # they are grown for the refitted model alone, which is hours away
        require()
    encoded, _, schema = read(wanted, X)
    if any(column.is_image for column in schema.features):
        raise InputError(
            "A search needs a table of numbers and levels. For images fit EvenVAE with one balance after the other."
        )
    if schema.tasks:
        raise InputError("A search tries models without a task. Leave task out, or fit EvenVAE(task=...) itself.")
    # the runs are single networks on the schema as it was inferred
    of_runs = described(options, without=("ensemble", "schema", "pilot", "imputation"))
    chosen = _without_empty_recipe(wanted, schema, chosen)
    plans = _plans(wanted, schema, chosen, len(encoded.values), test_fraction)
    pool = _executor(executor, workers, address)
    # executors of users' own need not know of it
    one_by_one = getattr(pool, "one_by_one", False)
    folder.mkdir(exist_ok=True)
    with locked(folder):
        store = Store(folder)
        try:
            begun, length = store.noted(), plans[chosen[-1]].training
            if "bundle" in begun:
                programs = tuple(map(tuple, begun.get("programs", ())))
            else:
                programs = sharing(plans, pool.slots) if one_by_one else ()
            sweep = Sweep(
                of_runs,
                tuple(range(random_state, random_state + int(seeds))),
                chosen,
                test_fraction,
                bundle_size(bundle, begun.get("bundle"), seeds, len(chosen), pool.slots, one_by_one),
                length.steps,
                length.steps_per_chunk,
                fingerprint(encoded, schema, of_runs, test_fraction),
                programs,
            )
            claim(store, sweep, folder, halving)
            write_table(folder, encoded, schema)
            columns = [column.name for column in schema.features]
            board = Board(sweep, store.runs(), verbose)
            with board:
                pool.start(sweep, folder)
                try:
                    _train_all(sweep, pool, store, board, columns, folder, halving)
                finally:
                    pool.close()
            summary = summarise(
                store,
                sweep,
                purpose=wanted.purpose,
                select=select,
                measure=measure,
                test_over_train=_test_over_train(wanted, len(encoded.values), test_fraction),
            )
            if summary.chosen is None:
                reason = store.runs()["message"].iloc[0] or "no validation metric was finite"
                raise TrainingError(f"No combination could be trained: {reason}")
            write_report(folder, store, summary, measured_runs(store, sweep, wanted.purpose, measure))
            fitted = None
            if refit:
                board.say(f"refitting {summary.chosen} on all rows")
                final = {**given, "balance": summary.chosen, "random_state": sweep.seeds[0], "schema": schema}
                fitted = _refit(X, store, EvenVAE(**final), folder)
            return Outcome(summary, fitted)
        finally:
            store.close()


def _check(
    seeds: Any,
    random_state: Any,
    workers: Any,
    bundle: Any,
    test_fraction: Any,
    halving: bool,
    measure: str,
    select: str,
    executor: Any,
    options: dict[str, Any],
) -> None:
    """Refuse what no search could start with."""
    for name, value in (("seeds", seeds), ("random_state", random_state), ("test_fraction", test_fraction)):
        if value is None:
            raise InputError(f"{name}=None must be a number.")
    for name, value, least in (
        ("seeds", seeds, 1), ("random_state", random_state, 0), ("workers", workers, 1), ("bundle", bundle, 1),
    ):  # fmt: skip
        check_count(name, value, least)
    check_share("test_fraction", test_fraction)
    check_choice("select", select, choice.SELECTIONS)
    check_choice("measure", measure, choice.MEASURE_NAMES)
    if isinstance(executor, str):
        check_choice("executor", executor, choice.EXECUTORS)
    if halving and measure != choice.PURPOSE:
        raise InputError(
            f"measure={measure!r} is measured of finished runs only, but halving drops runs by the validation metric "
            "of the purpose. Leave out measure or halving."
        )
    for name in ("balance", "random_state"):
        if name in options:
            raise InputError(f"{name} cannot be set for a search; use {'balances' if name == 'balance' else 'seeds'}.")
    if options.get("pilot"):
        raise InputError(
            "pilot cannot be set for a search, whose summary compares with plain runs of its own. Leave it out, and "
            "fit EvenVAE(balance=..., pilot=True) with the chosen combination."
        )


def _test_over_train(options: Options, rows: int, test_fraction: float) -> float:
    """Rows tested on divided by rows learned from; without test rows, validation rows divided by rows learned from."""
    held = rows - int((1 - test_fraction) * rows)
    validation = held_out_rows(rows - held, options.validation_fraction)
    return (held or validation) / (rows - held - validation)


def _without_empty_recipe(options: Options, schema: Schema, balances: tuple[str, ...]) -> tuple[str, ...]:
    """The combinations without `names.RECIPE`, where these options leave nothing of it but a balance with a name."""
    layout = layout_of(schema.features, options)
    if recipe_of(dataclasses.replace(options, balance=names.RECIPE), layout, ()) or balances == (names.RECIPE,):
        return balances
    return tuple(balance for balance in balances if balance != names.RECIPE)


def _plans(
    options: Options, schema: Schema, balances: tuple[str, ...], rows: int, test_fraction: float
) -> dict[str, Plan]:
    """The plans of a run of every combination.

    Raises:
        InputError: no run could start with these options.
    """
    learning = int((1 - test_fraction) * rows)
    held_out = held_out_rows(learning, options.validation_fraction)
    if held_out < 1 or learning - held_out < 2:
        raise InputError(
            f"validation_fraction={options.validation_fraction} of {learning} rows leaves no validation rows, "
            "by which a search chooses. Give a larger fraction."
        )
    layout = layout_of(schema.features, options)
    columns = tuple(column.name for column in schema.features)
    plan = lambda own: resolve(own, layout, learning - held_out, held_out, names=columns)
    return {balance: plan(dataclasses.replace(options, balance=balance)) for balance in balances}


def _executor(executor: str | Executor, workers: int | None, address: str | None) -> Executor:
    if not isinstance(executor, str):
        return executor
    if executor == "ray":
        from evenvae.search.cluster import RayExecutor

        return RayExecutor(workers, address)
    from evenvae.search.local import LocalExecutor

    return LocalExecutor(workers)


def _train_all(
    sweep: Sweep, pool: Executor, store: Store, board: Board, columns: list[str], folder: Path, halving: bool
) -> None:
    alive, since = sweep.balances, 0
    pauses = halves.stages(sweep.steps, sweep.chunk, len(alive)) if halving else [sweep.steps]
    for number, until in enumerate(pauses):
        final = until == sweep.steps
        seen = store.done() | (set() if final else set(store.stage(until)))
        jobs = [job for balance in alive for job in sweep.bundles(balance, seen)]
        jobs = [dataclasses.replace(job, until=until, final=final) for job in jobs]
        board.plan(jobs, since, len(sweep.seeds) * halves.steps_to_come(pauses[number:], alive))
        for event in pool.run(jobs):
            if isinstance(event, Finished):
                _keep(event, store, columns, folder)
            board.tell(event)
        if not final:
            stage = {run: metric for run, metric in store.stage(until).items() if run[1] in sweep.seeds}
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


def _refit(X: Any, store: Store, model: EvenVAE, folder: Path) -> EvenVAE:
    """The chosen combination on all rows, with the first seed; it is fitted once, however often a search is resumed."""
    said = {"balance": model.balance, "seed": model.random_state, "ensemble": model.ensemble}
    if store.noted().get("refitted") == said and (folder / MODEL).is_file():
        return load(folder / MODEL)
    state = folder / CHECKPOINTS / f"refit.{model.balance}.{model.random_state}.{model.ensemble}"
    model.fit(X, checkpoint=state, resume=True)
    if model.interrupted_:
        raise KeyboardInterrupt
    model.save(folder / MODEL)
    store.note(refitted=said)
    shutil.rmtree(state, ignore_errors=True)
    return model
