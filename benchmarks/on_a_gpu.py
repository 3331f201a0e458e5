"""The parts of `on_a_gpu.sh`, each a process of its own that appends a line of JSON for every figure.

    python benchmarks/on_a_gpu.py PART OUT.jsonl [--quick]

* ``about``: the device, versions, and what is not there;
* ``steps``: a training step of every model at several batch sizes, plain and balanced, beside PyTorch's on the same
  device; blocks of steps of all alternate, medians and ratios as in `step_time.py`;
* ``fits``: whole fits of the default network for every purpose, an ensemble too, and rows a second of questions;
* ``sweep``: sixty runs of a cocktail (twelve combinations, five seeds) beside one run;
* ``compiling``: seconds of a new process to the end of a fit of one epoch, with an empty folder for compiled programs
  and with the folder that this left;
* ``table1``: cells of the paper's table that `benchmarks/results/table1` lacks, with the paper's epochs; then those
  with this library's options that `benchmarks/results/table1_ours` lacks, with a quarter of the epochs.
"""

import argparse
import datetime
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from twenty_tables import markdown

RESULTS = Path(__file__).parent / "results"
BALANCED = "imtl-g+pcgrad"
TABLE1 = {"balances": "none,gradnorm,gradnorm+pcgrad,imtl-g+pcgrad", "seeds": 3}
"""As the cells of IWAE, DReG and HI-VAE that are there."""
OURS = {"ours": True, "share": 0.25, "seeds": 3}
"""As the cells of the VAE with this library's options."""
MODELS: dict[str, dict] = {
    "vae": {},
    "iwae": {"objective": "iwae", "objective__samples": 20},
    "dreg": {"objective": "dreg", "objective__samples": 20},
    "hivae": {"model": "hivae"},
}
PURPOSES: dict[str, tuple[dict, tuple[str, ...]]] = {
    "reconstruct": ({}, ("transform", "reconstruct")),
    "impute": ({"purpose": "impute"}, ("impute",)),
    "impute, ensemble of 4": ({"purpose": "impute", "ensemble": 4}, ("impute",)),
    "score": ({"purpose": "score"}, ("score_samples",)),
    "sample": ({"purpose": "sample"}, ("sample",)),
}
"""Options by purpose, and what is asked of the model."""


class Size(NamedTuple):
    """How much is measured."""

    batches: tuple[int, ...]
    steps: int
    blocks: int
    balances: str
    seeds: int
    epochs: float
    compiled: tuple[tuple[str, str], ...]
    """Models and balances whose compilation is timed."""
    peers_compile: bool
    """Whether PyTorch's steps are compiled too."""
    fit_epochs: float | None
    """Of the default network; None is its default."""
    purposes: tuple[str, ...] = tuple(PURPOSES)
    """What the default network is fitted for."""


FULL = Size(
    (128, 1024, 8192),
    200,
    7,
    "paper12",
    5,
    20,
    (("vae", "none"), *((model, BALANCED) for model in MODELS)),
    True,
    None,
)
QUICK = Size((128,), 20, 3, f"none,{BALANCED}", 2, 0.2, (("vae", BALANCED),), False, 0.2)


class Table(NamedTuple):
    """A table of adult's shape, and what it is called."""

    name: str
    table: pd.DataFrame
    schema: Any


def adult() -> Table:
    """Adult where it can be had, else random cells of its shape."""
    from evenvae import Schema, datasets
    from evenvae.errors import InputError

    try:
        data = datasets.load("adult")
        return Table("adult", data.table, data.schema)
    except InputError:
        rows, rng = 32_561, np.random.default_rng(0)
        columns: dict[str, Any] = {f"number {i}": np.exp(rng.normal(size=rows)).round(3) for i in range(4)}
        columns |= {f"count {i}": rng.poisson(30, rows) for i in range(2)}
        levels = (9, 16, 7, 15, 6, 5, 2, 42, 2)
        columns |= {f"level {i}": rng.integers(0, k, rows).astype(str) for i, k in enumerate(levels)}
        table = pd.DataFrame(columns)
        return Table("random cells of adult's shape", table, Schema.infer(table, families="paper"))


