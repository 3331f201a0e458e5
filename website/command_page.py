"""The page about the command, made when the documentation is built: helps, and typical mistakes with their answers.

It is a hook of MkDocs (see mkdocs.yml). `python website/command_page.py` prints the page.
"""

import contextlib
import io
import os
import re
import shlex
import tempfile
from collections.abc import Iterator
from typing import Any

PAGE = "command.md"
MISTAKES = (
    ("evenvae fit peple.csv", "A file that is not there is answered with the nearest name."),
    ("evenvae fti people.csv", "So is a command,"),
    ("evenvae fit people.csv -o first.evenvae --epoch 3", "an option,"),
    ("evenvae fit people.csv -o first.evenvae --balance imtlg", "a balance,"),
    ("evenvae sample people.evenvae -n 5 -o rows.csv --given ctiy=Bonn", "a column."),
    ("evenvae people.csv", "A command comes first."),
    (
        "evenvae impute people.csv people.evenvae -o filled.csv",
        "MODEL comes before DATA. Where the two can be told apart, either order works.",
    ),
    ("evenvae impute people.evenvae people.csv", "Commands that write a table want to know where to."),
    ("evenvae score people.csv people.csv -o scores.csv", "A table is no model."),
    ("evenvae fit people.csv", "A model that is there is replaced only where `-o` names it."),
    (
        "evenvae fit people.csv -o first.evenvae --latent-size 3",
        "Options of the model without a name of their own are given with `--set`.",
    ),
    ("evenvae encode people.evenvae people.csv -o latent.xlsx", "The ending of a file says how it is written."),
)
"""Calls that go wrong, in a folder with ``people.csv`` and ``people.evenvae``, and what they show."""
INTRODUCTION = """# The command

A first hour with a table of your own:

    evenvae schema people.csv                     # what each column is, and why
    evenvae fit people.csv                        # writes people.evenvae
    evenvae info people.evenvae                   # what the model is
    evenvae evaluate people.evenvae people.csv    # how well each column is learned
    evenvae report people.evenvae people.csv      # the same in pictures

Every command ends with what it did and with the command that comes next; both are written to standard error, so that
they never mix with a table on standard output, and `--quiet` leaves them out. `--json` prints figures for programs.
What takes more than a moment shows a bar with the time that is left, on a terminal. The exit code is 0 when all is
done, 1 when something failed, 2 when the call or a file is wrong, and 130 after Ctrl-C. This page is made from the
command itself when the documentation is built.

"""


def on_files(files: Any, config: Any) -> Any:
    """Add the page to those of the documentation; called by MkDocs."""
    from mkdocs.structure.files import File

    files.append(File.generated(config, PAGE, content=page()))
    return files


def page() -> str:
    """The page as Markdown."""
    answers = "\n".join(
        f"{words}\n\n```console\n$ {call}\n{said}\n```\n"
        for (call, words), (_, said) in zip(MISTAKES, answered(), strict=True)
    )
    return f"{INTRODUCTION}## Typical mistakes\n\n{answers}\n{helps()}"


def helps() -> str:
    """The help text of every command, each under a heading of its own."""
    import typer
    from typer.cli import get_docs_for_click

    from evenvae.cli import main  # noqa: F401  (registers the commands)
    from evenvae.cli.app import app

    group: Any = typer.main.get_command(app)
    found = []
    for name, command in group.commands.items():
        with command.make_context(f"evenvae {name}", [], resilient_parsing=True) as context:
            found.append(get_docs_for_click(obj=command, ctx=context, indent=1, name=f"evenvae {name}"))
    return re.sub(r"^Example: (.*)$", r"Example:\n\n    \1", "\n".join(found), flags=re.MULTILINE)


def answered() -> Iterator[tuple[int, str]]:
    """The exit code of every mistake, and what the command said."""
    from evenvae.cli.main import run

    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        _prepare()
        for call, _ in MISTAKES:
            said = io.StringIO()
            with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
                code = run(shlex.split(call)[1:])
            # how long it took differs from build to build
            yield code, re.sub(r", in [\d.]+ s", "", said.getvalue().strip())


def _prepare() -> None:
    """A small table and a model of it in the present folder."""
    import numpy as np
    import pandas as pd

    from evenvae import EvenVAE, Network

    rng = np.random.default_rng(0)
    table = pd.DataFrame({"age": rng.poisson(40, 200), "city": rng.choice(["Aachen", "Bonn", "Celle"], 200)})
    table.loc[3, "city"] = None
    table.to_csv("people.csv", index=False)
    EvenVAE(epochs=3, latent_size=2, network=Network(width=8, depth=1)).fit(pd.read_csv("people.csv")).save(
        "people.evenvae"
    )


if __name__ == "__main__":
    os.environ.setdefault("NPROC", "1")
    print(page())
