"""The end of a command: what was done, in a line or as JSON, and the command that comes next."""

import json
import shlex
import time
from pathlib import Path
from typing import Any

import typer

from evenvae.errors import InputError
from evenvae.io.units import duration, file_size


class Clock:
    """The time that a command takes, from the moment that it is made."""

    def __init__(self) -> None:
        self.began = time.perf_counter()

    @property
    def seconds(self) -> float:
        """Seconds since then."""
        return time.perf_counter() - self.began

    def __str__(self) -> str:
        return duration(self.seconds)


def call(*words: Any) -> str:
    """A call of the command as one types it, with quotes where a shell needs them."""
    return shlex.join(["evenvae", *map(str, words)])


def next_step(command: str, why: str = "") -> None:
    """Say on standard error which command comes next."""
    typer.echo(f"next: {command}" + (f"  # {why}" if why else ""), err=True)


def check_json(as_json: bool, out: str) -> None:
    """Refuse ``--json`` where standard output already takes the table.

    Raises:
        InputError: it does.
    """
    if as_json and str(out) == "-":
        raise InputError("--json prints figures where -o - prints the table; give a file name with -o.")


def written(
    names: list[str] | list[Path],
    said: str,
    clock: Clock,
    facts: dict[str, Any],
    *,
    as_json: bool = False,
    quiet: bool = False,
    then: str = "",
    why: str = "",
) -> None:
    """Say that files were written; nothing where the table itself went to standard output.

    Args:
        names: of the files.
        said: what is in them.
        clock: of the command.
        facts: the same for JSON; the files, seconds and bytes are added.
        as_json: print the facts as JSON on standard output, and nothing else.
        quiet: print nothing.
        then: the command that comes next.
        why: what it is good for.
    """
    paths = [Path(name) for name in names if str(name) != "-"]
    if len(paths) < len(names):
        return
    size = sum(path.stat().st_size for path in paths if path.is_file())
    if as_json:
        files = {"out": str(paths[0])} if len(paths) == 1 else {"out": [str(path) for path in paths]}
        typer.echo(json.dumps({**files, **facts, "seconds": round(clock.seconds, 3), "bytes": size}, indent=2))
    elif not quiet:
        listed = str(paths[0]) if len(paths) == 1 else f"{paths[0]} to {paths[-1].name}"
        typer.echo(f"{listed}: {said}, {file_size(size)}, in {clock}", err=True)
        if then:
            next_step(then, why)
