"""The application, to which the other files of this room add their commands, and the arguments that commands share."""

from pathlib import Path
from typing import Annotated

import typer

from evenvae.cli import completing

app = typer.Typer(
    help="Variational autoencoders for tables of mixed columns that overlook nothing.\n\n"
    "DATA and OUT are .csv, .csv.gz, .tsv, .parquet, .feather or .jsonl files, or - for CSV on standard input and "
    "output; DATA may also be a folder of such files, a pattern such as 'year/*.parquet', or dataset:NAME.",
    epilog="Begin with: evenvae demo (a table comes with it), or evenvae fit people.csv with a table of yours.",
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
        help="The table: a file, a folder of files, a pattern, - or dataset:NAME.",
        show_default=False,
        autocompletion=completing.datasets,
    ),
]
Model = Annotated[Path, typer.Argument(metavar="MODEL", help="A model that fit wrote.", show_default=False)]
Out = Annotated[str, typer.Option("-o", "--out", metavar="OUT", help="The file to write, or - for CSV on the screen.")]
SchemaFile = Annotated[Path | None, typer.Option(metavar="FILE", help="A schema.toml.")]

Stream = Annotated[
    bool | None,
    typer.Option(
        "--stream/--no-stream",
        help="Read DATA piece by piece, or whole. By default a table of more than 32 million cells, or 256 MB of text, "
        "is read piece by piece.",
        show_default=False,
    ),
]

Purpose = Annotated[
    str,
    typer.Option(
        help="What the model is for, which decides when training stops: reconstruct, impute, score, sample.",
        autocompletion=completing.purposes,
    ),
]

Epochs = Annotated[float | None, typer.Option(help="Passes over the table. By default they follow its size.")]

Formulas = Annotated[
    bool,
    typer.Option(
        "--formulas/--no-formulas",
        help="Compute columns that are functions of others, in drawn rows and filled cells.",
    ),
]

Json = Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")]

Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but what was asked for.")]

Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="Any option of EvenVAE; those of a part as network.width=128. Repeatable.",
        autocompletion=completing.settings,
    ),
]


def _version(value: bool | None) -> None:
    if value:
        from evenvae import __version__

        typer.echo(f"evenvae {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool | None, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Options before the command."""
    del version, debug
