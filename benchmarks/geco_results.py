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

from evenvae.experiments.geco_text import markdown
from evenvae.experiments.settings import read

ROOT = Path(__file__).parents[1]
KEPT = ("reconstructions", "samples", "trade-off", "geco.path")


def main(folder: Path) -> None:
    made = json.loads((folder / "geco.json").read_text())
    for row in made["rows"]:
        # every tenth evaluation shows the path
        row["path"] = row.get("path", [])[::10]
    reduced = {
        name: f"{rows[0]['images']} of {rows[0]['of']} training images, {rows[0]['epochs']:g} epochs, one seed"
        + (f"; {rows[0]['note']}" if rows[0]["note"] else "")
        for name in dict.fromkeys(row["dataset"] for row in made["rows"])
        if (rows := [row for row in made["rows"] if row["dataset"] == name])
    }
    kept = {"reduced": reduced, "commands": sorted({row["command"] for row in made["rows"]}), **made}
    (ROOT / "benchmarks" / "results" / "geco.json").write_text(json.dumps(kept, indent=1) + "\n")
    figures = ROOT / "docs" / "figures"
    for dataset in reduced:
        for kind in KEPT:
            if (folder / f"{dataset}.{kind}.png").exists():
                shutil.copy(folder / f"{dataset}.{kind}.png", figures / f"{dataset}.{kind}.png")


def page(kept: dict[str, Any]) -> str:
    """What `evenvae reproduce geco` writes, without its title and below the headings of docs/images.md, with the plots."""
    text = markdown(kept["rows"], read("geco"), kept["prototypes"]).split("\n", 2)[2]
    text = re.sub(r"^## ", "### ", text, flags=re.M)
    shown = [(name, kind) for name in kept["reduced"] for kind in KEPT]
    paths = [f"![{n}: {k}](figures/{n}.{k}.png)" for n, k in shown if (ROOT / f"docs/figures/{n}.{k}.png").exists()]
    return "\n\n".join([text.rstrip(), *paths])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    main(parser.parse_args().folder)
