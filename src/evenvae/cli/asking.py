"""The commands that ask a fitted model: evaluate, impute, sample, translate, encode, score."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from evenvae.cli import common, pieces, progress
from evenvae.cli.app import Data, Json, Model, Out, Quiet, Stream, app
from evenvae.cli.arguments import in_order, load
from evenvae.cli.ending import Clock, call, check_json, next_step, written
from evenvae.cli.privacy import sentences
from evenvae.errors import InputError

Former = Annotated[str | None, typer.Option("--statistic", hidden=True)]
"""The former name of ``--point-estimate`` and ``--method``."""
WHOLE = 2**16
"""Rows up to which drawn rows are written at once."""
GUESSES = ("train_error", "holdout_error", "advantage", "standard_error")
"""What is printed of the guesses by column."""
MOSTLY = 0.8
"""Share of reliable rows below which the mean of their log-likelihoods is not to be trusted."""


@app.command(epilog="Example: evenvae evaluate people.evenvae new_people.csv --json")
def evaluate(
    model: Model,
    data: Data,
    as_json: Json = False,
    point_estimate: Annotated[
        str | None, typer.Option(help="What is predicted for numbers: default, mean, median or mode.")
    ] = None,
    statistic: Former = None,
    hide: Annotated[
        float,
        typer.Option(metavar="SHARE", help="Hide this share of the cells, and report apart how they are imputed."),
    ] = 0.0,
    seed: Annotated[int, typer.Option(help="Decides which cells are hidden, as that of `fit --hide` does.")] = 0,
    beside: Annotated[
        Path | None,
        typer.Option(
            metavar="MODEL",
            help="Another model of the same columns, to see which of them pay. Default: the pilot, if any.",
        ),
    ] = None,
    quiet: Quiet = False,
    privacy: Annotated[
        bool,
        typer.Option(
            "--privacy",
            help="Also say what the model and its rows tell about the rows of --train, compared with those of DATA, "
            "which the model must not have seen.",
        ),
    ] = False,
    train: Annotated[
        str | None, typer.Option(metavar="TRAIN", help="With --privacy: the table that the model was fitted on.")
    ] = None,
) -> None:
    """How well each column is reconstructed, compared with its mean or most frequent level; mean log-likelihood."""
    if statistic is not None:
        from evenvae.options.renamed import POINT_ESTIMATE

        statistic = POINT_ESTIMATE.get(statistic, statistic)
    point_estimate = common.renamed("--statistic", statistic, "--point-estimate", point_estimate)
    if privacy != (train is not None):
        raise InputError(
            "--privacy and --train TRAIN go together: the model does not hold the rows that it was fitted on, so give "
            "their table as TRAIN, and as DATA rows of the same kind that it has not seen."
        )
    with progress.watching("evaluating", quiet):
        place, data = in_order(model, data)
        fitted = load(place)
        table, _ = common.read(data)
        learned = None if train is None else common.read(train)[0]
        other = None if beside is None else load(beside)
        result = fitted.evaluate(
            table, point_estimate=point_estimate, hide=hide, beside=other, train=learned, random_state=seed
        )
    if as_json:
        columns = json.loads(result.to_json(orient="records"))
        typer.echo(json.dumps({**result.attrs, "columns": columns}, indent=2))
        return
    measures = [name for name in result.columns if name not in ("column", "likelihood")]
    if privacy:
        # what is guessed has a table of its own
        measures = [name for name in measures if not name.startswith("guess_")]
    rows = [
        [r["column"], r["likelihood"], *(common.number(r[name]) for name in measures)] for _, r in result.iterrows()
    ]
    header = ["column", "likelihood", *(name.replace("_", " ").replace("log like", "log-like") for name in measures)]
    common.print_table("", header, rows, left=2)
    a = result.attrs
    typer.echo(
        f"\nmean error {common.number(a['error'], 4)} (baseline {common.number(a['baseline'], 4)}), worst ratio "
        f"{common.number(a['worst_ratio'])} ({a['worst_column']}), log-likelihood "
        f"{a['log_likelihood']:.3f} +- {a['log_likelihood_error']:.3f} nats a row"
    )
    if a["log_likelihood_reliable"] < MOSTLY:
        typer.echo(
            "the log-likelihood is rather too low: of the rows that were asked at length only "
            f"{a['log_likelihood_reliable']:.0%} can be relied on"
        )
    if "worst_regret" in a:
        typer.echo(
            f"beside {beside or 'the plain pilot'}: worst regret {common.number(a['worst_regret'])} "
            f"({a['worst_regret_column']}), log-likelihood {a['log_likelihood_gain']:+.3f} nats a row"
        )
    if "task_information" in a:
        typer.echo(
            f"task: predicted from draws of z with accuracy {a['task_probe_accuracy']:.3f}, from their means with "
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
    if privacy:
        guesses = [
            [r["column"], *(common.number(r[f"guess_{name}"]) for name in GUESSES)] for _, r in result.iterrows()
        ]
        header = ["guessing a cell from drawn rows", "training error", "hold-out error", "advantage", "+-"]
        typer.echo("")
        common.print_table("", header, guesses, left=1)
        typer.echo("\n" + "\n".join(sentences(a["privacy"])))
    if privacy or "guarantee" in a:
        from evenvae.fitted.privacy import guarantee

        typer.echo(f"differential privacy: {guarantee(fitted.fitted_.plan)}")
    if not quiet:
        next_step(call("report", place, data), "the same in pictures, with the rows that are most unusual")


def _asked(model: str | Path, data: str, out: str) -> tuple[Any, str, str]:
    """The model that answers, where it lies, and where the table lies; OUT is looked at before anything is read."""
    common.check_out(out)
    place, data = in_order(model, data)
    return load(place), place, data


@app.command(epilog="Example: evenvae impute people.evenvae incomplete.csv -o filled.csv")
def impute(
    model: Model,
    data: Data,
    out: Out,
    draws: Annotated[int, typer.Option(metavar="N", help="N > 1 writes N completed tables.")] = 1,
    method: Annotated[
        str | None, typer.Option(help="importance, point or mode. By default it follows the purpose of the model.")
    ] = None,
    statistic: Former = None,
    samples: Annotated[int, typer.Option(help="Importance samples for every row.")] = 50,
    seed: Annotated[int, typer.Option(help="Seed of the draws.")] = 0,
    stream: Stream = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Fill the missing cells. Observed cells stay as they are, byte for byte in delimited text."""
    clock = Clock()
    check_json(as_json, out)
    method = common.renamed("--statistic", statistic, "--method", method)
    with progress.watching("reading", quiet):
        from evenvae import tables
        from evenvae.tables.files.finding import is_single

        fitted, place, data = _asked(model, data, out)
        table, _ = common.opened(data, stream)
    if draws > 1 and out == "-":
        raise InputError("--draws above 1 writes several tables; give a file name with -o.")
    names = [out] if draws == 1 else [numbered(out, i + 1) for i in range(draws)]

    counts = {"rows": 0, "filled": 0}

    def fill(rows: Any, number: int = 0) -> list[Any]:
        own = pieces.seed_of(seed, number)
        observed, found = fitted.impute_values(rows, draws, method=method, samples=samples, random_state=own)
        counts["rows"] += len(observed)
        counts["filled"] += int((~observed).sum())
        return [tables.fill(rows, values, fitted.schema_) for values in found]

    if isinstance(table, tables.TableFiles):
        pieces.write_imputed(table, fill, fitted.schema_, names)
    else:
        with progress.watching("imputing", quiet):
            completed = fill(table)
        with progress.watching("writing", quiet or out == "-"):
            for name, result in zip(names, completed, strict=True):
                if data == "-" or data.startswith("dataset:") or not is_single(data):
                    tables.write_table(result, name)
                else:
                    tables.write_filled(data, table, result, fitted.schema_, name)
    cells = "cell" if counts["filled"] == 1 else "cells"
    said = f"{counts['rows']:,} rows, {counts['filled']:,} missing {cells} filled"
    then = call("evaluate", place, data, "--hide", 0.2)
    why = "how well it fills cells, on cells that are known"
    written(names, said, clock, counts, as_json=as_json, quiet=quiet, then=then, why=why)


