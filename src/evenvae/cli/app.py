"""The commands."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from evenvae.cli import common, completing
from evenvae.errors import InputError
from evenvae.places import check_file, check_folder
from evenvae.tables.files import kind_of

app = typer.Typer(
    help="Variational autoencoders for tables of mixed columns that overlook nothing.\n\n"
    "DATA and OUT are .csv, .csv.gz, .tsv, .parquet, .feather or .jsonl files, - for CSV on the standard "
    "streams; DATA may be dataset:NAME.",
    no_args_is_help=True,
    add_completion=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Data = Annotated[
    str,
    typer.Argument(
        metavar="DATA",
        help="Table: a file, - or dataset:NAME.",
        show_default=False,
        autocompletion=completing.datasets,
    ),
]
Model = Annotated[Path, typer.Argument(metavar="MODEL", help="A model that fit wrote.", show_default=False)]
Out = Annotated[str, typer.Option("-o", "--out", metavar="OUT", help="File to write, - for CSV on the screen.")]


def _version(value: bool) -> None:
    if value:
        from evenvae import __version__

        typer.echo(f"evenvae {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show where an error comes from.")] = False,
) -> None:
    """Options before the command."""
    del version, debug


@app.command(epilog="Example: evenvae schema people.csv -o schema.toml")
def schema(
    data: Data,
    out: Annotated[str | None, typer.Option("-o", "--out", metavar="FILE", help="Write schema.toml.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """What each column is taken for, and why; edit the file and give it to fit."""
    from evenvae import Schema

    if out and out != "-":
        check_file(out)
    table, known = common.read(data)
    found = known or Schema.infer(table)
    if as_json:
        names = ("column", "role", "likelihood", "rule", "reason", "note")
        typer.echo(json.dumps([dict(zip(names, row, strict=True)) for row in found.report()], indent=2))
    if out:
        found.to_toml(out)
    if as_json or out == "-":
        return
    rows = [[name, likelihood or role, reason, note] for name, role, likelihood, _, reason, note in found.report()]
    common.print_table("", ["column", "taken for", "because", "note"], rows, left=4)
    if out:
        typer.echo(f"\nwritten to {out}; edit it, then: evenvae fit {data} --schema {out} -o MODEL")


@app.command(epilog="Example: evenvae fit people.csv -o people.evenvae --purpose impute --ensemble 4")
def fit(
    data: Data,
    out: Annotated[Path, typer.Option("-o", "--out", metavar="MODEL", help="Where to write the model.")],
    schema: Annotated[Path | None, typer.Option(metavar="FILE", help="A schema.toml.")] = None,
    model: Annotated[
        str, typer.Option(help="vae, or hivae: a mixture prior and private slices.", autocompletion=completing.models)
    ] = "vae",
    objective: Annotated[
        str,
        typer.Option(help="elbo, beta, iwae, dreg, geco or geco-iwae.", autocompletion=completing.objectives),
    ] = "elbo",
    balance: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="auto, none, or magnitude+direction as in imtl-g+pcgrad.",
            autocompletion=completing.balances,
        ),
    ] = "auto",
    prior: Annotated[
        str, typer.Option(help="standard; learned: vamp, exemplar, optimal.", autocompletion=completing.priors)
    ] = "standard",
    task: Annotated[
        list[str] | None, typer.Option(metavar="COLUMN", help="Site, sensor or year of a row; repeatable.")
    ] = None,
    purpose: Annotated[
        str,
        typer.Option(
            help="By what to stop and select: reconstruct, impute, score, sample.", autocompletion=completing.purposes
        ),
    ] = "reconstruct",
    ensemble: Annotated[int, typer.Option(metavar="N", help="Runs side by side, averaged.")] = 1,
    epochs: Annotated[float | None, typer.Option(help="Passes over the table; by its size if not given.")] = None,
    seed: Annotated[int, typer.Option(help="Same seed, same machine, same model.")] = 0,
    hide: Annotated[
        float, typer.Option(metavar="SHARE", help="Hide this share of cells first, as if they were missing.")
    ] = 0.0,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="NAME=VALUE", help="Any option of EvenVAE; repeatable.", autocompletion=completing.settings
        ),
    ] = None,
    checkpoint: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write the state of training here now and then.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the checkpoint.")] = False,
    track: Annotated[
        list[str] | None,
        typer.Option(
            metavar="WHERE",
            help="Write the curves to tensorboard:DIR or mlflow:URI, as in tensorboard:runs/first or "
            "mlflow:sqlite:///runs.db; repeatable.",
        ),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress bar, no summary.")] = False,
) -> int:
    """Learn from a table and write the model."""
    if resume and checkpoint is None:
        raise InputError("--resume needs --checkpoint DIR, the folder that the interrupted call wrote to.")
    check_file(out)
    trackers = common.trackers(track or [])
    table, known = common.read(data)
    chosen: dict[str, Any] = {
        "schema": str(schema) if schema else known,
        "model": model,
        "objective": objective,
        "balance": balance,
        "prior": prior,
        "task": list(task) if task else None,
        "purpose": purpose,
        "ensemble": ensemble,
        "epochs": epochs,
        "random_state": seed,
        "verbose": not quiet,
    }
    chosen |= common.parse_settings(settings or [])
    common.use_cores(int(chosen["ensemble"] or 1) if str(chosen["ensemble"]).isdigit() else 1)
    from evenvae import EvenVAE

    if hide:
        table, chosen["schema"] = common.with_hidden(table, chosen["schema"], hide, seed)
    estimator = EvenVAE(**chosen).fit(table, callbacks=trackers, checkpoint=checkpoint, resume=resume)
    estimator.save(out)
    if estimator.interrupted_:
        kept = f"; go on with: --checkpoint {checkpoint} --resume" if checkpoint else ""
        typer.echo(f"evenvae: interrupted; what was learned so far is in {out}{kept}", err=True)
        return 130
    if not quiet:
        last = estimator.history_[-1] if estimator.history_ else {}
        best = min(last.get("best", [float("nan")]))
        typer.echo(
            f"{out}: {estimator.rows_} rows, {len(estimator.schema_.features)} columns, {estimator.n_steps_} "
            f"steps, balance {estimator.plan_.balance}, validation figure ({purpose}) {best:.4g}",
            err=True,
        )
    return 0


@app.command(epilog="Example: evenvae evaluate people.evenvae new_people.csv --json")
def evaluate(
    model: Model,
    data: Data,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
    statistic: Annotated[str | None, typer.Option(help="Of numbers: typical, mean, median or mode.")] = None,
    hide: Annotated[
        float, typer.Option(metavar="SHARE", help="Hide this share of cells; report them apart, as imputed.")
    ] = 0.0,
    seed: Annotated[int, typer.Option(help="Which cells are hidden; that of `fit --hide` hides the same.")] = 0,
) -> None:
    """How well each column is reconstructed, beside its mean or most frequent level; mean log-likelihood."""
    import evenvae

    fitted = evenvae.load(model)
    result = fitted.evaluate(common.read(data)[0], statistic=statistic, hide=hide, random_state=seed)
    if as_json:
        columns = json.loads(result.to_json(orient="records"))
        typer.echo(json.dumps({**result.attrs, "columns": columns}, indent=2))
        return
    figures = [name for name in result.columns if name not in ("column", "likelihood")]
    rows = [[r["column"], r["likelihood"], *(common.number(r[name]) for name in figures)] for _, r in result.iterrows()]
    header = ["column", "likelihood", *(name.replace("_", " ").replace("log like", "log-like") for name in figures)]
    common.print_table("", header, rows, left=2)
    a = result.attrs
    typer.echo(
        f"\nmean error {common.number(a['error'], 4)} (baseline {common.number(a['baseline'], 4)}), worst ratio "
        f"{common.number(a['worst_ratio'])} ({a['worst_column']}), log-likelihood {a['log_likelihood']:.3f} nats a row"
    )
    if "task_information" in a:
        typer.echo(
            f"task: read off draws of z with accuracy {a['task_probe_accuracy']:.3f}, off their means with "
            f"{a['task_probe_accuracy_of_means']:.3f} (most frequent {a['task_probe_chance']:.3f}); "
            f"I(S;Z) {a['task_information']:.3f} nats of at most "
            f"{a['task_entropy']:.3f}; rate {a['rate']:.3f} = I(S;Z) + KL(q(z)||p(z)) {a['prior_divergence']:.3f} "
            f"+ I(X;Z|S) {a['row_information']:.3f}"
        )
    if hide:
        typer.echo(
            f"hidden cells: mean error {common.number(a['hidden_error'], 4)} "
            f"(baseline {common.number(a['hidden_baseline'], 4)})"
        )
    typer.echo("error: RMSE / range of numbers, error rate of levels; baseline: mean or most frequent level")


@app.command(epilog="Example: evenvae impute people.evenvae holes.csv -o filled.csv")
def impute(
    model: Model,
    data: Data,
    out: Out,
    draws: Annotated[int, typer.Option(metavar="N", help="N > 1 writes N completed tables.")] = 1,
    statistic: Annotated[
        str | None, typer.Option(help="importance, point or mode; by the model's purpose if not given.")
    ] = None,
    samples: Annotated[int, typer.Option(help="Importance samples a row.")] = 50,
    seed: Annotated[int, typer.Option(help="Seed of the draws.")] = 0,
) -> None:
    """Fill the holes; observed cells stay as they are, byte for byte in delimited text."""
    import evenvae
    from evenvae import tables

    common.check_out(out)
    fitted = evenvae.load(model)
    table, _ = common.read(data)
    if draws > 1 and out == "-":
        raise InputError("--draws above 1 writes several tables; give a file name with -o.")
    filled = fitted.impute(table, draws, statistic=statistic, samples=samples, random_state=seed)
    names = [out] if draws == 1 else [numbered(out, i + 1) for i in range(draws)]
    for name, result in zip(names, [filled] if draws == 1 else filled, strict=True):
        if data == "-" or data.startswith("dataset:"):
            tables.write_table(result, name)
        else:
            tables.write_filled(data, table, result, fitted.schema_, name)


def numbered(out: str, number: int) -> str:
    """``people.csv`` to ``people.3.csv``."""
    kind = kind_of(out)
    return f"{out[: -len(kind)]}.{number}{out[-len(kind) :]}"


@app.command(epilog="Example: evenvae sample people.evenvae -n 1000 -o synthetic.csv --seed 1")
def sample(
    model: Model,
    out: Out,
    n: Annotated[int, typer.Option("-n", metavar="N", help="Number of rows.")],
    seed: Annotated[int | None, typer.Option(help="Same seed, same rows.")] = None,
    given: Annotated[
        list[str] | None,
        typer.Option(metavar="CONDITION", help="COLUMN=VALUE, or with != < <= > >=; repeatable."),
    ] = None,
    rule: Annotated[
        list[str] | None, typer.Option(metavar="EXPRESSION", help="Between columns, as in 'start <= end'; repeatable.")
    ] = None,
    missing: Annotated[bool, typer.Option("--missing", help="Leave holes as the training table has them.")] = False,
) -> None:
    """Draw new rows from the model."""
    import evenvae
    from evenvae import tables

    common.check_out(out)
    fitted = evenvae.load(model)
    tables.write_table(fitted.sample(n, given, random_state=seed, rules=rule or (), missing=missing), out)


@app.command(epilog="Example: evenvae translate people.evenvae people.csv --to site=Bonn -o as_in_bonn.csv")
def translate(
    model: Model,
    data: Data,
    out: Out,
    to: Annotated[list[str], typer.Option("--to", metavar="COLUMN=VALUE", help="The other task; repeatable.")],
) -> None:
    """The rows as they would look under another task, for models that were fitted with --task."""
    import evenvae
    from evenvae import tables

    common.check_out(out)
    fitted = evenvae.load(model)
    tables.write_table(fitted.translate(common.read(data)[0], to=common.pairs("--to", to)), out)


@app.command(epilog="Example: evenvae encode people.evenvae people.csv -o latent.parquet")
def encode(model: Model, data: Data, out: Out) -> None:
    """One row of latent coordinates per row of DATA."""
    import pandas as pd

    import evenvae
    from evenvae import tables

    common.check_out(out)
    fitted = evenvae.load(model)
    latent = fitted.transform(common.read(data)[0])
    tables.write_table(pd.DataFrame(latent, columns=[f"z{i + 1}" for i in range(latent.shape[1])]), out)


@app.command(epilog="Example: evenvae score people.evenvae people.csv -o scores.csv")
def score(
    model: Model,
    data: Data,
    out: Out,
    samples: Annotated[int | None, typer.Option(help="Importance samples a row; 100 if not given.")] = None,
) -> None:
    """Log-likelihood of every row (importance sampled); low means unusual."""
    import pandas as pd

    import evenvae
    from evenvae import tables

    common.check_out(out)
    details = evenvae.load(model).score_samples(
        common.read(data)[0], return_details=True, **({} if samples is None else {"samples": samples})
    )
    names = {
        "log_likelihood": "total",
        "standard_error": "standard_error",
        "effective_samples": "effective_samples",
    }
    tables.write_table(pd.DataFrame({name: details[key] for name, key in names.items()}), out)


@app.command(epilog="Example: evenvae demo --out demo")
def demo(
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where report.html and the tables go.")] = Path(
        "evenvae-demo"
    ),
    quick: Annotated[bool, typer.Option("--quick", help="A tenth of the training.")] = False,
) -> None:
    """Plain against balanced on a real table, column by column, and how well hidden cells are found again."""
    check_folder(out)
    common.use_cores(2)
    from evenvae.cli.demo import run

    run(out, quick)
