"""What balancing costs a fit of a hundred and of five hundred columns: a step of `fit` over one without balancing.

    python benchmarks/many_columns.py benchmarks/results/many_columns.jsonl
    python benchmarks/many_columns.py benchmarks/results/many_columns.jsonl --table

The table is that of `growth.py` (numbers, counts, flags, six levels) with 10,000 rows, the network the default one.
Blocks of a method and of the plain step alternate; the figure is the median over at least five pairs of the ratio of
their processor seconds, on one thread, so that other work on the machine matters little. A line of OUT is a method at
one number of columns and one batch; what OUT holds with the same ``--label`` is not measured again.
"""

import argparse
import dataclasses
import os
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

# one thread, as `evenvae fit` has it; before JAX starts
os.environ |= {"XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false", "NPROC": "1", "OPENBLAS_NUM_THREADS": "1"}

import jax

from evenvae import EvenVAE, Training
from evenvae.fitted.fitting import begin, read
from evenvae.fitted.rows import TableRows
from evenvae.options import Options
from evenvae.tables import Schema
from growth import Point, made_up, timed
from provenance import provenance
from step_time import block_of
from twenty_tables import keep, lines_of

METHODS = ("power-norm", "pcgrad", "gradvac", "cagrad", "nash-mtl", "aligned-mtl", "upgrad")
PAIRS, SLOWEST = 5, 20.0
"""Pairs of blocks, and the seconds that a block may take before a method is given up."""
STEPS = {100: 30, 500: 8}
"""Of a block, by the number of columns."""


def started(encoded: Any, schema: Schema, weight: Any, balance: str, batch: int) -> Any:
    model = EvenVAE(schema=schema, balance=balance, training=Training(batch_size=batch), random_state=0)
    return begin(Options.of(model.get_params(deep=False)), TableRows(encoded, schema, weight))


def measured(plain: Callable[[], Any], fit: Any, steps: int) -> dict[str, Any]:
    """Milliseconds of a step and its ratio to that of ``plain``, a block of as many steps."""
    block = block_of(fit, steps)
    first, _ = timed(block)
    seconds, _ = timed(block)
    found: dict[str, Any] = {"first_block": round(first, 2), "milliseconds": round(1000 * seconds / steps, 2)}
    if seconds > SLOWEST:
        return found | {"ratio": None}
    pairs = [(timed(plain)[0], timed(block)[0]) for _ in range(PAIRS)]
    return found | {
        "milliseconds": round(1000 * median(own for _, own in pairs) / steps, 2),
        "plain_milliseconds": round(1000 * median(base for base, _ in pairs) / steps, 2),
        "ratio": round(median(own / base for base, own in pairs), 2),
        "ratios": [round(own / base, 2) for base, own in pairs],
    }


def as_table(lines: list[dict[str, Any]]) -> str:
    """The ratios in Markdown, a row a method."""
    places = sorted({(line["columns"], line["batch"]) for line in lines})
    labels = list(dict.fromkeys(line["label"] for line in lines))
    heads = [
        f"D={columns}, batch {batch}" + f", {label}" * (len(labels) > 1)
        for columns, batch in places
        for label in labels
    ]
    rows = ["| method | " + " | ".join(heads) + " |", "| --- |" + " --- |" * len(heads)]
    for method in METHODS:
        cells = []
        for place in places:
            for label in labels:
                found = [
                    line for line in lines
                    if (line["columns"], line["batch"], line["label"], line["method"]) == (*place, label, method)
                ]  # fmt: skip
                ratio = found[0]["ratio"] if found else None
                cells.append(f"{ratio:.2f}" if ratio else f"({found[0]['milliseconds']} ms)" if found else "-")
        rows.append(f"| {method} | " + " | ".join(cells) + " |")
    return "\n".join(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--label", default="now", help="kept with every line, to tell versions apart")
    parser.add_argument("--columns", default="100,500")
    parser.add_argument("--batches", default="128,256")
    parser.add_argument("--methods", default=",".join(METHODS))
    parser.add_argument("--table", action="store_true", help="print what OUT holds as a table, measure nothing")
    options = parser.parse_args()
    if options.table:
        print(as_table(lines_of(options.out)))
        return
    about = provenance("jax", "jaxlib")
    for columns in map(int, options.columns.split(",")):
        point = dataclasses.replace(Point("columns", columns), rows=10_000, columns=columns)
        table = made_up(point)
        given = {name: "categorical" for name in table if name.startswith("levels")}
        schema = Schema.infer(table, overrides=given, formulas=False)
        encoded, weight, _ = read(Options.of(EvenVAE(schema=schema).get_params(deep=False)), table)
        for batch in map(int, options.batches.split(",")):
            wanted = {"columns": columns, "batch": batch, "label": options.label}
            done = {line["method"] for line in lines_of(options.out) if wanted.items() <= line.items()}
            left = [method for method in options.methods.split(",") if method not in done]
            if not left:
                continue
            steps = STEPS.get(columns, 4)
            plain = block_of(started(encoded, schema, weight, "none", batch), steps)
            plain()
            for method in left:
                fit = started(encoded, schema, weight, method, batch)
                line = wanted | {"method": method} | measured(plain, fit, steps)
                print(line, flush=True)
                keep(line | about, options.out)
        jax.clear_caches()


if __name__ == "__main__":
    main()
