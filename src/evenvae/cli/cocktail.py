"""``evenvae cocktail``: the search for the balancer that suits a table best."""

from pathlib import Path
from typing import Annotated, Any

import typer

from evenvae.cli import common, completing, progress
from evenvae.cli.app import Data, Epochs, Purpose, SchemaFile, Settings, app
from evenvae.cli.ending import call, next_step
from evenvae.errors import InputError
from evenvae.part import check_choice, check_count
from evenvae.search import choice


@app.command(epilog="Example: evenvae cocktail people.csv -o sweep --seeds 5 --balances default,power-norm[gamma=0.5]")
def cocktail(
    data: Data,
    out: Annotated[
        Path, typer.Option("-o", "--out", metavar="DIR", help="Folder for results, summary and the best model.")
    ],
    seeds: Annotated[int, typer.Option(metavar="N", help="Runs of every combination.")] = 5,
    balances: Annotated[
        str,
        typer.Option(
            metavar="A,B,...",
            help="default (the paper's 12), paper (15, GradNorm's alpha 0 and 1), more, or names such as "
            "gradnorm[alpha=1]+pcgrad.",
        ),
    ] = "default",
    test_fraction: Annotated[
        float | None,
        typer.Option(help="Share of the rows that every seed keeps for testing. Default 0.2 for dataset:NAME, else 0."),
    ] = None,
    halving: Annotated[bool, typer.Option("--halving", help="Drop the worse half up to three times.")] = False,
    measure: Annotated[
        str,
        typer.Option(
            help="What decides, on validation rows: purpose (the metric by which training stops), error, "
            "worst-column, hidden-error or log-likelihood."
        ),
    ] = choice.PURPOSE,
    select: Annotated[str, typer.Option(help="How the seeds are summarised: median, mean or careful.")] = "median",
    executor: Annotated[str, typer.Option(help="local or ray.")] = "local",
    address: Annotated[str | None, typer.Option(help="Address of the Ray cluster.")] = None,
    workers: Annotated[
        int | None, typer.Option(metavar="N", help="Bundles at a time. Default: one for every core or GPU.")
    ] = None,
    bundle: Annotated[
        int | None,
        typer.Option(metavar="N", help="Seeds that train side by side. Default: 1 on cores, else by workers."),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue the search in DIR.")] = False,
    refit: Annotated[bool, typer.Option(help="Train the chosen combination on all rows.")] = True,
    schema: SchemaFile = None,
    model: Annotated[str, typer.Option(help="As for fit.", autocompletion=completing.models)] = "vae",
    objective: Annotated[str, typer.Option(help="As for fit.", autocompletion=completing.objectives)] = "elbo",
    prior: Annotated[str, typer.Option(help="As for fit.", autocompletion=completing.priors)] = "standard",
    purpose: Purpose = "reconstruct",
    ensemble: Annotated[int, typer.Option(metavar="N", help="Members of the refitted model.")] = 1,
    epochs: Epochs = None,
    seed: Annotated[int, typer.Option(help="The first seed.")] = 0,
    settings: Settings = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print DIR/summary.json.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress and no summary.")] = False,
) -> int:
    """Train every combination of balancers with several seeds; refit and save the best one.

    DIR holds results.sqlite (one row for every run), summary.csv, columns.csv, summary.json, figures.png and
    best.evenvae.
    """
    for name, value in (("--seeds", seeds), ("--workers", workers), ("--bundle", bundle), ("--ensemble", ensemble)):
        check_count(name, value)
    if test_fraction is not None and not 0 <= test_fraction < 1:
        raise InputError(f"--test-fraction {test_fraction} must be at least 0 and below 1.")
    check_choice("--measure", measure, choice.MEASURE_NAMES)
    check_choice("--select", select, choice.SELECTIONS)
    check_choice("--executor", executor, choice.EXECUTORS)
    if address is not None and executor != "ray":
        raise InputError("--address is of a Ray cluster: add --executor ray.")
    options: dict[str, Any] = {
        "model": model,
        "objective": objective,
        "prior": prior,
        "purpose": purpose,
        "ensemble": ensemble,
        "epochs": epochs,
    }
    with progress.watching("reading", quiet):
        options |= common.parse_settings(settings or [])
        table, known_schema = common.read(data)
    for name, instead in (("balance", "--balances"), ("random_state", "--seed"), ("schema", "--schema")):
        if name in options:
            raise InputError(f"--set {name} cannot be given for a search; use {instead}.")
    common.use_cores(options["ensemble"])
    from evenvae.search import search

    outcome = common.resumable(
        lambda: search(
            table,
            out,
            balances=balances,
            seeds=seeds,
            random_state=seed,
            test_fraction=_test_fraction(test_fraction, data),
            halving=halving,
            measure=measure,
            select=select,
            executor=executor,
            workers=workers,
            bundle=bundle,
            address=address,
            resume=resume,
            refit=refit,
            verbose=not quiet,
            schema=str(schema) if schema else known_schema,
            **options,
        ),
        out,
    )
    if outcome is None:
        return common.INTERRUPTED
    if as_json:
        typer.echo((out / "summary.json").read_text(encoding="utf-8"))
    elif not quiet:
        _print(outcome.summary, out, refit)
        if refit:
            next_step(call("evaluate", out / "best.evenvae", data), "the chosen model, column by column")
        else:
            chosen = call("fit", data, "--balance", outcome.summary.chosen)
            next_step(chosen, "a model of all rows with the chosen combination")
    return common.DONE


def _test_fraction(given: float | None, data: str) -> float:
    return given if given is not None else 0.2 if data.startswith("dataset:") else 0.0


def _print(summary: Any, out: Path, refit: bool) -> None:
    from evenvae.search.report import PICTURE, column_costs

    table = summary.table
    tested = summary.tested is not None
    header = ["combination", "runs", "median", "mean", "deviation"]
    header += ["test median", "test mean"] if tested else []
    header += ["less than plain", "p", "worst column / plain", "nats beside plain"]
    rows, dropped = [], []
    for row in table.to_dict("records"):
        shown = [row["median"], row["mean"], row["deviation"]]
        shown += [row["test_median"], row["test_mean"]] if tested else []
        shown += [row.get("less_than_plain"), row.get("p"), row.get("worst_regret"), row.get("nats")]
        if not row["runs"] and not row["failed"]:
            dropped.append(row["balance"])
            continue
        runs = str(row["runs"]) + (f" ({row['failed']} failed)" if row["failed"] else "")
        rows.append([row["balance"], runs, *(common.number(value, 4) for value in shown)])
    common.print_table("", header, rows)
    on_test = f"; test: {summary.tested}" if tested else ""
    typer.echo(f"\n{summary.figure}{on_test}; lower is better; p: corrected paired t-test against plain, over seeds")
    if dropped:
        typer.echo(f"dropped before the end: {', '.join(dropped)}")
    costs = column_costs(summary)
    worse: Any = costs[costs["chosen"] > 1.05 * costs["plain"]]
    if len(worse):
        said = ", ".join(f"{r['column']} {r['plain']:.3g} to {r['chosen']:.3g}" for r in worse.to_dict("records"))
        typer.echo(f"columns with a larger error, plain to chosen: {said}")
    if not (out / PICTURE).exists():
        typer.echo(f"{PICTURE} is not drawn: it needs matplotlib: pip install 'evenvae[pictures]'")
    kept = f"; refitted on all rows in {out / 'best.evenvae'}" if refit else ""
    typer.echo(f"chosen: {summary.chosen}{kept}")
