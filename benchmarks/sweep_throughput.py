"""Runs an hour of a sweep on 1, 2 and 4 cores, and of a loop of single fits on one.

    EVENVAE_DATA=... python benchmarks/sweep_throughput.py benchmarks/results/sweep_throughput.json

Every figure is one process bound to so many cores, start and compilation included; the parts take turns, and the
figures are medians over repetitions. The sweep also measures every run on its validation and test rows, which the loop
leaves out. ``of linear`` is the rate over the number of cores times the rate on the fewest, within a repetition. Other
work on the machine lowers it: the load before each part is kept beside. What does not depend on it are the seconds of
CPU that each process of the sweep took: a worker that trains never waits for anything but the core. ``of linear,
undisturbed`` compares the CPU seconds of the search itself plus those of its busiest worker, which is the time that the
sweep takes where no other process wants the cores.
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
from statistics import median

from provenance import provenance

PRESET = {"preset": "paper", "validation_fraction": 0.125}


def train(kind: str, options: argparse.Namespace, cores: int) -> None:
    """The work itself, in a process of its own; prints the CPU seconds of the workers."""
    from evenvae import datasets

    data = datasets.load(options.table)
    settings = {**PRESET, "epochs": options.epochs, "schema": data.schema}
    if kind == "sweep":
        from evenvae.search import search
        from evenvae.search.local import LocalExecutor

        class Timed(LocalExecutor):
            def close(self, *patience: float) -> None:
                spent.extend(cpu_seconds(worker.process.pid) for worker in self.workers)
                super().close(*patience)

        spent: list[float] = []
        with tempfile.TemporaryDirectory() as folder:
            arguments = {"balances": options.balances, "seeds": options.seeds, "executor": Timed(cores)}
            search(data.table, Path(folder) / "sweep", test_fraction=0.2, refit=False, **arguments, **settings)
        print(json.dumps(spent))
        return
    from evenvae import EvenVAE
    from evenvae.search.sweep import split_rows

    for balance in names(options):
        for seed in range(options.seeds):
            rows, _ = split_rows(len(data.table), 0.2, seed)
            EvenVAE(balance=balance, random_state=seed, **settings).fit(data.table.iloc[rows])


def seconds_of_programs(report: dict) -> str:
    """CPU seconds of the first chunk of each combination, where every one is a program of its own."""
    seconds = report["programs"]["one for every combination, five seeds side by side"].values()
    *rest, last = (f"{first:.0f}" for first, _ in seconds)
    return f"{', '.join(rest)} and {last}"


def names(options: argparse.Namespace) -> list[str]:
    """The combinations; of the recipe this preset leaves nothing but a balance."""
    from evenvae.search import resolve

    return [name for name in resolve(options.balances) if name != "auto"]


def cpu_seconds(process: int) -> float:
    """Of a process that is still there."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def timed(kind: str, cores: int) -> dict:
    """Seconds of ``kind`` on so many cores."""
    bind = lambda: os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-cores:])
    one_thread = {} if kind == "sweep" else {"NPROC": "1"}
    load = os.getloadavg()[0]
    spent = sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])
    began = time.perf_counter()
    command = [sys.executable, __file__, *sys.argv[1:], "--part", kind, str(cores)]
    # programs that another run has kept would hide what compiling takes
    with tempfile.TemporaryDirectory() as cache:
        environment = {**os.environ, "EVENVAE_CACHE": cache, **one_thread}
        answer = subprocess.run(
            command, check=True, preexec_fn=bind, stdout=subprocess.PIPE, text=True, env=environment
        )
    seconds, spent = time.perf_counter() - began, sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2]) - spent
    figures = {"seconds": round(seconds, 1), "CPU seconds": round(spent, 1), "load before": round(load, 1)}
    if kind == "sweep":
        workers = json.loads(answer.stdout.splitlines()[-1])
        figures["CPU seconds of the workers"] = workers
        figures["undisturbed"] = round(spent - sum(workers) + max(workers), 1)
    return figures


def summary(rounds: list[dict[tuple[str, int], dict]], runs: int) -> list[dict]:
    """Medians over repetitions of every part."""
    parts = []
    for kind, cores in rounds[0]:
        own = [one[kind, cores] for one in rounds]
        fewest = min(count for name, count in rounds[0] if name == "sweep")
        part = {"what": kind, "cores": cores, "runs an hour": round(median(runs * 3600 / o["seconds"] for o in own))}
        part |= {name: round(median(o[name] for o in own), 1) for name in ("seconds", "CPU seconds", "load before")}
        if kind == "sweep":
            part["undisturbed"] = median(o["undisturbed"] for o in own)
            for label, name in (("of linear", "seconds"), ("of linear, undisturbed", "undisturbed")):
                of_linear = [one["sweep", fewest][name] * fewest / one[kind, cores][name] / cores for one in rounds]
                part[label] = round(median(of_linear), 3)
        parts.append(part)
    return parts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--table", default="wine")
    parser.add_argument("--epochs", type=float, default=400)
    parser.add_argument("--balances", default="default")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--cores", default="1,2,4")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--no-loop", action="store_true", help="leave out the loop of single fits")
    parser.add_argument("--part", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.part:
        train(options.part[0], options, int(options.part[1]))
        return
    runs = len(names(options)) * options.seeds
    counts = [int(count) for count in options.cores.split(",")]
    wanted = [("sweep", count) for count in counts]
    if not options.no_loop:
        wanted.append(("loop of single fits", 1))
    rounds: list[dict[tuple[str, int], dict]] = []
    for _ in range(options.repeats):
        rounds.append({})
        for kind, count in wanted:
            rounds[-1][kind, count] = timed(kind, count)
            print(kind, count, rounds[-1][kind, count], flush=True)
        # what is whole is on the disk
        result = {
            "runs": runs,
            "parts": summary(rounds, runs),
            "repetitions": [
                {"what": kind, "cores": count, **part} for one in rounds for (kind, count), part in one.items()
            ],
            "table": options.table,
            "epochs": options.epochs,
            "balances": names(options),
            "seeds": options.seeds,
            **provenance("jax"),
        }
        options.out.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result["parts"], indent=1))


if __name__ == "__main__":
    main()
