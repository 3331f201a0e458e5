"""What several commands share: reading DATA, options as `name=value`, printing."""

import ast
import os
from typing import Any

from evenvae.errors import InputError


def use_cores(runs: int) -> None:
    """Ask JAX for a CPU device per core that a run can use; before the first computation, and only here.

    A lone run gets one thread: its kernels are small, and handing them to others costs more than it saves
    (docs/sharp_bits.md).
    """
    if runs == 1:
        os.environ.setdefault("NPROC", "1")
    elif "XLA_FLAGS" not in os.environ:
        import jax

        from evenvae.cocktail.local import cores

        jax.config.update("jax_num_cpu_devices", max(1, min(runs, cores())))


def read(data: str) -> tuple[Any, Any]:
    """``(table, schema or None)`` of a DATA argument: a file, ``-``, or ``dataset:NAME``."""
    if data.startswith("dataset:"):
        from evenvae import datasets

        dataset = datasets.load(data.removeprefix("dataset:"))
        return dataset.table, dataset.schema
    from evenvae import tables

    return tables.read_table(data), None


def check_out(out: str) -> None:
    """InputError where no table can be written to OUT: before the work."""
    from evenvae.places import check_file
    from evenvae.tables.files import kind_of

    if out != "-":
        check_file(out)
    kind_of(out)


def trackers(places: list[str]) -> tuple[Any, ...]:
    """Callbacks of ``--track``; InputError where one can't be had."""
    if not places:
        return ()
    from evenvae import tracking

    return tuple(tracking.parse(place) for place in places)


def with_hidden(table: Any, schema: Any, share: float, seed: int) -> tuple[Any, Any]:
    """The table with a share of its feature cells emptied at random, and the schema of the whole table."""
    import numpy as np

    from evenvae import metrics, tables

    if not 0 <= share < 1:
        raise InputError(f"--hide {share} must be at least 0 and below 1: the share of cells to hide.")
    known = tables.Schema.of(schema, table)
    observed = tables.encode(table, known).observed
    hidden = metrics.hide(observed, share, np.random.default_rng(seed))
    return tables.with_holes(table, hidden, known), known


def parse_settings(settings: list[str]) -> dict[str, Any]:
    """``name=value`` pairs to options of `EvenVAE`; InputError for an unknown name."""
    from evenvae import EvenVAE
    from evenvae.tables.schema import nearest

    known = EvenVAE().get_params()
    parsed = {}
    for setting in settings:
        name, equals, text = setting.partition("=")
        name = name.strip().replace("-", "_")
        if not equals:
            raise InputError(f"--set {setting!r} is not of the form name=value.")
        if name not in known:
            raise InputError(f"--set {name}: there is no such option; {nearest(name, known)}.")
        parsed[name] = _value(text.strip())
    return parsed


def pairs(option: str, given: list[str]) -> dict[str, str]:
    """``column=value`` texts as a dict; InputError for one without ``=``."""
    for text in given:
        if "=" not in text:
            raise InputError(f"{option} {text!r} is not of the form column=value.")
    return {name.strip(): value.strip() for name, _, value in (text.partition("=") for text in given)}


def _value(text: str) -> Any:
    if text.lower() in ("true", "false", "none"):
        return {"true": True, "false": False, "none": None}[text.lower()]
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def print_table(title: str, header: list[str], rows: list[list[str]], left: int = 1) -> None:
    """A table on standard output, plain where that is no terminal; the first ``left`` columns align left."""
    from rich.console import Console
    from rich.table import Table

    console = Console()
    if not console.is_terminal:
        console = Console(width=max(console.width, 200))
    table = Table(title=title or None, box=None, title_justify="left", pad_edge=False)
    for place, name in enumerate(header):
        table.add_column(name, justify="left" if place < left else "right", overflow="fold")
    for row in rows:
        table.add_row(*row)
    console.print(table)


def number(value: float | None, digits: int = 3) -> str:
    """A number for people; a dash for none."""
    return "-" if value is None or value != value else f"{value:.{digits}f}"
