"""What made a file of results: the command, versions, the class of machine, the date."""

import datetime
import os
import platform
import sys
from importlib.metadata import version
from pathlib import Path

from evenvae.fitted.asking import cores


def provenance(*packages: str) -> dict:
    """Of the script that runs; versions of evenvae, ``packages`` and Python, and the cores it may use."""
    usable, present = cores(), os.cpu_count()
    return {
        "command": " ".join(["python", f"benchmarks/{Path(sys.argv[0]).name}", *sys.argv[1:]]),
        "versions": {name: version(name) for name in ("evenvae", *packages)} | {"python": platform.python_version()},
        "machine": f"{platform.machine()}, {present if usable == present else f'{usable} of {present}'} cores, CPU",
        "date": datetime.date.today().isoformat(),
    }
