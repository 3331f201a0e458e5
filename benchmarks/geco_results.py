"""Keeps what `evenvae reproduce geco -o DIR` made: numbers in results/geco.json, and the plots in the docs.

python benchmarks/geco_results.py DIR

`prose.py` makes the page of these.
"""

import argparse
import json
import re
import shutil
from pathlib import Path
from typing import Any

from evenvae.experiments.geco_text import READINGS, averaged, markdown, rate_of_betas
from evenvae.experiments.settings import read

ROOT = Path(__file__).parents[1]
KEPT = ("reconstructions", "samples", "trade-off", "geco.path")


def main(folder: Path) -> None:
    made = json.loads((folder / "geco.json").read_text())
    for row in made["rows"]:
        # every tenth evaluation shows the path
        row["path"] = row.get("path", [])[::10]
    kept = {"commands": sorted({row["command"] for row in made["rows"]}), **made}
    (ROOT / "benchmarks" / "results" / "geco.json").write_text(json.dumps(kept, indent=1) + "\n")
    figures = ROOT / "docs" / "figures"
    for dataset in datasets(kept):
        for kind in KEPT:
            if (folder / f"{dataset}.{kind}.png").exists():
                shutil.copy(folder / f"{dataset}.{kind}.png", figures / f"{dataset}.{kind}.png")


def page(kept: dict[str, Any]) -> str:
    """What `evenvae reproduce geco` writes, without its title and below the headings of the page, with the plots."""
    text = markdown(kept["rows"], read("geco"), kept["prototypes"]).split("\n", 2)[2]
    text = re.sub(r"^## ", "### ", text, flags=re.M)
    shown = [(name, kind) for name in datasets(kept) for kind in KEPT]
    paths = [f"![{n}: {k}](figures/{n}.{k}.png)" for n, k in shown if (ROOT / f"docs/figures/{n}.{k}.png").exists()]
    return "\n\n".join([text.rstrip(), *paths])


def datasets(kept: dict[str, Any]) -> list[str]:
    """The data sets that have rows; what was reduced for each stands on the page, below its table."""
    return list(dict.fromkeys(row["dataset"] for row in kept["rows"]))


def means(kept: dict[str, Any], dataset: str) -> list[dict[str, Any]]:
    """The rows of a data set, means over seeds."""
    return averaged([row for row in kept["rows"] if row["dataset"] == dataset])


def row(kept: dict[str, Any], dataset: str, method: str) -> dict[str, Any]:
    """The row of a method."""
    return next(one for one in means(kept, dataset) if one["method"] == method)


def on_the_curve(kept: dict[str, Any]) -> str:
    """GECO's rate on MNIST beside that of a beta of the same error, by test and by training images."""
    own, rows = row(kept, "mnist", "geco"), means(kept, "mnist")
    test = rate_of_betas(rows, own["squared_error"])
    train = rate_of_betas(rows, own["squared_error_train"], "squared_error_train", "rate_train")
    return (
        f"{own['rate']:.1f} nats at its test error, where a beta read off the curve has {test:.1f}; on training images "
        f"{own['rate_train']:.1f} and {train:.1f}"
    )


def of_a_beta(kept: dict[str, Any], reading: str, method: str) -> float | None:
    """The rate of a beta on MNIST with the error that a method has by one of `READINGS`."""
    error, rate = READINGS[reading]
    return rate_of_betas(means(kept, "mnist"), row(kept, "mnist", method)[error], error, rate)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    main(parser.parse_args().folder)
