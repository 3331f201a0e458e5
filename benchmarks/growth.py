"""How time and memory grow with rows, columns, levels, importance samples and runs.

    python benchmarks/growth.py benchmarks/results/growth.jsonl
    python benchmarks/growth.py benchmarks/results/growth.jsonl --table

Every point is a process of its own, so that its peak of memory is its own and nothing is compiled yet, and a line of
OUT; a point that OUT holds is not measured again. Seconds are those of the processor, on one thread. Tables are made
up: numbers, counts, flags and levels in turn, driven by three causes; a twentieth of the cells is empty. A step is that
of `fit`, without validation; its time is the median over blocks. ``first step`` holds the compilation. Questions are
asked twice, and the figure is the second time; what the first one took is kept beside it.

The exponent of a curve is the slope of the logarithm of the figure against that of the size, by least squares over all
points; ``at the end`` it is the slope between the last two, which says how it goes on.
"""

import argparse
import dataclasses
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pandas as pd

from provenance import provenance
from step_time import block_of
from twenty_tables import keep, lines_of

ONE_THREAD = {"XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false", "NPROC": "1", "OPENBLAS_NUM_THREADS": "1"}
LONGEST = 900
"""Seconds after which a point is given up."""
ASKED = 1000
"""Rows of a question, but along the curve of the rows."""


@dataclasses.dataclass(frozen=True)
class Point:
    """A place on a curve: the shape of the table and of the fit."""

    curve: str
    size: int
    rows: int = 2000
    columns: int = 12
    levels: int = 6
    draws: int = 1
    runs: int = 1
    balance: str = "none"
    batch: int = 128
    width: int = 128


BALANCED = "gradnorm+pcgrad"
CURVES: dict[str, list[Point]] = {
    "columns": [Point("columns", n, columns=n) for n in (10, 30, 100, 300, 1000)],
    "columns, balanced": [Point("columns, balanced", n, columns=n, balance=BALANCED) for n in (10, 30, 100, 300, 1000)],
    "rows": [Point("rows", n, rows=n, columns=6, batch=256) for n in (10**3, 10**4, 10**5, 10**6, 10**7)],
    "levels": [Point("levels", n, rows=20_000, columns=4, levels=n) for n in (2, 10, 100, 1000, 10_000)],
    "importance samples": [Point("importance samples", n, draws=n) for n in (1, 3, 10, 30, 100)],
    "runs": [Point("runs", n, runs=n, width=64) for n in (1, 4, 15, 60, 240)],
}
EVERY = ("transform", "impute", "score", "sample")
QUESTIONS = dict.fromkeys(CURVES, EVERY) | {"columns, balanced": (), "importance samples": ("score",), "runs": ()}
"""What is asked along each curve: along the others a question does not depend on the size."""
FIGURES = {
    "schema": "seconds to infer the schema",
    "encode": "seconds to encode",
    "prepare": "seconds to prepare",
    "first_step": "seconds of the first step",
    "step": "seconds a step",
    "peak": "GiB at most",
    "impute": "seconds to impute",
    "score": "seconds to score",
    "transform": "seconds to transform",
    "sample": "seconds to sample",
}


def made_up(point: Point) -> pd.DataFrame:
    """The table of a point; one column after the other, so that little more than the table is held."""
    rng = np.random.default_rng(0)
    causes = rng.normal(size=(3, point.rows)).astype(np.float32)
    table = {}
    for d in range(point.columns):
        signal = rng.normal(size=3).astype(np.float32) @ causes + 0.5 * rng.normal(size=point.rows).astype(np.float32)
        empty = rng.random(point.rows, dtype=np.float32) < 0.05
        kind = ("number", "count", "flag", "levels")[(d + 3) % 4]
        if kind == "number":
            table[f"number{d}"] = np.where(empty, np.nan, signal)
        elif kind == "count":
            table[f"count{d}"] = np.where(empty, np.nan, rng.poisson(np.exp(0.3 * signal)))
        elif kind == "flag":
            table[f"flag{d}"] = np.where(empty, np.nan, signal > 0)
        else:
            # levels that are about equally frequent, all of which occur
            rank = np.argsort(np.argsort(signal))
            codes = (rank * point.levels) // point.rows
            names = [f"level {level}" for level in range(point.levels)]
            table[f"levels{d}"] = pd.Categorical.from_codes(np.where(empty, -1, codes), names)
    return pd.DataFrame(table)


def peak() -> float:
    """GiB that the process held at most since its start."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def timed(call: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds of the processor, whatever else the machine does meanwhile, and the answer."""
    began = time.process_time()
    answer = call()
    return time.process_time() - began, answer


