"""Seconds an epoch of one fit, by how many threads XLA has; and of the whole fit with its compilation.

    EVENVAE_DATA=... python benchmarks/threads.py benchmarks/results/threads.json

Every figure is a process of its own: a first fit, which compiles, then a short and a long one, whose difference is
free of what comes before and after the epochs. The numbers of threads take turns; the medians are over turns. Wants
idle cores.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from provenance import provenance

CASES = {
    "adult, the paper's network": ("adult", {"preset": "paper"}, 6),
    "adult, default": ("adult", {}, 3),
    "200 columns of 10,000 rows, default": (None, {}, 3),
}


def columns_of_two_kinds(rows: int = 10_000, columns: int = 200):
    """Numbers and levels in turn, all of them noise."""
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(0)
    number, level = lambda: rng.normal(size=rows), lambda: rng.choice(list("abcdef"), rows)
    return pd.DataFrame({f"c{place}": number() if place % 2 else level() for place in range(columns)})


def child(case: str) -> None:
    """Print the seconds of the first fit and of an epoch."""
    from evenvae import EvenVAE, datasets

    name, options, epochs = CASES[case]
    data = None if name is None else datasets.load(name)
    table, schema = (columns_of_two_kinds(), None) if data is None else (data.table, data.schema)

    def seconds(count: int) -> float:
        model = EvenVAE(**options, schema=schema, epochs=count, validation_fraction=0.1, random_state=0)
        began = time.perf_counter()
        model.fit(table)
        return time.perf_counter() - began

    first = seconds(epochs)
    seconds(3 * epochs)
    print(json.dumps([first, (seconds(3 * epochs) - seconds(epochs)) / (2 * epochs)]))


def measured(case: str, threads: int) -> list[float]:
    command = [sys.executable, __file__, "-", "--child", case]
    done = subprocess.run(
        command,
        env={**os.environ, "NPROC": str(threads), "EVENVAE_COMPILATION_CACHE": "off"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--threads", default=f"1,{os.cpu_count()}")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(options.child)
        return
    counts = [int(count) for count in options.threads.split(",")]
    lines = []
    for case in CASES:
        turns = [{count: measured(case, count) for count in counts} for _ in range(options.turns)]
        for count in counts:
            first, epoch = (statistics.median(turn[count][place] for turn in turns) for place in (0, 1))
            line = {"case": case, "threads": count, "first fit": round(first, 2), "an epoch": round(epoch, 4)}
            lines.append(line)
            print(line, flush=True)
    result = {
        "lines": lines,
        "turns": options.turns,
        **provenance("jax"),
    }
    options.out.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
