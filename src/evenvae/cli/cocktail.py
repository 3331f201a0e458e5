"""``evenvae cocktail``: which balance suits a table best."""

from pathlib import Path
from typing import Annotated, Any

import typer

from evenvae.cli import common, completing
from evenvae.cli.app import Data, app
from evenvae.cocktail import choice
from evenvae.errors import InputError


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
        typer.Option(help="Rows each seed keeps from training to test on; 0.2 for dataset:NAME, 0 else."),
    ] = None,
    halving: Annotated[bool, typer.Option("--halving", help="Drop the worse half three times on the way.")] = False,
    measure: Annotated[
        str,
        typer.Option(
            help="By what to choose, on validation rows: purpose (the figure by which training stops), error, "
            "worst-column, hidden-error or log-likelihood."
        ),
    ] = choice.PURPOSE,
    select: Annotated[str, typer.Option(help="How over the seeds: median, mean or careful.")] = "median",
    executor: Annotated[str, typer.Option(help="local or ray.")] = "local",
    address: Annotated[str | None, typer.Option(help="Of the Ray cluster.")] = None,
    workers: Annotated[
        int | None, typer.Option(metavar="N", help="Bundles at a time; one a core or GPU if not given.")
    ] = None,
    bundle: Annotated[
        int | None, typer.Option(metavar="N", help="Seeds side by side in one program; by the workers if not given.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the sweep in DIR.")] = False,
    refit: Annotated[bool, typer.Option(help="Train the chosen combination on all rows.")] = True,
    schema: Annotated[Path | None, typer.Option(metavar="FILE", help="A schema.toml.")] = None,
    model: Annotated[str, typer.Option(help="As for fit.", autocompletion=completing.models)] = "vae",
    objective: Annotated[str, typer.Option(help="As for fit.", autocompletion=completing.objectives)] = "elbo",
    prior: Annotated[str, typer.Option(help="As for fit.", autocompletion=completing.priors)] = "standard",
    purpose: Annotated[
        str,
        typer.Option(
            help="By what to stop and select: reconstruct, impute, score, sample.", autocompletion=completing.purposes
        ),
    ] = "reconstruct",
    ensemble: Annotated[int, typer.Option(metavar="N", help="Runs averaged in the refitted model.")] = 1,
    epochs: Annotated[float | None, typer.Option(help="Passes over the table; by its size if not given.")] = None,
    seed: Annotated[int, typer.Option(help="The first seed.")] = 0,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="NAME=VALUE", help="Any option of EvenVAE; repeatable.", autocompletion=completing.settings
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The summary for machines, as in DIR/summary.json.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Nothing while it runs, no summary.")] = False,
) -> int:
    """Train every combination of balancers with several seeds; find the best, refit and save it.

    DIR holds results.sqlite (a row a run), summary.csv, columns.csv, summary.json, figures.png and best.evenvae.
    """
    for name, value in (("--seeds", seeds), ("--workers", workers), ("--bundle", bundle), ("--ensemble", ensemble)):
        if value is not None and value < 1:
            raise InputError(f"{name} {value} must be at least 1.")
    if test_fraction is not None and not 0 <= test_fraction < 1:
        raise InputError(f"--test-fraction {test_fraction} must be at least 0 and below 1.")
    for name, value, known in (
        ("--measure", measure, (choice.PURPOSE, *choice.MEASURES)),
        ("--select", select, choice.SELECTIONS),
        ("--executor", executor, ("local", "ray")),
    ):
        if value not in known:
            raise InputError(f"{name} {value} is unknown; choose one of {', '.join(known)}.")
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
    options |= common.parse_settings(settings or [])
    for name, instead in (("balance", "--balances"), ("random_state", "--seed"), ("schema", "--schema")):
        if name in options:
            raise InputError(f"--set {name} can't be given for a sweep; use {instead}.")
    table, known_schema = common.read(data)
    common.use_cores(int(options["ensemble"]))
    from evenvae.cocktail import search

    try:
        outcome = search(
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
        )
    except KeyboardInterrupt:
        typer.echo(f"evenvae: interrupted; go on by the same call with --resume (what is done is in {out})", err=True)
        return 130
    if as_json:
        typer.echo((out / "summary.json").read_text(encoding="utf-8"))
    elif not quiet:
        _print(outcome.summary, out, refit)
    return 0


def _test_fraction(given: float | None, data: str) -> float:
    return given if given is not None else 0.2 if data.startswith("dataset:") else 0.0


def _print(summary: Any, out: Path, refit: bool) -> None:
    from evenvae.cocktail.report import victims

    table = summary.table
    tested = summary.tested is not None
    header = ["combination", "runs", "median", "mean", "deviation"]
    header += ["test median", "test mean"] if tested else []
    header += ["less than plain", "p"]
    rows, dropped = [], []
    for row in table.to_dict("records"):
        shown = [row["median"], row["mean"], row["deviation"]]
        shown += [row["test_median"], row["test_mean"]] if tested else []
        shown += [row.get("less_than_plain"), row.get("p")]
        if not row["runs"] and not row["failed"]:
            dropped.append(row["balance"])
            continue
        runs = str(row["runs"]) + (f" ({row['failed']} failed)" if row["failed"] else "")
        rows.append([row["balance"], runs, *(common.number(value, 4) for value in shown)])
    common.print_table("", header, rows)
    on_test = f"; test: {summary.tested}" if tested else ""
    typer.echo(f"\n{summary.figure}{on_test}; less is better; p: corrected paired t-test against plain, over seeds")
    if dropped:
        typer.echo(f"dropped on the way: {', '.join(dropped)}")
    losses = victims(summary)
    worse: Any = losses[losses["chosen"] > 1.05 * losses["plain"]]
    if len(worse):
        said = ", ".join(f"{r['column']} {r['plain']:.3g} to {r['chosen']:.3g}" for r in worse.to_dict("records"))
        typer.echo(f"columns that pay for it, plain to chosen: {said}")
    kept = f"; refitted on all rows in {out / 'best.evenvae'}" if refit else ""
    typer.echo(f"chosen: {summary.chosen}{kept}")
