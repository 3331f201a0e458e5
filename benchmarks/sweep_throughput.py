"""Runs an hour of a sweep on 1, 2 and 4 cores, and of a loop of single fits.

    EVENVAE_DATA=... python benchmarks/sweep_throughput.py benchmarks/results/sweep_throughput.json

Every figure is one process bound to so many cores, start and compilation included. The sweep also measures every run
on its validation and test rows, which the loop leaves out. ``of linear`` is the rate over the number of cores times
the rate on one core. Other work on the machine lowers it: the load before each part is kept beside, and the CPU
seconds, which say what the part took whatever it had to wait for.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from provenance import provenance

PRESET = {"preset": "paper", "validation_fraction": 0.125}


def train(kind: str, options: argparse.Namespace, cores: int) -> None:
    """The work itself, in a process of its own."""
    from evenvae import datasets

    data = datasets.load(options.table)
    settings = {**PRESET, "epochs": options.epochs, "schema": data.schema}
    if kind == "sweep":
        from evenvae.search import search

        with tempfile.TemporaryDirectory() as folder:
            arguments = {"balances": options.balances, "seeds": options.seeds, "workers": cores}
            search(data.table, Path(folder) / "sweep", test_fraction=0.2, refit=False, **arguments, **settings)
        return
    from evenvae import EvenVAE
    from evenvae.search import resolve
    from evenvae.search.sweep import split_rows

    for balance in resolve(options.balances):
        for seed in range(options.seeds):
            rows, _ = split_rows(len(data.table), 0.2, seed)
            EvenVAE(balance=balance, random_state=seed, **settings).fit(data.table.iloc[rows])


def timed(kind: str, cores: int) -> dict:
    """Seconds of ``kind`` on so many cores."""
    bind = lambda: os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])
    load = os.getloadavg()[0]
    spent = sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])
    began = time.perf_counter()
    subprocess.run([sys.executable, __file__, *sys.argv[1:], "--part", kind, str(cores)], check=True, preexec_fn=bind)
    seconds, spent = time.perf_counter() - began, sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2]) - spent
    return {"seconds": round(seconds, 1), "CPU seconds": round(spent, 1), "load before": round(load, 1)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--table", default="wine")
    parser.add_argument("--epochs", type=float, default=400)
    parser.add_argument("--balances", default="default")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--cores", default="1,2,4")
    parser.add_argument("--part", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.part:
        train(options.part[0], options, int(options.part[1]))
        return
    from evenvae.search import resolve

    runs = len(resolve(options.balances)) * options.seeds
    counts = [int(count) for count in options.cores.split(",")]
    parts = {("sweep", count): timed("sweep", count) for count in counts}
    parts["loop of single fits", max(counts)] = timed("loop", max(counts))
    for part in parts.values():
        part["runs an hour"] = round(runs * 3600 / part["seconds"])
    first = parts["sweep", counts[0]]["runs an hour"] / counts[0]
    for (kind, count), part in parts.items():
        if kind == "sweep":
            part["of linear"] = round(part["runs an hour"] / first / count, 3)
    result = {
        "runs": runs,
        "parts": [{"what": kind, "cores": count, **part} for (kind, count), part in parts.items()],
        "table": options.table,
        "epochs": options.epochs,
        "balances": list(resolve(options.balances)),
        "seeds": options.seeds,
        **provenance("jax"),
    }
    options.out.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result["parts"], indent=1))


if __name__ == "__main__":
    main()