def numbered(out: str, number: int) -> str:
    """The name of one of several files: ``people.csv`` becomes ``people.3.csv``."""
    from evenvae.tables.files import kind_of

    kind = kind_of(out)
    return f"{out[: -len(kind)]}.{number}{out[-len(kind) :]}"


@app.command(epilog="Example: evenvae sample people.evenvae -n 1000 -o synthetic.csv --seed 1")
def sample(
    model: Model,
    out: Out,
    n: Annotated[int, typer.Option("-n", metavar="N", help="Number of rows.")],
    seed: Annotated[int | None, typer.Option(help="The same seed gives the same rows.")] = None,
    given: Annotated[
        list[str] | None,
        typer.Option(metavar="CONDITION", help="COLUMN=VALUE, or with != < <= > >=. Repeatable."),
    ] = None,
    rule: Annotated[
        list[str] | None,
        typer.Option(metavar="EXPRESSION", help="A rule between columns, as in 'start <= end'. Repeatable."),
    ] = None,
    missing: Annotated[bool, typer.Option("--missing", help="Leave cells missing as in the training table.")] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Draw new rows from the model."""
    clock = Clock()
    check_json(as_json, out)
    with progress.watching("drawing", quiet):
        from evenvae import tables

        common.check_out(out)
        fitted = load(model)
        drawn = fitted.sample(n, given, random_state=seed, rules=rule or (), missing=missing) if n <= WHOLE else None
    if drawn is not None:
        tables.write_table(drawn, out)
    else:
        parts = fitted.sample_pieces(n, given, random_state=seed, rules=rule or (), missing=missing)
        tables.write_tables(pieces.counted(parts, n), out)
    then = call("report", model, "DATA")
    why = "drawn rows beside those of the table, column by column"
    written([out], f"{n:,} rows", clock, {"rows": n}, as_json=as_json, quiet=quiet, then=then, why=why)


@app.command(epilog="Example: evenvae translate people.evenvae people.csv --to site=Bonn -o as_in_bonn.csv")
def translate(
    model: Model,
    data: Data,
    out: Out,
    to: Annotated[list[str], typer.Option("--to", metavar="COLUMN=VALUE", help="The other task. Repeatable.")],
    stream: Stream = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """The rows as they would look under another task, for models that were fitted with --task."""
    clock = Clock()
    check_json(as_json, out)
    with progress.watching("reading", quiet):
        fitted, place, data = _asked(model, data, out)
    wanted = common.pairs("--to", to)
    rows = pieces.write_answers(data, stream, lambda rows: fitted.translate(rows, to=wanted), out, "translating", quiet)
    then = call("evaluate", place, data)
    why = "how much the representation says of the task"
    said = f"{rows:,} rows, {', '.join(to)}"
    facts = {"rows": rows, "to": wanted}
    written([out], said, clock, facts, as_json=as_json, quiet=quiet, then=then, why=why)


@app.command(epilog="Example: evenvae encode people.evenvae people.csv -o latent.parquet")
def encode(
    model: Model, data: Data, out: Out, stream: Stream = None, as_json: Json = False, quiet: Quiet = False
) -> None:
    """The latent coordinates of every row of DATA."""
    clock = Clock()
    check_json(as_json, out)
    with progress.watching("reading", quiet):
        import pandas as pd

        fitted, place, data = _asked(model, data, out)
    names = list(fitted.get_feature_names_out())
    latents = lambda rows: pd.DataFrame(fitted.transform(rows), columns=names)
    rows = pieces.write_answers(data, stream, latents, out, "encoding", quiet)
    said, facts = f"{rows:,} rows, {len(names)} coordinates", {"rows": rows, "coordinates": len(names)}
    then = call("report", place, data)
    written([out], said, clock, facts, as_json=as_json, quiet=quiet, then=then, why="a map of the rows, among others")


@app.command(epilog="Example: evenvae score people.evenvae people.csv -o scores.csv")
def score(
    model: Model,
    data: Data,
    out: Out,
    samples: Annotated[int | None, typer.Option(help="Importance samples for every row. Default 100.")] = None,
    tolerance: Annotated[
        float | None,
        typer.Option(help="Sample rows until their standard error is at most so many nats, such as 0.1: slower."),
    ] = None,
    stream: Stream = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """The log-likelihood of every row, by importance sampling. Unusual rows have a low one."""
    clock = Clock()
    check_json(as_json, out)
    with progress.watching("reading", quiet):
        import pandas as pd

        from evenvae.fitted.scoring import SAMPLES

        fitted, place, data = _asked(model, data, out)
    samples = SAMPLES if samples is None else samples
    names = {
        "log_likelihood": "total",
        "standard_error": "standard_error",
        "effective_samples": "effective_samples",
        "reliable": "reliable",
    }

    total = 0.0

    def scores(rows: Any) -> pd.DataFrame:
        nonlocal total
        details = fitted.score_samples(rows, samples, return_details=True, tolerance=tolerance)
        total += float(details["total"].sum())
        return pd.DataFrame({name: details[key] for name, key in names.items()})

    rows = pieces.write_answers(data, stream, scores, out, "scoring", quiet)
    said = f"{rows:,} rows, {total / rows:.3f} nats a row"
    then, why = call("report", place, data), "shows the most unusual rows, and what is unusual in them"
    facts = {"rows": rows, "mean_log_likelihood": total / rows}
    written([out], said, clock, facts, as_json=as_json, quiet=quiet, then=then, why=why)