class Lines:
    """The file of figures; a line is on the disk as soon as it is written."""

    def __init__(self, path: Path, part: str):
        self.path, self.part, self.began = path, part, time.perf_counter()

    def add(self, **figures: Any) -> None:
        line = {"part": self.part, **figures, "after seconds": round(time.perf_counter() - self.began, 1)}
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        print(json.dumps(line), flush=True)


def device() -> dict[str, Any]:
    """What JAX computes on."""
    import jax

    found = jax.devices()
    return {"device": found[0].device_kind, "platform": found[0].platform, "devices": len(found)}


def on_gpu() -> bool:
    return device()["platform"] not in ("cpu", "tpu")


def about(lines: Lines, size: Size) -> None:
    """Say where this runs and what is missing."""
    import importlib.util

    from provenance import provenance

    missing = []
    if not on_gpu():
        missing.append("a GPU that JAX can use (pip install 'jax[cuda13]'): everything runs on the CPU")
    torch = importlib.util.find_spec("torch") is not None
    if not torch:
        missing.append("PyTorch: no peers")
    else:
        import torch as pytorch

        if on_gpu() and not pytorch.cuda.is_available():
            missing.append("a PyTorch that uses the GPU: no peers")
    if adult().name != "adult":
        missing.append("the tables (EVENVAE_DATA): random cells in their place, no Table 1")
    for what in missing:
        print(f"on_a_gpu.py: there is not {what}", file=sys.stderr)
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    made = provenance("jax", *(["torch"] if torch else []))
    lines.add(**device(), missing=missing, size=size._asdict(), **{**made, "command": shell()}, began=now)


def shell() -> str:
    parts = [f"PARTS={os.environ['PARTS']!r}"] if os.environ.get("PARTS") else []
    return " ".join([*parts, "benchmarks/on_a_gpu.sh", *(["--quick"] if "--quick" in sys.argv else [])])


def options(model: str, balance: str) -> dict:
    return {"preset": "paper", "balance": balance, **MODELS[model]}


def with_parts(flat: dict) -> dict:
    """Options with those of parts as the part that they make."""
    from evenvae import EvenVAE

    made = EvenVAE().set_params(**flat).get_params(deep=False)
    return {name: made[name] for name in {option.partition("__")[0] for option in flat}}


def steps(lines: Lines, size: Size) -> None:
    """Every model at every batch size; the smallest batch of all models first."""
    from step_time import Speed, ours

    data, nothing = adult(), Speed(np.inf, np.inf)
    for batch in size.batches:
        for model in MODELS:
            blocks: dict[str, tuple[Any, int]] = {}
            for balance in ("none", BALANCED):
                variant = ours(data, with_parts(options(model, balance)), size.steps, nothing, batch)
                blocks[f"EvenVAE {balance}"] = (variant.block, size.steps)
            if model == "vae":
                blocks |= peers(lines, data, batch, size)
            first = {name: round(timed(block), 2) for name, (block, _) in blocks.items()}
            times: dict[str, list[float]] = {name: [] for name in blocks}
            for _ in range(size.blocks):
                for name, (block, count) in blocks.items():
                    times[name].append(timed(block) / count * 1e6)
            lines.add(
                model=model,
                batch=batch,
                table=data.name,
                microseconds={name: round(median(found), 1) for name, found in times.items()},
                ratios=ratios(times),
                seconds_of_the_first_block=first,
                **device(),
            )


def ratios(times: dict[str, list[float]]) -> dict[str, float]:
    """Medians over rounds: PyTorch's step over EvenVAE's that does as much, and balanced over plain."""
    own = lambda name: f"EvenVAE {BALANCED if BALANCED in name else 'none'}"
    pairs = [(name, own(name)) for name in times if name.startswith("PyTorch")]
    pairs.append((f"EvenVAE {BALANCED}", "EvenVAE none"))
    over = lambda a, b: round(median(x / y for x, y in zip(times[a], times[b], strict=True)), 2)
    return {f"{above} / {below}": over(above, below) for above, below in pairs}


