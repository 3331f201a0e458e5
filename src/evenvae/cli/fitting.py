"""``evenvae schema`` and ``evenvae fit``: what each column is, and learning from a table."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from evenvae.cli import common, completing
from evenvae.cli.app import Data, Epochs, Formulas, Purpose, SchemaFile, Settings, Stream, app
from evenvae.errors import InputError
from evenvae.io.atomic import check_file


@app.command(epilog="Example: evenvae schema people.csv -o schema.toml")
def schema(
    data: Data,
    out: Annotated[str | None, typer.Option("-o", "--out", metavar="FILE", help="Write schema.toml.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    formulas: Formulas = True,
    families: Annotated[
        str | None,
        typer.Option(
            help="How the likelihood of numbers is chosen: evidence (by held-out cells; the default for files), or "
            "paper (by its rules; the default for data sets of the catalogue).",
            autocompletion=completing.families,
        ),
    ] = None,
    stream: Stream = None,
) -> None:
    """Show what each column is taken for, and why. Edit the file and give it to fit."""
    from evenvae import Schema
    from evenvae.part import check_choice
    from evenvae.tables import TableFiles
    from evenvae.tables.survey import survey

    check_choice("--families", families, completing.families())
    if out and out != "-":
        check_file(out)
    table, known = common.opened(data, stream)
    if isinstance(table, TableFiles):
        found = survey(table.pieces()).schema(None, families or "evidence")
    else:
        found = known or Schema.infer(table, formulas=formulas, families=families or "evidence")
    if known and families == "evidence":
        found = known.with_families(table)
    found = found if formulas else found.without_formulas()
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


@app.command(epilog="Example: evenvae fit people.csv -o people.evenvae --purpose impute --set network.width=128")
def fit(
    data: Data,
    out: Annotated[Path, typer.Option("-o", "--out", metavar="MODEL", help="The file for the model.")],
    schema: SchemaFile = None,
    model: Annotated[
        str,
        typer.Option(
            help="vae, or hivae: with a mixture prior and private slices of the decoder.",
            autocompletion=completing.models,
        ),
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
        str, typer.Option(help="standard, or learned: vamp, exemplar, optimal.", autocompletion=completing.priors)
    ] = "standard",
    task: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN", help="The column with a row's site, sensor or year. Repeatable."),
    ] = None,
    purpose: Purpose = "reconstruct",
    ensemble: Annotated[int, typer.Option(metavar="N", help="Models that are trained side by side and averaged.")] = 1,
    epochs: Epochs = None,
    devices: Annotated[
        int | None,
        typer.Option(
            metavar="N", help="GPUs (or cores) that share the rows of every batch: the same model up to rounding."
        ),
    ] = None,
    pilot: Annotated[
        bool,
        typer.Option(
            "--pilot",
            help="Also train a plain model and keep it in MODEL, so that evaluate and report say which columns pay. "
            "Takes about the time of another plain fit.",
        ),
    ] = False,
    refine: Annotated[
        str | None,
        typer.Option(
            help="trees: let gradient-boosted trees refine what impute fills in, where they help on held-out rows.",
            autocompletion=completing.refinements,
        ),
    ] = None,
    epsilon: Annotated[
        float | None,
        typer.Option(
            help="Train with (epsilon, delta)-differential privacy for one row; needs --schema, and delta is "
            "--set privacy.delta.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same model on the same machine.")] = 0,
    formulas: Formulas = True,
    hide: Annotated[
        float, typer.Option(metavar="SHARE", help="Hide this share of the cells first, as if they were missing.")
    ] = 0.0,
    settings: Settings = None,
    checkpoint: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write the state of training to this folder from time to time.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue from the checkpoint.")] = False,
    track: Annotated[
        list[str] | None,
        typer.Option(
            metavar="WHERE",
            help="Write the curves to tensorboard:DIR or mlflow:URI, as in tensorboard:runs/first or "
            "mlflow:sqlite:///runs.db. Repeatable.",
        ),
    ] = None,
    stream: Stream = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress bar and no summary.")] = False,
) -> int:
    """Learn from a table and write the model."""
    if resume and checkpoint is None:
        raise InputError("--resume needs --checkpoint DIR, the folder that the interrupted call wrote to.")
    check_file(out)
    given = common.parse_settings(settings or [])
    trackers = common.trackers(track or [])
    table, known = common.opened(data, stream)
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
        "pilot": pilot,
        "verbose": not quiet,
        **({} if refine is None else {"imputation__refine": refine}),
        **({} if devices is None else {"training__devices": devices}),
        **({} if epsilon is None else {"privacy__epsilon": epsilon}),
        **given,
    }
    if "privacy__epsilon" in chosen and (schema is None or hide or not formulas):
        raise InputError(
            "--epsilon needs --schema FILE, which does not come from the private rows, and neither --hide nor "
            "--no-formulas, which look at them: edit the file instead."
        )
    common.use_cores(chosen["ensemble"], chosen.get("training__devices"))
    from evenvae import EvenVAE
    from evenvae.options.resolution import families_of
    from evenvae.tables import TableFiles
    from evenvae.tables.survey import survey

    by = families_of(model, given.get("preset"), chosen["task"])

    in_files = isinstance(table, TableFiles)
    if not formulas:
        from evenvae import Schema

        known = chosen["schema"]
        whole = survey(table.pieces()).schema(known, by) if in_files else Schema.of(known, table, by)
        chosen["schema"] = whole.without_formulas()
    if hide:
        if in_files:
            raise InputError("--hide needs the table in memory; add --no-stream, or hide the cells of a sample of it.")
        table, chosen["schema"] = common.with_hidden_cells(table, chosen["schema"], hide, seed, by)
    estimator = EvenVAE().set_params(**chosen).fit(table, callbacks=trackers, checkpoint=checkpoint, resume=resume)
    estimator.save(out)
    if estimator.interrupted_:
        kept = f"; continue with: --checkpoint {checkpoint} --resume" if checkpoint else ""
        typer.echo(f"evenvae: interrupted; what was learned so far is in {out}{kept}", err=True)
        return common.INTERRUPTED
    if not quiet:
        last = estimator.history_[-1] if estimator.history_ else {}
        best = min(last.get("best", [float("nan")]))
        plan = estimator.fitted_.plan
        metric = f", validation metric ({plan.purpose}) {best:.4g}" if last else ""
        beside = "" if estimator.pilot_ is None else f", beside it a plain pilot of {estimator.pilot_.n_steps_} steps"
        spent = (
            "" if plan.privacy is None else f", epsilon {plan.privacy.epsilon:.4g} at delta {plan.privacy.delta:.3g}"
        )
        refined = f", trees refine {len(estimator.refined_)} columns" if estimator.refined_ else ""
        typer.echo(
            f"{out}: {estimator.fitted_.record.rows} rows, {len(estimator.schema_.features)} columns, "
            f"{estimator.n_steps_} steps, balance {plan.balance}{metric}{spent}{refined}{beside}",
            err=True,
        )
    return common.DONE
