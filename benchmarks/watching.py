"""What the diagnostics of the columns' gradients, once a chunk, add to training: pairs of chunks, with and without.

    python benchmarks/watching.py            # writes benchmarks/results/watching.json

`ratio` is the median over pairs of a chunk's processor time with the diagnostics divided by that without them, because
the clock of a shared machine says little. `first_call_seconds` is the time of the first call, which compiles. The
columns of the simulated tables are numbers and levels in turn; the network and the chunk are those of `EvenVAE`.
"""

import argparse
import dataclasses
import json
import time
from pathlib import Path

import jax
import numpy as np
import pandas as pd

import evenvae
from evenvae.fitted.fitting import begin, read
from evenvae.fitted.rows import TableRows
from evenvae.options import Options
from evenvae.training.devices import everywhere, mesh_of, spread
from evenvae.training.runs import run_chunks
from provenance import provenance

CASES = [
    {"columns": 12, "rows": 6400, "balance": "none"},
    {"columns": 12, "rows": 6400, "balance": "imtl-g+pcgrad"},
    {"columns": 12, "rows": 6400, "balance": "none", "objective": "iwae"},
    {"columns": 12, "rows": 6400, "balance": "gradnorm", "model": "hivae"},
    {"columns": 64, "rows": 6400, "balance": "none"},
    {"columns": 100, "rows": 6400, "balance": "imtl-g+pcgrad"},
]


def made_up(rows: int, columns: int) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    latent = rng.normal(size=(rows, 4))
    signals = latent @ rng.normal(size=(4, columns)) + rng.normal(size=(rows, columns))
    kinds = {}
    for d in range(columns):
        kinds[f"c{d}"] = signals[:, d] if d % 2 else np.array(list("abcdef"))[np.digitize(signals[:, d], range(-2, 3))]
    return pd.DataFrame(kinds)


def measure(case: dict, pairs: int) -> dict:
    options = {name: value for name, value in case.items() if name not in ("columns", "rows")}
    model = evenvae.EvenVAE(**options)
    wanted = Options.of(model.get_params(deep=False))
    encoded, weight, schema = read(wanted, made_up(case["rows"], case["columns"]))
    started = begin(wanted, TableRows(encoded, schema, weight))
    prepared, plan = started.runs, started.plan
    mesh = mesh_of(1)
    runs, validation = spread(prepared.runs, mesh), spread(prepared.validation, mesh)
    data = everywhere(prepared.data, mesh)
    batches = spread(np.stack([prepared.streams[0].steps(0, plan.training.steps_per_chunk)]), mesh)

    def chunk(record, **other):
        settings = dataclasses.replace(plan.training, steps=0, steps_per_chunk=0, record_gradients=record, **other)
        began = time.process_time()
        jax.block_until_ready(
            run_chunks(runs, batches, validation, data, prepared.skeleton, plan.method, plan.optimiser, settings, mesh)
        )
        return time.process_time() - began

    # a program of its own takes what is made once for all programs
    chunk(False, max_bad_steps=1)
    first = {record: chunk(record) for record in (False, True)}
    # the order turns from pair to pair
    ratios, plain = [], []
    for pair in range(pairs):
        taken = {record: chunk(record) for record in ((False, True) if pair % 2 else (True, False))}
        ratios.append(taken[True] / taken[False])
        plain.append(taken[False])
    return {
        **case,
        "steps_a_chunk": plan.training.steps_per_chunk,
        "chunk_milliseconds": round(1000 * float(np.median(plain)), 2),
        "ratio": round(float(np.median(ratios)), 4),
        "quartiles": np.quantile(ratios, [0.25, 0.75]).round(4).tolist(),
        "first_call_seconds": {"without": round(first[False], 2), "with": round(first[True], 2)},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=101)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "watching.json")
    arguments = parser.parse_args()
    results = []
    for case in CASES:
        results.append(measure(case, arguments.pairs))
        print(json.dumps(results[-1]), flush=True)
    about = {
        **provenance("jax", "numpy"),
        "pairs": arguments.pairs,
    }
    arguments.out.write_text(json.dumps({**about, "results": results}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
