"""The tables of the slides "Taming VAEs": VAE, beta-VAE, GECO and GECO + IWAE on images.

Every method on every data set is a row: a JSON file with a saved model beside it. Any part of the rows can be made,
stopped and continued. The page that is written always shows all rows that exist.
"""

import datetime
import json
import shutil
from collections.abc import Callable, Iterable
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Shaped

from evenvae.datasets import pictures as sets
from evenvae.errors import InputError
from evenvae.estimator import EvenVAE
from evenvae.experiments import settings
from evenvae.experiments.geco_figures import draw, measured, prototypes, stem
from evenvae.experiments.geco_text import markdown, operating_points
from evenvae.io import atomic
from evenvae.part import check_count
from evenvae.plots import canvas
from evenvae.search.options import described, flat

DOCUMENT, TEXT = "geco.json", "geco.md"
QUICK: dict[str, Any] = {"images": 600, "epochs": 2.0, "betas": (1.0, 0.1)}
"""Arguments of `reproduce` for a short run that shows how it works; its results mean nothing."""


def published() -> dict[str, Any]:
    """The numbers on the slides, and the settings that are used here."""
    return settings.read("geco")


def methods_of(dataset: str, betas: Iterable[float] | None = None) -> dict[str, dict[str, Any]]:
    """The rows of a data set by name, each with the options of `EvenVAE` that it does not share with the others.

    The name of a row at the second operating point ends in ``@`` and its kappa.
    """
    known = published()
    entry = known["datasets"][dataset]
    rows = {f"beta={beta:g}": {"objective": "elbo", "objective__beta": float(beta)} for beta in betas or known["betas"]}
    for kappa, at in operating_points(entry).items():
        rows[f"geco{at}"] = {"objective": "geco", "objective__kappa": kappa}
        if "geco-iwae" in entry["slides"]:
            own = settings.flattened(known["geco-iwae"])
            rows[f"geco-iwae{at}"] = {"objective": "geco-iwae", "objective__kappa": kappa, **own}
    return rows


def reproduce(
    out: str | Path,
    *,
    datasets: Iterable[str] | None = None,
    images: int | None = None,
    epochs: float | None = None,
    betas: Iterable[float] | None = None,
    share: float = 1.0,
    seeds: int = 1,
    resume: bool = False,
    command: str = "",
    say: Callable[[str], None] = lambda _: None,
    **options: Any,
) -> str:
    """Make rows of the tables, and after each of them write ``geco.md``, ``geco.json`` and plots of all rows.

    Args:
        out: folder; a row is ``<data set>.<method>.json`` and ``.evenvae``, with its seed before the ending from the
            second seed on.
        datasets: of ``mnist``, ``cifar10``; None is both.
        images: training images at most; None is all.
        epochs: None is the number in geco.toml.
        betas: weights of the KL that trace the trade-off of rate and error; None is the eight in geco.toml.
        share: share of the epochs.
        seeds: number of runs of every row; the page shows their means.
        resume: True continues in a folder that holds rows.
        command: kept with the results.
        say: called with a line for every row.
        options: of `EvenVAE`, in place of those in geco.toml.

    Returns:
        The page as Markdown.

    Raises:
        InputError: a data set is unknown or cannot be loaded, or the folder holds rows and ``resume`` is False.
    """
    known, folder = published(), Path(out)
    wanted = settings.selected("--datasets", datasets, known["datasets"])
    settings.check_share(share)
    check_count("seeds", seeds)
    # the plots come last, after hours
    canvas.check_installed()
    atomic.check_folder(folder)
    if any(folder.glob("*.evenvae")) and not resume:
        raise InputError(f"{folder} holds rows of the tables already. Continue with --resume, or give another folder.")
    loaded = {name: sets.load(name) for name in wanted}
    folder.mkdir(exist_ok=True)
    betas = None if betas is None else tuple(betas)
    text = ""
    for name, data in loaded.items():
        entry = known["datasets"][name]
        train = data.train if images is None else data.train[:images]
        standard = settings.flattened(known["options"]) | settings.flattened(entry["options"])
        standard["epochs"] = share * (epochs or entry["epochs"])
        shared = settings.over(standard, options)
        reduced = {"images": len(train), "of": len(data.train), "epochs": shared["epochs"], "note": data.note}
        methods = methods_of(name, betas)
        # all methods of a seed before the next seed, so that an interrupted table can be read
        planned = [(seed, method) for seed in range(seeds) for method in methods]
        for seed, method in planned:
            row = {"dataset": name, "method": method, **reduced, "seed": seed}
            new = _row(folder, row, {**shared, **methods[method]}, train, data.test, command, say)
            if new or (seed, method) == planned[-1]:
                text = write(folder, train, data.test, name)
    return text


def _row(
    folder: Path,
    row: dict[str, Any],
    options: dict[str, Any],
    train: Shaped[np.ndarray, "N ..."],
    test: Shaped[np.ndarray, "M ..."],
    command: str,
    say: Callable[[str], None],
) -> bool:
    """Train and measure one row, unless it exists; returns whether it is new.

    Raises:
        InputError: the row exists and was made with other settings.
    """
    row = {**row, "options": flat(described(options))}
    place = folder / stem(row)
    document = place.with_name(f"{place.name}.json")
    if document.exists():
        there = json.loads(document.read_text(encoding="utf-8"))
        if any(there[key] != row[key] for key in row):
            raise InputError(f"{document} was made with other settings. Repeat them, or give another folder.")
        return False
    say(f"{row['dataset']}, {row['method']}" + (f", seed {row['seed']}" if row["seed"] else ""))
    began = datetime.datetime.now(datetime.UTC)
    model = EvenVAE().set_params(**options, schema={"image": "squared"}, random_state=row["seed"])
    model.fit(train, checkpoint=place, resume=True)
    model.save(place.with_name(f"{place.name}.evenvae"))
    found = measured(model, train, test)
    now = datetime.datetime.now(datetime.UTC)
    row |= {
        **found,
        "seconds": round((now - began).total_seconds(), 1),
        "finished": now.isoformat(timespec="seconds"),
        "machine": settings.machine(),
        "versions": {package: metadata.version(package) for package in ("evenvae", "jax", "numpy")},
        "command": command,
    }
    atomic.write_text(document, json.dumps(row, indent=1) + "\n")
    shutil.rmtree(place, ignore_errors=True)
    say(f"    rate {row['rate']:.2f} nats, squared error {row['squared_error']:.2f}, {row['seconds']:.0f} s")
    return True


def write(folder: Path, train: Shaped[np.ndarray, "N ..."], test: Shaped[np.ndarray, "M ..."], dataset: str) -> str:
    """Write the page of all rows in ``folder`` and the plots of one data set; returns the page."""
    rows = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))]
    rows = [row for row in rows if isinstance(row, dict) and "method" in row]
    bounds = folder / f"{dataset}.prototypes"
    if not bounds.exists():
        # at no rate at all, the best image is the mean one
        rates = [0.0, *(numbers[0] for numbers in published()["datasets"][dataset]["slides"].values())]
        atomic.write_text(bounds, json.dumps(prototypes(train, rates), indent=1) + "\n")
    known = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in folder.glob("*.prototypes")}
    text = markdown(rows, published(), known)
    atomic.write_text(folder / DOCUMENT, json.dumps({"rows": rows, "prototypes": known}, indent=1) + "\n")
    atomic.write_text(folder / TEXT, text)
    draw(folder, [row for row in rows if row["dataset"] == dataset], published()["datasets"][dataset], test)
    return text