def peers(lines: Lines, data: Table, batch: int, size: Size) -> dict[str, tuple[Any, int]]:
    """Blocks of PyTorch's steps on the same device; what cannot run there is said."""
    try:
        import torch
    except ImportError:
        return {}
    where = "cuda" if on_gpu() else "cpu"
    if where == "cuda" and not torch.cuda.is_available():
        return {}
    from step_time import peers_of

    # on a CPU one thread each, as EvenVAE has it; more would wait for each other where other work goes on
    made = peers_of(data, 0 if where == "cuda" else 1, batch, where)
    count = max(1, size.steps // 5)
    kinds = {
        "PyTorch eager none": lambda: made.plain(compiled=False),
        "PyTorch compiled none": lambda: made.plain(compiled=True),
        f"PyTorch eager {BALANCED}": made.balanced,
        f"PyTorch compiled {BALANCED}": made.balanced_compiled,
    }
    if where == "cuda":
        # its fastest way to take many small steps on a card
        kinds["PyTorch compiled, CUDA graphs, none"] = lambda: made.plain(compiled=True, mode="reduce-overhead")
    found: dict[str, tuple[Any, int]] = {}
    for name, make in kinds.items():
        if "compiled" in name and not size.peers_compile:
            continue
        try:
            step = make()
            step()
        except Exception as error:  # a compiler that is not there, or a card that it does not know
            lines.add(left_out=name, batch=batch, why=f"{type(error).__name__}: {error}"[:300])
            continue

        def block(step=step) -> None:
            for _ in range(count):
                step()
            if where == "cuda":
                torch.cuda.synchronize()

        found[name] = (block, count)
    return found


def timed(call: Any) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def fits(lines: Lines, size: Size) -> None:
    """The first fit of a process compiles; questions are asked twice, and the second time counts."""
    from evenvae import EvenVAE

    data = adult()
    for name in size.purposes:
        given, questions = PURPOSES[name]
        fit = lambda: EvenVAE(schema=data.schema, random_state=0, epochs=size.fit_epochs, **given).fit(data.table)  # noqa: B023
        began = time.perf_counter()
        model = fit()
        seconds = {"first": time.perf_counter() - began, "again": timed(fit)}
        rows = {}
        for question in questions:
            asked = getattr(model, question)
            call = lambda: asked(len(data.table)) if question == "sample" else asked(data.table)  # noqa: B023
            call()
            rows[question] = round(len(data.table) / timed(call))
        lines.add(
            purpose=name,
            rows=len(data.table),
            table=data.name,
            seconds={which: round(spent, 2) for which, spent in seconds.items()},
            steps=int(model.history_[-1]["step"]),
            rows_a_second=rows,
            **device(),
        )


def sweep(lines: Lines, size: Size) -> None:
    """One run, first and again, then all runs of a cocktail."""
    from evenvae import EvenVAE
    from evenvae.search import resolve, search
    from evenvae.search.local import LocalExecutor

    data = adult()
    settings = {"preset": "paper", "validation_fraction": 0.125, "epochs": size.epochs, "schema": data.schema}
    one = lambda: EvenVAE(balance=BALANCED, **settings).fit(data.table)
    seconds = {"first": round(timed(one), 2), "again": round(timed(one), 2)}
    balances = ",".join(name for name in resolve("default") if name != "auto")
    balances = balances if size.balances == "paper12" else size.balances
    runs = len(resolve(balances)) * size.seeds
    # small networks do not fill a card: four bundles at a time
    for workers in (4, 1) if on_gpu() else (len(LocalExecutor().gpus) or LocalExecutor().slots,):
        with tempfile.TemporaryDirectory() as folder:
            began = time.perf_counter()
            asked = {"balances": balances, "seeds": size.seeds, "workers": workers, "refit": False}
            search(data.table, Path(folder) / "sweep", **asked, **settings)
            spent = time.perf_counter() - began
        lines.add(
            runs=runs,
            workers=workers,
            epochs=size.epochs,
            table=data.name,
            seconds=round(spent, 1),
            seconds_of_one_run=seconds,
            all_runs_over_one={which: round(spent / own, 2) for which, own in seconds.items()},
            runs_an_hour=round(runs * 3600 / spent),
            **device(),
        )


FIT = """
import json, sys, time
began = time.perf_counter()
import on_a_gpu
from evenvae import EvenVAE
data, options = on_a_gpu.adult(), json.loads(sys.argv[1])
ready = time.perf_counter()
EvenVAE(epochs=1, schema=data.schema).set_params(**options).fit(data.table[:5000])
print(json.dumps([ready - began, time.perf_counter() - ready]))
"""


def compiling(lines: Lines, size: Size) -> None:
    """Cold and warm processes, one after the other."""
    for model, balance in size.compiled:
        with tempfile.TemporaryDirectory() as folder:
            keep = {
                "JAX_COMPILATION_CACHE_DIR": folder,
                "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
                "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
            }
            command = [sys.executable, "-c", FIT, json.dumps(options(model, balance))]
            found = {}
            for state in ("cold", "warm"):
                asked = subprocess.run(command, env={**os.environ, **keep}, capture_output=True, text=True, check=True)
                ready, fit = json.loads(asked.stdout.splitlines()[-1])
                found[state] = {"import and table": round(ready, 2), "fit": round(fit, 2)}
        lines.add(model=model, balance=balance, seconds=found, cold_over_warm=ratio(found), **device())


def ratio(found: dict[str, dict[str, float]]) -> float:
    return round(found["cold"]["fit"] / found["warm"]["fit"], 2)


def missing_cells() -> Iterator[tuple[str, str, bool]]:
    """Tables and models of which there are no results, with the paper's options and then with ours."""
    from evenvae.experiments.table1 import published

    for ours in (False, True):
        folder, added = ("table1_ours", ".ours") if ours else ("table1", "")
        for model in ("hivae", "iwae", "dreg", "vae"):
            for table in published()["tables"]:
                if not (RESULTS / folder / f"{table}.{model}{added}.summary.csv").exists():
                    yield table, model, ours


def table1(lines: Lines, size: Size) -> None:
    """Cell after cell, each a search that the next call continues."""
    from evenvae.experiments.table1 import QUICK as SHORT
    from evenvae.experiments.table1 import reproduce

    if adult().name != "adult":
        return
    quick = size is QUICK
    folder = lines.path.with_suffix("") if not quick else Path(tempfile.mkdtemp())
    folder = folder.parent / f"{folder.name}_table1"
    cells = [("wine", "vae", False)] if quick else list(missing_cells())
    for table, model, ours in cells:
        asked = {**(SHORT if quick else OURS if ours else TABLE1), "sweep": {"workers": 4 if on_gpu() else None}}
        began = time.perf_counter()
        reproduce(folder, tables=[table], models=[model], resume=True, **asked)
        summary = pd.read_csv(folder / f"{table}.{model}{'.ours' * ours}" / "summary.csv")
        lines.add(
            table=table,
            model=model,
            ours=ours,
            seconds=round(time.perf_counter() - began, 1),
            summary=json.loads(summary.to_json(orient="records")),
            **device(),
        )


def steps_in_words(lines: list[dict]) -> str:
    """Microseconds of a step of the plain VAE with the smallest batch, and how much longer PyTorch's take."""
    found = next(line for line in lines if line.get("model") == "vae" and "microseconds" in line)
    over = found["ratios"]
    peers = [ratio for name, ratio in over.items() if name.startswith("PyTorch") and BALANCED not in name]
    return (
        f"A step of the plain VAE at batch {found['batch']} took {found['microseconds']['EvenVAE none']:.0f} "
        f"microseconds on an {found['device']}, balanced {over[f'EvenVAE {BALANCED} / EvenVAE none']:.1f} times as "
        f"long; PyTorch took {min(peers):.0f} to {max(peers):.0f} times as long"
    )


def as_table(lines: list[dict]) -> str:
    """A row for every fit: seconds by device, and rows a second of what was asked."""
    body = []
    for line in (line for line in lines if line["part"] == "fits"):
        asked = ", ".join(f"`{question}` {rows:,}" for question, rows in line["rows_a_second"].items())
        spent = [f"{line['seconds'][which]:.0f}" for which in ("again", "first")]
        where = "one core of a CPU" if line["platform"] == "cpu" else line["device"]
        body.append([where, line["purpose"], f"{line['steps']:,}", *spent, asked])
    heads = ["device", "purpose", "steps", "seconds of a fit", "of the first, which compiles", "rows a second"]
    return markdown(heads, body)


PARTS = {part.__name__: part for part in (about, steps, fits, sweep, compiling, table1)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("out", type=Path)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--purposes", nargs="+", default=PURPOSES, choices=PURPOSES, help="of the part fits")
    asked = parser.parse_args()
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    PARTS[asked.part](
        Lines(asked.out, asked.part), (QUICK if asked.quick else FULL)._replace(purposes=tuple(asked.purposes))
    )


if __name__ == "__main__":
    main()
