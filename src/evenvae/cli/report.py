"""``evenvae report``: one HTML file about a model and a table."""

from pathlib import Path
from typing import Annotated

import typer

from evenvae.cli import common, progress
from evenvae.cli.app import Data, Json, Model, app
from evenvae.cli.arguments import in_order, load
from evenvae.cli.ending import Clock, call, written
from evenvae.errors import InputError
from evenvae.io.atomic import check_file


@app.command(epilog="Example: evenvae report balanced.evenvae people.csv -o report.html --beside plain.evenvae")
def report(
    model: Model,
    data: Data,
    out: Annotated[Path, typer.Option("-o", "--out", metavar="HTML", help="The page to write.")] = Path("report.html"),
    beside: Annotated[
        Path | None,
        typer.Option(
            metavar="OTHER", help="Another model of the same columns, to compare with. Default: the pilot, if any."
        ),
    ] = None,
    rows: Annotated[int, typer.Option(metavar="N", help="Most rows to look at; a larger table is sampled.")] = 5000,
    seed: Annotated[int, typer.Option(help="Seed of the sample, the hidden cells and the drawn rows.")] = 0,
    title: Annotated[str, typer.Option(help="Heading of the page. Default: the name of DATA.")] = "",
    as_json: Json = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing at the end.")] = False,
) -> None:
    """What the model learned of every column, in one page that any browser opens without a network."""
    clock = Clock()
    if rows < 2:
        raise InputError(f"--rows {rows} must be at least 2.")
    check_file(out)
    with progress.watching("asking the model", quiet):
        from evenvae.report.page import check_installed, write_report

        check_installed()
        place, data = in_order(model, data)
        fitted = load(place)
        other = None if beside is None else load(beside)
        labels = ("", "")
        if other is not None and other.fitted_.plan.balance == fitted.fitted_.plan.balance:
            labels = (Path(place).stem, beside.stem if beside is not None else "")
        table, _ = common.read(data)
        heading = title or ("table" if data == "-" else Path(data.removeprefix("dataset:")).name)
        sections = write_report(fitted, table, out, title=heading, beside=other, rows=rows, seed=seed, labels=labels)
    said = f"open it in a browser; {len(sections)} sections"
    facts = {"sections": [section.name for section in sections]}
    then, why = call("sample", place, "-n", 1000, "-o", "synthetic.csv"), "new rows; or impute, score, encode"
    written([out], said, clock, facts, as_json=as_json, quiet=quiet, then=then, why=why)
