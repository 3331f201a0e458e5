"""Table 1 of Javaloy, Meghdadi and Valera (2021): nine tables, four models, plain and best cocktail.

A cell of the table, one model on one table, is a sweep in a folder of its own, so any part can be made, stopped and
gone on with; what is written is always the table of all cells there are.
"""

import functools
import json
import platform
import tomllib
from collections.abc import Callable, Iterable
from importlib import resources
from pathlib import Path
from typing import Any

from evenvae import datasets, places
from evenvae.cocktail import PLAIN, resolve, search
from evenvae.cocktail.local import cores, gpus
from evenvae.errors import InputError, TrainingError
from evenvae.experiments.cells import cell_of
from evenvae.experiments.table1_text import markdown
from evenvae.objectives import OBJECTIVES
from evenvae.settings import MODELS

CELL, DOCUMENT, TEXT = "cell.json", "table1.json", "table1.md"
QUICK: dict[str, Any] = {"balances": f"{PLAIN},imtl-g+pcgrad", "seeds": 2, "share": 0.005}
"""What `quick` takes in place of the paper's settings: to see the machinery, not the figures."""


@functools.cache
def published() -> dict[str, Any]:
    """The paper's settings and figures; a model's ``plain`` and ``cocktail`` are in the order of ``tables``."""
    text = resources.files("evenvae.experiments").joinpath("table1.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def options_of(table: str, model: str, share: float = 1.0) -> dict[str, Any]:
    """Options of `EvenVAE` for one cell; ``share`` of the paper's epochs."""
    settings = published()["settings"]
    options = {
        **settings["options"],
        **settings["of_table"].get(table, {}),
        **published()["models"][model]["options"],
        "validation_fraction": settings["validation_fraction"],
    }
    return {**options, "epochs": options["epochs"] * share}


def reproduce(
    out: str | Path,
    *,
    tables: Iterable[str] | None = None,
    models: Iterable[str] | None = None,
    balances: str | Iterable[str] = "paper",
    seeds: int = 5,
    share: float = 1.0,
    resume: bool = False,
    verbose: bool = False,
    say: Callable[[str], None] = lambda _: None,
    sweep: dict[str, Any] | None = None,
    **options: Any,
) -> str:
    """Make cells of the table, and write ``table1.md`` and ``table1.json`` of all cells in ``out`` after each.

    Args:
        out: folder; the cell of a model on a table is the sweep in ``<table>.<model>``.
        tables: names of data sets; None is all nine.
        models: ``vae``, ``iwae``, ``dreg``, ``hivae``; None is all that this version trains.
        balances: combinations to choose from, as for `search`; plain is always among them.
        seeds: runs of every combination.
        share: share of the paper's epochs.
        resume: go on in a folder that holds cells.
        verbose: show the sweeps while they run.
        say: told a line before every cell.
        sweep: further arguments of `search`, such as ``executor`` or ``workers``.
        options: of `EvenVAE`, over the paper's.

    Returns:
        The table as Markdown.

    Raises:
        InputError: an unknown name, or a folder with cells and no ``resume``.
        TrainingError: no combination could be trained in some cell; all others are made first.
    """
    chosen = tuple(dict.fromkeys([PLAIN, *resolve(balances if isinstance(balances, str) else list(balances))]))
    known = published()
    wanted_tables = _known("datasets", tables, tuple(known["tables"]))
    wanted_models = _known("models", models, available())
    if not 0 < share <= 1:
        raise InputError(f"share={share} must be above 0 and at most 1.")
    folder = Path(out)
    places.check_folder(folder)
    if any(folder.glob("*/results.sqlite")) and not resume:
        raise InputError(f"{folder} holds cells of the table already: go on by --resume, or give another folder.")
    loaded = {name: datasets.load(name) for name in wanted_tables}
    folder.mkdir(exist_ok=True)
    lost = []
    for table in wanted_tables:
        for model in wanted_models:
            say(f"{table}, {known['models'][model]['title']}")
            given = {**options_of(table, model, share), "schema": loaded[table].schema, **options}
            place = folder / f"{table}.{model}"
            try:
                search(
                    loaded[table].table,
                    place,
                    balances=chosen,
                    seeds=seeds,
                    test_fraction=known["settings"]["test_fraction"],
                    resume=True,
                    refit=False,
                    verbose=verbose,
                    **(sweep or {}),
                    **given,
                )
            except TrainingError as error:
                lost.append(f"{table}, {model}: {error}")
                say(lost[-1])
                continue
            cell = {"table": table, "model": model, "share": share, "machine": machine(), **cell_of(place)}
            places.write_text(place / CELL, json.dumps(cell, indent=1) + "\n")
            write_table(folder)
    if lost:
        raise TrainingError("; ".join(lost))
    return write_table(folder)


def write_table(folder: Path) -> str:
    """Write the table of all cells in ``folder``; returns it as Markdown."""
    cells = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob(f"*/{CELL}"))]
    text = markdown(cells, published())
    places.write_text(folder / DOCUMENT, json.dumps(cells, indent=1) + "\n")
    places.write_text(folder / TEXT, text)
    return text


def available() -> tuple[str, ...]:
    """The paper's models that this version trains."""
    fits = lambda options: options["model"] in MODELS and options["objective"] in OBJECTIVES
    return tuple(name for name, model in published()["models"].items() if fits(model["options"]))


@functools.cache
def machine() -> str:
    """The class of this machine."""
    cards = len(gpus())
    return f"{platform.machine()}, {cores()} cores, {f'{cards} GPU' if cards else 'CPU'}"


def _known(what: str, given: Iterable[str] | None, known: tuple[str, ...]) -> tuple[str, ...]:
    names = known if given is None else tuple(dict.fromkeys(given))
    for name in names:
        if name not in known:
            raise InputError(f"{what}: {name!r} is not in Table 1 as made here; choose from {', '.join(known)}.")
    if not names:
        raise InputError(f"{what} names nothing; choose from {', '.join(known)}.")
    return names
