"""Table 1 of Javaloy, Meghdadi and Valera (2021): nine tables, four models, plain and with the best balancers.

A cell of the table, one model on one table, is a search in a folder of its own. Any part of the cells can be made,
stopped and continued. The table that is written always shows all cells that exist. A cell can be made a second time as
*ours*: with the paper's network and what else this library offers (``[ours]`` in ``table1.toml``).
"""

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from evenvae import datasets
from evenvae.errors import InputError, TrainingError
from evenvae.experiments import settings
from evenvae.experiments.cells import cell_of
from evenvae.experiments.table1_text import markdown
from evenvae.io import atomic
from evenvae.objectives import OBJECTIVES
from evenvae.options.options import MODELS
from evenvae.search import PLAIN, resolve, search

CELL, DOCUMENT, TEXT = "cell.json", "table1.json", "table1.md"
QUICK: dict[str, Any] = {"balances": f"{PLAIN},imtl-g+pcgrad", "seeds": 2, "share": 0.005}
"""Arguments of `reproduce` for a short run that shows how it works; its results mean nothing."""


def published() -> dict[str, Any]:
    """The paper's settings and numbers; a model's ``plain`` and ``cocktail`` are in the order of ``tables``."""
    return settings.read("table1")


def options_of(table: str, model: str, share: float = 1.0, ours: bool = False) -> dict[str, Any]:
    """Options of `EvenVAE` for one cell, with a ``share`` of the paper's epochs; ``ours`` adds this library's."""
    known = published()["settings"]
    own = published()["models"][model]["options"]
    of_table = known["of_table"].get(table, {})
    added = published()["ours"]
    parts = [known["options"], of_table, own]
    parts += [added["options"], added["of_model"].get(model, {})] if ours else []
    if own["model"] == "hivae":
        # the network of HI-VAE has neither a width nor these choices
        parts = [{name: value for name, value in part.items() if name != "network"} for part in parts]
    options: dict[str, Any] = {"validation_fraction": known["validation_fraction"]}
    for part in parts:
        options |= settings.flattened(part)
    return {**options, "epochs": options["epochs"] * share}


def reproduce(
    out: str | Path,
    *,
    tables: Iterable[str] | None = None,
    models: Iterable[str] | None = None,
    balances: str | Iterable[str] | None = None,
    seeds: int = 5,
    ours: bool = False,
    share: float = 1.0,
    resume: bool = False,
    verbose: bool = False,
    say: Callable[[str], None] = lambda _: None,
    sweep: dict[str, Any] | None = None,
    **options: Any,
) -> str:
    """Make cells of the table, and after each of them write ``table1.md`` and ``table1.json`` of all cells in ``out``.

    Args:
        out: folder; the cell of a model on a table is the search in ``<table>.<model>``, or ``<table>.<model>.ours``.
        tables: names of data sets; None is all nine.
        models: of ``vae``, ``iwae``, ``dreg``, ``hivae``; None is all that this version trains.
        balances: combinations to choose from, as for `search`; the plain one is always among them. None is the paper's
            fifteen.
        seeds: runs of every combination.
        ours: True makes the cells with this library's options, too, and its own choice of ``balances`` for None; plain
            is among them only where it is named.
        share: share of the paper's epochs.
        resume: True continues in a folder that holds cells.
        verbose: True shows the searches while they run.
        say: called with a line before every cell.
        sweep: further arguments of `search`, such as ``executor`` or ``workers``.
        options: of `EvenVAE`, in place of the paper's.

    Returns:
        The table as Markdown.

    Raises:
        InputError: a name is unknown, or the folder holds cells and ``resume`` is False.
        TrainingError: no combination could be trained in some cell; all other cells are made first.
    """
    known = published()
    wanted_tables = settings.selected("datasets", tables, known["tables"])
    wanted_models = settings.selected("models", models, available())
    chosen = {model: balances_of(model, balances, ours) for model in wanted_models}
    settings.check_share(share)
    folder = Path(out)
    atomic.check_folder(folder)
    if any(folder.glob("*/results.sqlite")) and not resume:
        raise InputError(f"{folder} holds cells of the table already. Continue with --resume, or give another folder.")
    loaded = {name: datasets.load(name) for name in wanted_tables}
    folder.mkdir(exist_ok=True)
    lost = []
    for table in wanted_tables:
        for model in wanted_models:
            say(f"{table}, {known['models'][model]['title']}{', ours' * ours}")
            standard = {**options_of(table, model, share, ours), "schema": loaded[table].schema}
            place = folder / f"{table}.{model}{'.ours' * ours}"
            try:
                search(
                    loaded[table].table,
                    place,
                    balances=chosen[model],
                    seeds=seeds,
                    test_fraction=known["settings"]["test_fraction"],
                    resume=True,
                    refit=False,
                    verbose=verbose,
                    **(sweep or {}),
                    **settings.over(standard, options),
                )
            except TrainingError as error:
                lost.append(f"{table}, {model}: {error}")
                say(lost[-1])
                continue
            about = {"table": table, "model": model, "ours": ours, "share": share, "machine": settings.machine()}
            atomic.write_text(place / CELL, json.dumps({**about, **cell_of(place)}, indent=1) + "\n")
            write_table(folder)
    if lost:
        raise TrainingError("; ".join(lost))
    return write_table(folder)


def balances_of(model: str, balances: str | Iterable[str] | None, ours: bool) -> tuple[str, ...]:
    """The combinations that are tried in the cells of a model."""
    if ours:
        return resolve(published()["ours"]["balances"][model] if balances is None else balances)
    return tuple(dict.fromkeys([PLAIN, *resolve("paper" if balances is None else balances)]))


def write_table(folder: Path) -> str:
    """Write the table of all cells in ``folder``; returns it as Markdown."""
    cells = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob(f"*/{CELL}"))]
    text = markdown(cells, published())
    atomic.write_text(folder / DOCUMENT, json.dumps(cells, indent=1) + "\n")
    atomic.write_text(folder / TEXT, text)
    return text


def available() -> tuple[str, ...]:
    """The paper's models that this version trains."""
    fits = lambda options: options["model"] in MODELS and options["objective"] in OBJECTIVES
    return tuple(name for name, model in published()["models"].items() if fits(model["options"]))
