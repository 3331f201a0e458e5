"""``evenvae reproduce``: published tables, made again."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from evenvae.cli import common
from evenvae.cli.app import app
from evenvae.errors import InputError

KNOWN = ("table1", "geco", "optimal-prior")


@app.command(epilog="Example: evenvae reproduce table1 -o table1 --datasets wine,adult --models vae --resume")
def reproduce(
    what: Annotated[
        str,
        typer.Argument(
            metavar="WHAT",
            help="table1: plain and balanced VAEs; geco: rate and error of images; optimal-prior: tasks and priors.",
        ),
    ],
    out: Annotated[Path, typer.Option("-o", "--out", metavar="DIR", help="Folder for sweeps and the table.")],
    data: Annotated[
        str | None,
        typer.Option(
            "--datasets",
            metavar="A,B,...",
            help="Some of the nine tables, of mnist, cifar10, or of pairs as usps-mnist; all if not given.",
        ),
    ] = None,
    models: Annotated[
        str | None,
        typer.Option(metavar="A,B,...", help="Of vae, iwae, dreg, hivae; of VAE, CVAE, optimal, vamp, exemplar."),
    ] = None,
    balances: Annotated[
        str | None, typer.Option(metavar="A,B,...", help="As for cocktail; the paper's fifteen if not given.")
    ] = None,
    seeds: Annotated[int | None, typer.Option(metavar="N", help="Runs of every combination; 5 if not given.")] = None,
    share: Annotated[
        float | None, typer.Option(metavar="X", help="Share of the paper's epochs; 1 if not given.")
    ] = None,
    images: Annotated[
        int | None, typer.Option(metavar="N", help="geco: training images at most; all if not given.")
    ] = None,
    betas: Annotated[
        str | None, typer.Option(metavar="A,B,...", help="geco: weights of the KL to compare with; eight if not given.")
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Two combinations, two seeds, hardly any epochs: to see it work.")
    ] = False,
    executor: Annotated[str, typer.Option(help="local or ray.")] = "local",
    address: Annotated[str | None, typer.Option(help="Of the Ray cluster.")] = None,
    workers: Annotated[int | None, typer.Option(metavar="N", help="Bundles at a time.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the table in DIR.")] = False,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="Any option of EvenVAE, over the paper's; repeatable."),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Nothing while it runs, no table.")] = False,
) -> int:
    """Make a published table again, with the paper's settings and its figures beside ours.

    DIR holds what the runs gave, and the table of all that are done so far.
    """
    if what not in KNOWN:
        raise InputError(f"reproduce {what} is unknown; choose one of {', '.join(KNOWN)}.")
    for name, value in (("--seeds", seeds), ("--workers", workers)):
        if value is not None and value < 1:
            raise InputError(f"{name} {value} must be at least 1.")
    if executor not in ("local", "ray"):
        raise InputError(f"--executor {executor} is unknown; choose one of local, ray.")
    if address is not None and executor != "ray":
        raise InputError("--address is of a Ray cluster: add --executor ray.")
    options = common.parse_settings(settings or [])
    names = lambda text: None if text is None else [name.strip() for name in text.split(",") if name.strip()]
    if what == "geco":
        refused = {"--models": models, "--balances": balances, "--seeds": seeds, "--workers": workers}
        for name, value in refused.items():
            if value is not None:
                raise InputError(f"{name} is of reproduce table1; leave it out for geco.")
        return _geco(
            out, data, {"images": images, "share": share, "betas": _numbers(betas)}, quick, resume, quiet, options
        )
    if what == "optimal-prior":
        for name, value in (("--balances", balances), ("--workers", workers), ("--address", address)):
            if value is not None:
                raise InputError(f"{name} is of table1: optimal-prior trains one plain run after the other.")
        return _optimal_prior(out, names(data), names(models), seeds, share, quick, resume, quiet, options)
    from evenvae.experiments import table1
    from evenvae.experiments.table1 import QUICK

    standard = QUICK if quick else {"balances": "paper", "seeds": 5, "share": 1.0}
    given = {"balances": balances, "seeds": seeds, "share": share}
    try:
        text = table1(
            out,
            tables=names(data),
            models=names(models),
            resume=resume,
            verbose=not quiet,
            say=lambda line: None if quiet else typer.echo(line, err=True),
            sweep={"executor": executor, "address": address, "workers": workers},
            **{name: standard[name] if value is None else value for name, value in given.items()},
            **options,
        )
    except KeyboardInterrupt:
        typer.echo(f"evenvae: interrupted; go on by the same call with --resume (what is done is in {out})", err=True)
        return 130
    if not quiet:
        typer.echo(text)
    return 0


def _numbers(text: str | None) -> tuple[float, ...] | None:
    try:
        return None if text is None else tuple(float(part) for part in text.split(","))
    except ValueError as error:
        raise InputError(f"--betas {text}: give positive numbers with commas between them, as in 1,0.1.") from error


def _geco(
    out: Path,
    data: str | None,
    given: dict[str, Any],
    quick: bool,
    resume: bool,
    quiet: bool,
    options: dict[str, Any],
) -> int:
    from evenvae.experiments import geco
    from evenvae.experiments.geco import QUICK

    standard = QUICK if quick else {}
    given = {**given, "epochs": options.pop("epochs", None)}
    try:
        text = geco(
            out,
            datasets=None if data is None else [name.strip() for name in data.split(",") if name.strip()],
            resume=resume,
            command=" ".join(["evenvae", *sys.argv[1:]]),
            say=lambda line: None if quiet else typer.echo(line, err=True),
            **{**standard, **{name: value for name, value in given.items() if value is not None}},
            **options,
        )
    except KeyboardInterrupt:
        typer.echo(f"evenvae: interrupted; go on by the same call with --resume (what is done is in {out})", err=True)
        return 130
    if not quiet:
        typer.echo(text)
    return 0


def _optimal_prior(out, pairs, models, seeds, share, quick, resume, quiet, options) -> int:
    from evenvae.experiments import optimal_prior
    from evenvae.experiments.optimal_prior import QUICK

    given = {**(QUICK if quick else {}), **{n: v for n, v in (("seeds", seeds), ("share", share)) if v is not None}}
    say = lambda line: None if quiet else typer.echo(line, err=True)
    try:
        text = optimal_prior(out, pairs=pairs, models=models, resume=resume, say=say, **given, **options)
    except KeyboardInterrupt:
        typer.echo(f"evenvae: interrupted; go on by the same call with --resume (what is done is in {out})", err=True)
        return 130
    if not quiet:
        typer.echo(text)
    return 0
