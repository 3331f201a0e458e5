"""``evenvae reproduce``: published tables, made again."""

import contextlib
import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from evenvae.cli import common, progress
from evenvae.cli.app import Json, Settings, app
from evenvae.cli.ending import call, next_step
from evenvae.errors import InputError
from evenvae.part import check_choice, check_count
from evenvae.search.choice import EXECUTORS

TAKES = {
    "table1": ("models", "balances", "seeds", "share", "ours"),
    "geco": ("seeds", "images", "share", "betas"),
    "optimal-prior": ("models", "seeds", "share", "preset"),
}
"""The options that every experiment takes beside those that all of them take."""
DOCUMENTS = {"table1": "table1.json", "geco": "geco.json", "optimal-prior": "runs.jsonl"}
"""The files in which the experiments keep their figures."""
REFUSES = {
    "table1": ("preset",),
    "geco": ("models", "balances", "workers", "ours", "preset"),
    "optimal-prior": ("balances", "workers", "address", "ours"),
}
"""The options that an experiment refuses, because it cannot follow them."""
NEXT = {
    "table1": (call("cocktail", "DATA", "-o", "sweep"), "the same search on a table of yours"),
    "geco": (call("fit", "DATA", "--objective", "geco"), "the objective on a table of yours"),
    "optimal-prior": (
        call("fit", "DATA", "--task", "COLUMN", "--prior", "optimal"),
        "the prior on a table of yours, COLUMN being the site or year of a row",
    ),
}
"""The command that comes next, and what it is good for."""


@app.command(
    "reproduce", epilog="Example: evenvae reproduce table1 -o table1 --datasets wine,adult --models vae --resume"
)
def reproduce_command(
    what: Annotated[
        str,
        typer.Argument(
            metavar="WHAT",
            help="table1: plain and balanced VAEs; geco: rate and error of images; optimal-prior: tasks and priors.",
        ),
    ],
    out: Annotated[Path, typer.Option("-o", "--out", metavar="DIR", help="Folder for the runs and the table.")],
    data: Annotated[
        str | None,
        typer.Option(
            "--datasets",
            metavar="A,B,...",
            help="Some of the nine tables; of mnist, cifar10; or of pairs such as usps-mnist. Default: all.",
        ),
    ] = None,
    models: Annotated[
        str | None,
        typer.Option(
            metavar="A,B,...",
            help="Some of vae, iwae, dreg, hivae; or of VAE, CVAE, optimal, vamp, exemplar. Default: all.",
        ),
    ] = None,
    balances: Annotated[
        str | None, typer.Option(metavar="A,B,...", help="As for cocktail. Default: the paper's fifteen.")
    ] = None,
    seeds: Annotated[
        int | None, typer.Option(metavar="N", help="Runs of every combination. Default 5; of geco 1.")
    ] = None,
    share: Annotated[float | None, typer.Option(metavar="X", help="Share of the paper's epochs. Default 1.")] = None,
    images: Annotated[
        int | None, typer.Option(metavar="N", help="geco: training images at most. Default: all.")
    ] = None,
    betas: Annotated[
        str | None,
        typer.Option(metavar="A,B,...", help="geco: weights of the KL to compare with. Default: eight of them."),
    ] = None,
    ours: Annotated[
        bool, typer.Option("--ours", help="table1: the paper's network with what else this library offers, beside it.")
    ] = False,
    preset: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="optimal-prior: implicit, the protocol of the first author's earlier work."),
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Train hardly at all, to see how it works.")] = False,
    executor: Annotated[str, typer.Option(help="local or ray.")] = "local",
    address: Annotated[str | None, typer.Option(help="Address of the Ray cluster.")] = None,
    workers: Annotated[int | None, typer.Option(metavar="N", help="Bundles at a time.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue the table in DIR.")] = False,
    settings: Settings = None,
    as_json: Json = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress and no table.")] = False,
) -> int:
    """Make a published table again, with the paper's settings and its numbers beside ours.

    DIR holds the results of the runs, and the table of all that are done so far. Options given with --set replace those
    of the paper.
    """
    check_choice("reproduce", what, TAKES)
    check_count("--seeds", seeds)
    check_count("--workers", workers)
    check_choice("--executor", executor, EXECUTORS)
    if address is not None and executor != "ray":
        raise InputError("--address is of a Ray cluster: add --executor ray.")
    options = common.parse_settings(settings or [])
    every: dict[str, Any] = {
        "models": common.names_in(models),
        "balances": balances,
        "seeds": seeds,
        "share": share,
        "images": images,
        "betas": _numbers(betas),
        "ours": ours or None,
        "preset": preset,
        "workers": workers,
        "address": address,
    }
    for name in REFUSES[what]:
        if every[name] is not None:
            raise InputError(f"reproduce {what} does not take --{name}; leave it out.")
    given = {name: every[name] for name in TAKES[what] if every[name] is not None}
    names = common.names_in(data)
    say = lambda line: None if quiet else typer.echo(line, err=True)
    if what == "table1":
        from evenvae.experiments.table1 import QUICK, reproduce

        sweep = {"executor": executor, "address": address, "workers": workers}
        given |= {"tables": names, "verbose": not quiet, "sweep": sweep}
    elif what == "geco":
        from evenvae.experiments.geco import QUICK, reproduce

        given |= {"datasets": names, "command": " ".join(["evenvae", *sys.argv[1:]])}
    else:
        from evenvae.experiments.optimal_prior import QUICK, reproduce

        given |= {"pairs": names}
    standard = QUICK if quick else {}
    # a search shows by itself how far it is
    with contextlib.nullcontext() if what == "table1" else progress.watching("measuring", quiet):
        text = common.resumable(lambda: reproduce(out, resume=resume, say=say, **{**standard, **given, **options}), out)
    if text is None:
        return common.INTERRUPTED
    if as_json:
        typer.echo(json.dumps(figures(out / DOCUMENTS[what]), indent=1))
    elif not quiet:
        typer.echo(text)
        next_step(*NEXT[what])
    return common.DONE


def figures(document: Path) -> Any:
    """What an experiment wrote of its runs: a JSON document, or one for every line."""
    content = document.read_text(encoding="utf-8")
    return [json.loads(line) for line in content.splitlines()] if document.suffix == ".jsonl" else json.loads(content)


def _numbers(text: str | None) -> tuple[float, ...] | None:
    try:
        return None if text is None else tuple(float(part) for part in text.split(","))
    except ValueError as error:
        raise InputError(f"--betas {text}: give positive numbers with commas between them, as in 1,0.1.") from error