def measure(point: Point, questions: bool) -> dict[str, Any]:
    """The figures of a point, in a process that does nothing else; those of questions only if they are wanted."""
    import jax

    from evenvae import ELBO, IWAE, EvenVAE, Network, Training
    from evenvae.fitted.fitting import begin, read
    from evenvae.fitted.rows import TableRows
    from evenvae.options import Options
    from evenvae.tables import Schema, encode
    from evenvae.training import Trained

    table = made_up(point)
    found: dict[str, Any] = {"before": peak()}
    given = {name: "categorical" for name in table if name.startswith("levels")}
    found["schema"], schema = timed(lambda: Schema.infer(table, overrides=given, max_levels=point.levels))
    model = EvenVAE(
        schema=schema,
        balance=point.balance,
        objective=IWAE(point.draws) if point.draws > 1 else ELBO(),
        ensemble=point.runs,
        network=Network(width=point.width),
        training=Training(batch_size=point.batch),
        random_state=0,
    )
    options = Options.of(model.get_params(deep=False))
    found["encode"], _ = timed(lambda: encode(table, schema))
    encoded, weight, _ = read(options, table)
    found["prepare"], started = timed(lambda: begin(options, TableRows(encoded, schema, weight)))
    found["outputs"] = started.space.layout.width
    found["first_step"], _ = timed(block_of(started, 1))
    block = block_of(started, 4)
    block()
    seconds, _ = timed(block)
    # half a second of steps, or four where they take long
    steps = int(np.clip(2 / seconds, 4, 200))
    block = block_of(started, steps)
    block()
    times = [timed(block)[0] / steps for _ in range(5)]
    found["step"], found["steps"] = median(times), [min(times), max(times)]
    found["peak_of_fit"] = peak()
    if not questions:
        return found | {"peak": peak()}
    trained = Trained(jax.tree.map(np.asarray, block()), [], interrupted=False)
    found["finish"], model.fitted_ = timed(lambda: started.finished(trained))
    asked = table.iloc[: min(point.rows, 100_000) if point.curve == "rows" else ASKED]
    few = asked.iloc[:ASKED]
    asking = {
        "transform": lambda: model.transform(asked),
        "impute": lambda: model.impute(asked),
        "score": lambda: model.score_samples(few, point.draws if point.curve == "importance samples" else 20),
        "sample": lambda: model.sample(len(few), random_state=0),
    }
    for name in QUESTIONS[point.curve]:
        question = asking[name]
        first, _ = timed(question)
        found[name], _ = timed(question)
        found[f"first_{name}"] = first
    return found | {"asked": len(asked), "peak": peak()}


def point(lines: list[dict[str, Any]], curve: str, size: int) -> dict[str, Any]:
    """The figures at a place on a curve."""
    return next(line for line in lines if (line["curve"], line["size"]) == (curve, size))


def at_the_end(lines: list[dict[str, Any]], curve: str, figure: str) -> float:
    """The exponent of a figure between the last two points of a curve."""
    last = sorted((line["size"], line[figure]) for line in lines if line["curve"] == curve)[-2:]
    return slope(*np.array(last, float).T)


def slope(sizes: np.ndarray, values: np.ndarray) -> float:
    return float(np.polyfit(np.log(sizes), np.log(values), 1)[0])


def as_table(lines: list[dict[str, Any]]) -> str:
    """The curves in Markdown, a table for each, with the exponents in the last two lines."""
    parts = []
    for curve in CURVES:
        own = sorted(
            (line for line in lines if line["curve"] == curve and "step" in line), key=lambda line: line["size"]
        )
        if len(own) < 2:
            continue
        sizes = np.array([line["size"] for line in own], float)
        figures = {name: title for name, title in FIGURES.items() if all(name in line for line in own)}
        parts.append(f"\n**{curve}**\n\n| {curve} | " + " | ".join(figures.values()) + " |")
        parts.append("| --- |" + " --- |" * len(figures))
        for line in own:
            parts.append(f"| {line['size']:,} | " + " | ".join(f"{line[name]:.3g}" for name in figures) + " |")
        values = {name: np.array([line[name] for line in own], float) for name in figures}
        parts.append("| exponent | " + " | ".join(f"{slope(sizes, value):.2f}" for value in values.values()) + " |")
        ends = [f"{slope(sizes[-2:], value[-2:]):.2f}" for value in values.values()]
        parts.append("| at the end | " + " | ".join(ends) + " |")
    return "\n".join(parts).strip("\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--only", default="", help="these curves alone, between semicolons")
    parser.add_argument("--largest", type=int, default=10**9, help="leave out the points beyond")
    parser.add_argument("--table", action="store_true", help="print what OUT holds as tables, measure nothing")
    parser.add_argument("--without-questions", action="store_true", help="measure fits alone, which is far quicker")
    parser.add_argument("--point", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.point:
        print(json.dumps(measure(Point(**json.loads(options.point)), not options.without_questions)))
        return
    if options.table:
        print(as_table(lines_of(options.out)))
        return
    chosen = options.only.split(";") if options.only else list(CURVES)
    about = provenance("jax", "pandas")
    for point in (point for curve in chosen for point in CURVES[curve] if point.size <= options.largest):
        fields = dataclasses.asdict(point)
        if any("step" in line and fields.items() <= line.items() for line in lines_of(options.out)):
            continue
        command = [sys.executable, __file__, str(options.out), "--point", json.dumps(fields)]
        command += ["--without-questions"] if options.without_questions else []
        # what another process compiled would hide what compiling takes
        environment = os.environ | ONE_THREAD | {"EVENVAE_COMPILATION_CACHE": "off"}
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST, env=environment)
            failed = done.stderr.strip().splitlines()[-1:] if done.returncode else []
            figures = {"failed": failed[0]} if failed else json.loads(done.stdout.splitlines()[-1])
        except subprocess.TimeoutExpired:
            figures = {"failed": f"took more than {LONGEST} seconds"}
        line = fields | {name: round(v, 6) if isinstance(v, float) else v for name, v in figures.items()}
        print(json.dumps(line), flush=True)
        keep(line | about | {"load": round(os.getloadavg()[0], 1)}, options.out)


if __name__ == "__main__":
    main()
