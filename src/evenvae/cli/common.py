"""What several commands share: exit codes, reading DATA, options as ``name=value``, printing."""

import ast
import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import typer

from evenvae.cli.arguments import check_table
from evenvae.errors import InputError

DONE, FAILED, WRONG, INTERRUPTED = 0, 1, 2, 130
"""Exit codes: done, failed while running, wrong call or input, interrupted by Ctrl-C."""
LONGEST_CONSTANT = 1000
"""Longer texts of ``--set`` are no numbers and lists, so they are not read as such."""
Answer = TypeVar("Answer")


def use_cores(runs: Any, devices: Any = None) -> None:
    """Ask JAX for the CPU devices that runs can use: one for each run, or as many as share the rows of its batches.

    There are at most as many as cores. It must be called before the first computation. A single run gets one thread,
    because its kernels are small and distributing them costs more than it saves (docs/sharp_bits.md).
    What is not a number of runs or devices counts as one; the fit refuses it later, with a reason.
    """
    runs, devices = (int(given) if str(given).isdigit() else 1 for given in (runs, devices))
    if runs <= 1 and devices <= 1:
        os.environ.setdefault("NPROC", "1")
    elif "XLA_FLAGS" not in os.environ:
        import jax

        from evenvae.fitted.asking import cores

        jax.config.update("jax_num_cpu_devices", max(1, min(runs * devices, cores())))


def opened(data: str, stream: bool | None = None) -> tuple[Any, Any]:
    """``(table, schema or None)`` of a DATA argument; `tables.TableFiles` where it is to be read piece by piece.

    Args:
        data: a file, a folder, a pattern, ``-``, or ``dataset:NAME``.
        stream: True to read the table piece by piece, False to read it whole, None to let its size decide.

    Raises:
        InputError: the table cannot be read, or not piece by piece.
    """
    check_table(data)
    if data == "-" or data.startswith("dataset:"):
        if stream:
            raise InputError(f"--stream needs files, and DATA is {data}; leave --stream out.")
        return read(data)
    from evenvae import tables

    files = tables.open_files(data, None if stream is None else not stream)
    return (files, None) if files.is_large else read(data)


def read(data: str) -> tuple[Any, Any]:
    """``(table, schema or None)`` of a DATA argument: a file, a folder, a pattern, ``-``, or ``dataset:NAME``."""
    if data.startswith("dataset:"):
        from evenvae import datasets

        dataset = datasets.load(data.removeprefix("dataset:"))
        return dataset.table, dataset.schema
    check_table(data)
    from evenvae import tables

    return tables.read_table(data), None


def check_out(out: str) -> None:
    """Check, before the work, that a table can be written to OUT.

    Raises:
        InputError: it cannot.
    """
    from evenvae.io.atomic import check_file
    from evenvae.tables.files import kind_of

    if out != "-":
        check_file(out)
    kind_of(out)


def trackers(places: list[str]) -> tuple[Any, ...]:
    """The callbacks of ``--track``.

    Raises:
        InputError: a place is not of the form that is asked for, or its library is not installed.
    """
    if not places:
        return ()
    from evenvae import tracking

    return tuple(tracking.parse(place) for place in places)


def with_hidden_cells(table: Any, schema: Any, share: float, seed: int, families: Any) -> tuple[Any, Any]:
    """The table without a random share of its feature cells, and the schema of the whole table.

    ``families`` says how the likelihoods of numbers are chosen (`options.resolution.families_of`).
    """
    import numpy as np

    from evenvae import metrics, tables

    if not 0 <= share < 1:
        raise InputError(f"--hide {share} must be at least 0 and below 1: the share of cells to hide.")
    known = tables.Schema.of(schema, table, families)
    observed = tables.encode(table, known).observed
    hidden = metrics.hide(observed, share, np.random.default_rng(seed))
    return tables.hide_cells(table, hidden, known), known


def parse_settings(settings: list[str]) -> dict[str, Any]:
    """``name=value`` texts to options of `EvenVAE`; those of a part, ``network.width=8``, to ``network__width``.

    Raises:
        InputError: a text is not of this form, or there is no such option; an old name is answered with the new one.
    """
    from evenvae.estimator import EvenVAE
    from evenvae.options.parts import BY_NAME
    from evenvae.options.unknown import answer_to

    known = EvenVAE().get_params()
    parsed = {}
    for setting in settings:
        name, equals, text = setting.partition("=")
        name = name.strip().replace("-", "_").replace(".", "__")
        if not equals:
            raise InputError(f"--set {setting!r} is not of the form name=value.")
        whole, _, option = name.partition("__")
        if whole not in known or (option and whole not in BY_NAME):
            raise InputError(answer_to(name, known))
        parsed[name] = _value(text.strip())
    return parsed


def renamed(former: str, value: str | None, name: str, given: str | None) -> str | None:
    """The value of an option that may be given by its former name too, about which a warning tells.

    Args:
        former: the former name.
        value: what was given by the former name.
        name: the name.
        given: what was given by the name, which counts if both are given.
    """
    if value is None:
        return given
    warnings.warn(f"{former} is now {name}; the former name will go.", FutureWarning, stacklevel=2)
    return value if given is None else given


def resumable(work: Callable[[], Answer], out: Path) -> Answer | None:
    """What ``work`` gives; None where Ctrl-C ended it, and then a line says how to continue with the folder ``out``."""
    try:
        return work()
    except KeyboardInterrupt:
        typer.echo(
            f"evenvae: interrupted; continue with the same call and --resume (what is done is in {out})", err=True
        )
        return None


def pairs(option: str, given: list[str]) -> dict[str, str]:
    """``column=value`` texts as a dict.

    Raises:
        InputError: a text has no ``=``.
    """
    for text in given:
        if "=" not in text:
            raise InputError(f"{option} {text!r} is not of the form column=value.")
    return {name.strip(): value.strip() for name, _, value in (text.partition("=") for text in given)}


def names_in(text: str | None) -> list[str] | None:
    """The parts of a text between commas; None where there is no text."""
    return None if text is None else [name.strip() for name in text.split(",") if name.strip()]


def _value(text: str) -> Any:
    if text.lower() in ("true", "false", "none"):
        return {"true": True, "false": False, "none": None}[text.lower()]
    if len(text) > LONGEST_CONSTANT:
        return text
    try:
        with warnings.catch_warnings(action="ignore"):
            return ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        # the last two: too many brackets or signs inside each other
        return text


def print_table(title: str, header: list[str], rows: list[list[str]], left: int = 1, last_left: bool = False) -> None:
    """Print a table, without colours where standard output is no terminal.

    The first ``left`` columns align left, and with ``last_left`` the last one, which holds sentences.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    if not console.is_terminal:
        console = Console(width=max(console.width, 200))
    table = Table(title=title or None, box=None, title_justify="left", pad_edge=False)
    for place, name in enumerate(header):
        sentences = last_left and place == len(header) - 1
        table.add_column(name, justify="left" if place < left or sentences else "right", overflow="fold")
    for row in rows:
        # names of columns are no markup of rich
        table.add_row(*map(Text, row))
    console.print(table)


def number(value: float | None, digits: int = 3) -> str:
    """A number as text with ``digits`` decimals; a dash where there is none."""
    return "-" if value is None or value != value else f"{value:.{digits}f}"
