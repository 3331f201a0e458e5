"""``evenvae schema`` and ``evenvae fit``: what each column is, and learning from a table."""

import json
import math
from pathlib import Path
from typing import Annotated, Any

import typer

from evenvae.cli import common, completing, progress
from evenvae.cli.app import Data, Epochs, Formulas, Json, Purpose, Quiet, SchemaFile, Settings, Stream, app
from evenvae.cli.ending import Clock, call, next_step, written
from evenvae.errors import InputError
from evenvae.io.atomic import check_file


@app.command(epilog="Example: evenvae schema people.csv -o schema.toml")
def schema(
    data: Data,
    out: Annotated[str | None, typer.Option("-o", "--out", metavar="FILE", help="Write schema.toml.")] = None,
    as_json: Json = False,
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
    quiet: Quiet = False,
) -> None:
    """Show what each column is taken for, and why. Edit the file and give it to fit."""
    if out and out != "-":
        check_file(out)
    with progress.watching("reading", quiet):
        from evenvae import Schema
        from evenvae.part import check_choice
        from evenvae.tables import TableFiles
        from evenvae.tables.survey import survey

        check_choice("--families", families, completing.families())
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
        typer.echo(f"\nwritten to {out}; edit it, then: {call('fit', data, '--schema', out)}")
    elif not quiet:
        next_step(call("schema", data, "-o", "schema.toml"), f"to change any of it; as it is: {call('fit', data)}")


@app.command(epilog="Example: evenvae fit people.csv -o people.evenvae --purpose impute --set network.width=128")
def fit(
    data: Data,
    out: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--out",
            metavar="MODEL",
            help="The file for the model. By default it is named after DATA and must not exist yet: people.csv gives "
            "people.evenvae in the present folder.",
        ),
    ] = None,
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
    as_json: Json = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress bar and no summary.")] = False,
) -> int:
    """Learn from a table and write the model."""
    if resume and checkpoint is None:
        raise InputError("--resume needs --checkpoint DIR, the folder that the interrupted call wrote to.")
    clock = Clock()
    out = default_out(data, resume) if out is None else out
    check_file(out)
    with progress.watching("reading", quiet):
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
    from evenvae import EvenVAE, Schema
    from evenvae.options.resolution import families_of
    from evenvae.tables import TableFiles
    from evenvae.tables.survey import survey

    by = families_of(model, given.get("preset"), chosen["task"])

    in_files = isinstance(table, TableFiles)
    with progress.watching("describing columns", quiet or (formulas and not hide)):
        if not formulas:
            known = chosen["schema"]
            whole = survey(table.pieces()).schema(known, by) if in_files else Schema.of(known, table, by)
            chosen["schema"] = whole.without_formulas()
        if hide:
            if in_files:
                raise InputError(
                    "--hide needs the table in memory; add --no-stream, or hide the cells of a sample of it."
                )
            table, chosen["schema"] = common.with_hidden_cells(table, chosen["schema"], hide, seed, by)
    estimator = EvenVAE().set_params(**chosen).fit(table, callbacks=trackers, checkpoint=checkpoint, resume=resume)
    estimator.save(out)
    if estimator.interrupted_:
        kept = f"; continue with: --checkpoint {checkpoint} --resume" if checkpoint else ""
        typer.echo(f"evenvae: interrupted; what was learned so far is in {out}{kept}", err=True)
        return common.INTERRUPTED
    _summarise(estimator, data, out, clock, as_json=as_json, quiet=quiet)
    return common.DONE


def default_out(data: str, resume: bool = False) -> Path:
    """The file for a model of DATA that was not told any: ``people.csv`` gives ``people.evenvae``.

    Raises:
        InputError: there is such a file already, and the fit does not resume.
    """
    from evenvae.tables.files.formats import KINDS

    name = "model" if data == "-" else Path(data.removeprefix("dataset:")).name
    if any(sign in name for sign in "*?["):
        # a pattern: the folder that it looks into has the better name
        name = next((part for part in reversed(Path(data).parts[:-1]) if not any(s in part for s in "*?[")), "")
    for kind in sorted(KINDS, key=len, reverse=True):
        if name.lower().endswith(kind):
            name = name[: -len(kind)]
            break
    out = Path(f"{name.strip('./') or 'model'}.evenvae")
    if out.exists() and not resume:
        raise InputError(f"{out} exists already; add -o {out} to replace it, or -o with another name.")
    return out


def _summarise(estimator: Any, data: str, out: Path, clock: Clock, *, as_json: bool, quiet: bool) -> None:
    """Say what was learned, and which command comes next for the purpose of the model."""
    last = estimator.history_[-1] if estimator.history_ else {}
    best = min(last.get("best", [float("nan")]))
    plan, rows = estimator.fitted_.plan, estimator.fitted_.record.rows
    beside = "" if estimator.pilot_ is None else f", beside it a plain pilot of {estimator.pilot_.n_steps_} steps"
    refined = f", trees refine {len(estimator.refined_)} columns" if estimator.refined_ else ""
    columns = len(estimator.schema_.features)
    # a private fit measures nothing on its rows
    metric = f", validation metric ({plan.purpose}) {best:.4g}" if last else ""
    spent = "" if plan.privacy is None else f", epsilon {plan.privacy.epsilon:.4g} at delta {plan.privacy.delta:.3g}"
    said = (
        f"{rows:,} rows, {columns} columns, {estimator.n_steps_:,} steps, balance {plan.balance}{metric}{spent}"
        f"{refined}{beside}"
    )
    facts = {
        "rows": rows,
        "columns": columns,
        "steps": estimator.n_steps_,
        "balance": plan.balance,
        "purpose": plan.purpose,
        "validation": best if math.isfinite(best) else None,
        "seed": estimator.seed_,
    }
    data = "DATA" if data == "-" else data
    then, why = {
        "impute": (call("impute", out, data, "-o", "filled.csv"), "fills the missing cells"),
        "sample": (call("sample", out, "-n", rows, "-o", "synthetic.csv"), "draws as many rows as DATA has"),
        "score": (call("score", out, data, "-o", "scores.csv"), "how usual each row is"),
    }.get(plan.purpose, (call("evaluate", out, data), "how well each column is learned"))
    written([out], said, clock, facts, as_json=as_json, quiet=quiet, then=then, why=why)
