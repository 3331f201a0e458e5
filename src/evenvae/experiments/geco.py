"""The tables of the slides "Taming VAEs": VAE, beta-VAE, GECO and GECO + IWAE on images.

Every method on every data set is a row of its own, a JSON file with a saved model beside it, so any part can be made,
stopped and gone on with; what is written is always the page of all rows there are.
"""

import datetime
import functools
import json
import shutil
import tomllib
from collections.abc import Callable, Iterable
from importlib import metadata, resources
from pathlib import Path
from typing import Any

import numpy as np

from evenvae import places
from evenvae.datasets import pictures as sets
from evenvae.errors import InputError
from evenvae.estimator import EvenVAE
from evenvae.experiments.geco_figures import draw, measured, prototypes
from evenvae.experiments.geco_text import markdown
from evenvae.experiments.table1 import machine

DOCUMENT, TEXT = "geco.json", "geco.md"
QUICK: dict[str, Any] = {"images": 600, "epochs": 2.0, "betas": (1.0, 0.1)}
"""What `quick` takes in place of the whole: to see the machinery, not the figures."""


@functools.cache
def published() -> dict[str, Any]:
    """The slides' figures, and the settings taken here."""
    text = resources.files("evenvae.experiments").joinpath("geco.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def methods_of(dataset: str, betas: Iterable[float] | None = None) -> dict[str, dict[str, Any]]:
    """Names of the rows of a data set and `EvenVAE`'s options for each, beside those they share."""
    known = published()
    kappa = known["datasets"][dataset]["kappa"]
    rows = {f"beta={beta:g}": {"objective": "beta", "beta": float(beta)} for beta in betas or known["betas"]}
    rows["geco"] = {"objective": "geco", "kappa": kappa}
    if "geco-iwae" in known["datasets"][dataset]["slides"]:
        rows["geco-iwae"] = {"objective": "geco-iwae", "kappa": kappa, **known["geco-iwae"]}
    return rows


def reproduce(
    out: str | Path,
    *,
    datasets: Iterable[str] | None = None,
    images: int | None = None,
    epochs: float | None = None,
    betas: Iterable[float] | None = None,
    share: float = 1.0,
    seed: int = 0,
    resume: bool = False,
    command: str = "",
    say: Callable[[str], None] = lambda _: None,
    **options: Any,
) -> str:
    """Make rows of the tables, and write ``geco.md``, ``geco.json`` and pictures of all rows in ``out`` after each.

    Args:
        out: folder; a row is ``<data set>.<method>.json`` and ``.evenvae``.
        datasets: ``mnist``, ``cifar10``; None is both.
        images: training images at most; None is all.
        epochs: None is what geco.toml says.
        betas: weights of the KL to trace the trade-off by; None is geco.toml's eight.
        share: share of the epochs.
        seed: of splits, weights and batches.
        resume: go on in a folder that holds rows.
        command: kept with the figures.
        say: told a line for every row.
        options: of `EvenVAE`, over those of geco.toml.

    Returns:
        The page as Markdown.

    Raises:
        InputError: an unknown data set, one that cannot be had, or a folder with rows and no ``resume``.
    """
    known, folder = published(), Path(out)
    wanted = tuple(known["datasets"]) if datasets is None else tuple(dict.fromkeys(datasets))
    for name in wanted:
        if name not in known["datasets"]:
            raise InputError(f"--datasets: {name!r} is not on the slides; choose from {', '.join(known['datasets'])}.")
    if not 0 < share <= 1:
        raise InputError(f"share={share} must be above 0 and at most 1.")
    places.check_folder(folder)
    if any(folder.glob("*.evenvae")) and not resume:
        raise InputError(f"{folder} holds rows of the tables already: go on by --resume, or give another folder.")
    loaded = {name: sets.load(name) for name in wanted}
    folder.mkdir(exist_ok=True)
    betas = None if betas is None else tuple(betas)
    text = ""
    for name, given in loaded.items():
        entry = known["datasets"][name]
        train = given.train if images is None else given.train[:images]
        shared = {**known["options"], **entry["options"], "epochs": share * (epochs or entry["epochs"]), **options}
        reduced = {"images": len(train), "of": len(given.train), "epochs": shared["epochs"], "note": given.note}
        for method, own in methods_of(name, betas).items():
            row = {"dataset": name, "method": method, "options": {**shared, **own}, **reduced, "seed": seed}
            _row(folder, row, train, given.test, command, say)
            text = write(folder, train, given.test, name)
    return text


def _row(folder: Path, row: dict[str, Any], train: np.ndarray, test: np.ndarray, command: str, say: Callable) -> None:
    """Train and measure one row, unless it is there; InputError where it was made by other settings."""
    place = folder / f"{row['dataset']}.{row['method'].replace('=', '-')}"
    document = place.with_name(f"{place.name}.json")
    if document.exists():
        there = json.loads(document.read_text(encoding="utf-8"))
        if any(there[key] != row[key] for key in row):
            raise InputError(f"{document} was made by other settings; repeat them, or give another folder.")
        return
    say(f"{row['dataset']}, {row['method']}")
    began = datetime.datetime.now(datetime.UTC)
    model = EvenVAE(**row["options"], schema={"image": "squared"}, random_state=row["seed"])
    model.fit(train, checkpoint=place, resume=True)
    model.save(place.with_name(f"{place.name}.evenvae"))
    figures = measured(model, train, test)
    now = datetime.datetime.now(datetime.UTC)
    row = row | {
        **figures,
        "seconds": round((now - began).total_seconds(), 1),
        "finished": now.isoformat(timespec="seconds"),
        "machine": machine(),
        "versions": {package: metadata.version(package) for package in ("evenvae", "jax", "numpy")},
        "command": command,
    }
    places.write_text(document, json.dumps(row, indent=1) + "\n")
    shutil.rmtree(place, ignore_errors=True)
    say(f"    rate {row['rate']:.2f} nats, squared error {row['squared_error']:.2f}, {row['seconds']:.0f} s")


def write(folder: Path, train: np.ndarray, test: np.ndarray, dataset: str) -> str:
    """Write the page of all rows in ``folder`` and the pictures of one data set; returns the page."""
    rows = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))]
    rows = [row for row in rows if isinstance(row, dict) and "method" in row]
    bounds = folder / f"{dataset}.prototypes"
    if not bounds.exists():
        rates = [figures[0] for figures in published()["datasets"][dataset]["slides"].values()]
        places.write_text(bounds, json.dumps(prototypes(train, rates), indent=1) + "\n")
    known = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in folder.glob("*.prototypes")}
    text = markdown(rows, published(), known)
    places.write_text(folder / DOCUMENT, json.dumps({"rows": rows, "prototypes": known}, indent=1) + "\n")
    places.write_text(folder / TEXT, text)
    draw(folder, [row for row in rows if row["dataset"] == dataset], published()["datasets"][dataset], test)
    return text
