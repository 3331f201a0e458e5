"""Tutorials: from a Python source in percent format to an executed notebook.

    python website/notebooks.py            # executes the sources that changed since their notebook was made
    python website/notebooks.py holes      # executes this one, changed or not

``tutorials/NAME.py`` is the only text that is written by hand. This script executes it in a Jupyter kernel and keeps
the result, outputs and pictures included, as ``docs/tutorials/NAME.ipynb``. The site shows that file
(`tutorial_pages`), and readers can download and run it. The notebook carries the checksum of its source, so that a
stale one is noticed.
"""

import argparse
import hashlib
import json
import os
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
SOURCES, NOTEBOOKS = ROOT / "tutorials", ROOT / "docs" / "tutorials"
PRIVATE = re.compile(r"/(?:tmp|home|root|work|Users)/")
"""What an output must not show: folders of the machine that executed it."""
FORMAT = "py:percent"


def sources() -> list[Path]:
    """The sources of all tutorials, in alphabetical order."""
    return sorted(SOURCES.glob("*.py"))


def notebook_of(source: Path) -> Path:
    """Where the executed notebook of a source is kept."""
    return NOTEBOOKS / f"{source.stem}.ipynb"


def checksum(source: Path) -> str:
    """SHA-256 of the text of a source."""
    return hashlib.sha256(source.read_text(encoding="utf-8").encode()).hexdigest()


def is_fresh(source: Path) -> bool:
    """Whether the notebook was made from the source as it is."""
    path = notebook_of(source)
    if not path.exists():
        return False
    return json.loads(path.read_text(encoding="utf-8"))["metadata"].get("evenvae", {}).get("source") == checksum(source)


def texts_of(output: dict[str, Any]) -> Iterator[str]:
    """The texts of an output of a cell: what was printed, and every representation of a value but pictures."""
    data = output.get("data", {})
    for value in [output.get("text", ""), *(data[kind] for kind in data if "image" not in kind)]:
        yield "".join(value) if isinstance(value, list) else str(value)


def check_outputs(notebook: Any, name: str) -> None:
    """Refuse outputs that do not belong on a page: warnings, and paths of this machine.

    Raises:
        ValueError: a cell has such an output.
    """
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if output.get("name") == "stderr":
                raise ValueError(f"{name}: a cell writes to standard error:\n{output['text']}")
            for text in texts_of(output):
                if PRIVATE.search(text):
                    raise ValueError(f"{name}: an output shows a path of this machine:\n{text}")


def execute(source: Path) -> float:
    """Execute a source and write its notebook; the processor seconds that it took."""
    import jupytext
    import nbclient
    import nbformat

    began, clock = os.times(), time.perf_counter()
    notebook = jupytext.reads(source.read_text(encoding="utf-8"), fmt=FORMAT)
    place = {"metadata": {"path": str(ROOT)}}
    client = nbclient.NotebookClient(notebook, timeout=600, kernel_name="python3", resources=place)
    client.execute(env={**os.environ, "MATPLOTLIBRC": str(SOURCES / "matplotlibrc"), "PYTHONHASHSEED": "0"})
    ended = os.times()
    check_outputs(notebook, source.name)
    for number, cell in enumerate(notebook.cells):
        # the same source gives the same file: no times, no random names of cells
        cell["id"] = f"cell-{number}"
        cell.metadata.clear()
    notebook.metadata = nbformat.from_dict({
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
        "evenvae": {"source": checksum(source), "versions": versions()},
    })  # fmt: skip
    NOTEBOOKS.mkdir(exist_ok=True)
    notebook_of(source).write_text(nbformat.writes(notebook, indent=1) + "\n", encoding="utf-8")
    used = (ended.children_user - began.children_user) + (ended.children_system - began.children_system)
    print(f"{source.name}: {time.perf_counter() - clock:.0f} s, {used:.0f} s of processor time")
    return used


def versions() -> dict[str, str]:
    """The versions that made the outputs."""
    import platform
    from importlib.metadata import version

    return {name: version(name) for name in ("evenvae", "jax", "scikit-learn", "statsmodels")} | {
        "python": platform.python_version()
    }


def main(names: list[str]) -> None:
    """Execute the named tutorials; those that changed if none is named."""
    known = {source.stem: source for source in sources()}
    unknown = set(names) - set(known)
    if unknown:
        sys.exit(f"There is no tutorial {', '.join(sorted(unknown))}; there are {', '.join(known)}.")
    for name in names or [name for name, source in known.items() if not is_fresh(source)]:
        execute(known[name])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*")
    main(parser.parse_args().names)
