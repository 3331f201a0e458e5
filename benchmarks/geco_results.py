"""Keeps what `evenvae reproduce geco -o DIR` made: numbers in results/geco.json, the page and the plots in the docs.

python benchmarks/geco_results.py DIR
"""

import argparse
import json
import re
import shutil
from pathlib import Path

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
    page = (folder / "geco.md").read_text().split("\n", 2)[2]
    page = re.sub(r"^## ", "### ", page, flags=re.M)
    figures = ROOT / "docs" / "figures"
    for dataset in reduced:
        shown = [kind for kind in KEPT if (folder / f"{dataset}.{kind}.png").exists()]
        for kind in shown:
            shutil.copy(folder / f"{dataset}.{kind}.png", figures / f"{dataset}.{kind}.png")
        lines = "\n\n".join(f"![{dataset}: {kind}](figures/{dataset}.{kind}.png)" for kind in shown)
        page = page.rstrip() + f"\n\n{lines}\n"
    docs = ROOT / "docs" / "images.md"
    text = re.sub(r"(<!-- geco -->\n).*(<!-- /geco -->)", lambda m: m[1] + page + m[2], docs.read_text(), flags=re.S)
    docs.write_text(text)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    main(parser.parse_args().folder)
