"""Time of one training step of every model, plain and balanced, beside its floor and beside PyTorch and torchjd.

    pip install torch==2.13.0 && pip install '.[benchmark]'
    EVENVAE_DATA=... python benchmarks/step_time.py benchmarks/results/step_time.json

Adult's shape, batch 128, float32; the paper's network for all but the two lines of the default one. Blocks of steps of
all variants alternate, the figures are medians over blocks, so that other work on the machine meets all of them alike;
the figures to read are the ratios. A step of EvenVAE is the program of `fit` with a validation of one row; PyTorch is
eager, compiled (`torch.compile`), and with the aggregators of torchjd, and runs with as many threads as it likes unless
``--torch-threads`` says how many. `torch_peers.py` holds its steps.

The floor of a step is the time of what it cannot do without, on one core; see `floor`.
"""

import argparse
import dataclasses
import importlib.util
import json
import os
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import NamedTuple

import jax
import numpy as np
from scipy.linalg import blas
from threadpoolctl import threadpool_limits

from evenvae import IWAE, DReG, EvenVAE, Training, datasets
from evenvae.fitted.fitting import Fit, begin, read
from evenvae.fitted.rows import TableRows
from evenvae.models.encoder import CellInput
from evenvae.options import Options
from evenvae.training import Validation, stack
from evenvae.training.devices import everywhere, mesh_of, spread
from evenvae.training.runs import Run, run_chunks
from provenance import provenance
from twenty_tables import markdown

BATCH, DRAWS = 128, 20
PLAIN, BALANCED, GRADNORM = "none", "imtl-g+pcgrad", "gradnorm+pcgrad"
PAPER = {"preset": "paper"}
CASES: dict[str, dict] = {
    "EvenVAE plain": {**PAPER, "balance": PLAIN},
    f"EvenVAE {BALANCED}": {**PAPER, "balance": BALANCED},
    f"EvenVAE {GRADNORM}": {**PAPER, "balance": GRADNORM},
    "EvenVAE iwae plain": {**PAPER, "balance": PLAIN, "objective": IWAE(DRAWS)},
    f"EvenVAE iwae {BALANCED}": {**PAPER, "balance": BALANCED, "objective": IWAE(DRAWS)},
    "EvenVAE dreg plain": {**PAPER, "balance": PLAIN, "objective": DReG(DRAWS)},
    f"EvenVAE dreg {BALANCED}": {**PAPER, "balance": BALANCED, "objective": DReG(DRAWS)},
    "EvenVAE hivae plain": {**PAPER, "balance": PLAIN, "model": "hivae"},
    f"EvenVAE hivae {BALANCED}": {**PAPER, "balance": BALANCED, "model": "hivae"},
    "EvenVAE default, reconstruct": {},
    "EvenVAE default, impute": {"purpose": "impute"},
    "EvenVAE default, sample": {"purpose": "sample"},
}
"""Options of EvenVAE; the batch is the same for all."""
PEERS: dict[str, Callable] = {
    "PyTorch eager plain": lambda peers: peers.plain(compiled=False),
    "PyTorch compiled plain": lambda peers: peers.plain(compiled=True),
    f"PyTorch eager {BALANCED}": lambda peers: peers.balanced(),
    f"PyTorch compiled {BALANCED}": lambda peers: peers.balanced_compiled(),
    **{
        f"torchjd {name}, {where}": lambda peers, name=name, everywhere=everywhere: peers.torchjd(name, everywhere)
        for name in ("UPGrad", "IMTLG", "PCGrad")
        for where, everywhere in (("shared feature", False), ("shared parameters", True))
    },
}


class Product(NamedTuple):
    """A product of a (rows, inputs) and an (inputs, outputs) matrix, and how often its size is multiplied in a step."""

    rows: int
    inputs: int
    outputs: int
    times: int = 3


class Speed(NamedTuple):
    """Of one core: floating-point operations a second in a product of matrices, bytes a second in a copy."""

    flops: float
    bytes: float


def floor(products: list[Product], parameters: int, speed: Speed) -> float:
    """Microseconds of a step that does nothing but multiply its matrices and move its numbers.

        2 * sum(times * rows * inputs * outputs) / flops  +  4 * (8 * parameters + 2 * sum(rows * outputs)) / bytes

    A layer is multiplied three times: forward, for the gradient of its weights and for that of its inputs. Adam reads a
    parameter, its gradient and its two moments and writes the parameter and the moments, and the gradient was written
    before: 8 numbers a parameter; what a layer gives is written and read once. Functions of single numbers, random
    numbers and the gather of the batch are left out.
    """
    flops = 2 * sum(p.times * p.rows * p.inputs * p.outputs for p in products)
    moved = 4 * (8 * parameters + 2 * sum(p.rows * p.outputs for p in products))
    return 1e6 * (flops / speed.flops + moved / speed.bytes)


def products_of(network, draws: int, *, balanced: bool, doubly: bool, batch: int = BATCH) -> list[Product]:
    """The products of one step of a network, for `floor`.

    The first layer has no gradient of its inputs, and looks levels up, one row of weights for every column. The layers
    after the latent see every draw; the doubly reparametrised gradient goes back through them twice. Balanced columns
    need the Gramian of their gradients at the shared features, once for every feature and gradient, whatever the
    balancer makes of it.
    """
    model = network.model
    found, first = [], lambda part: isinstance(part, CellInput)
    for part in jax.tree.leaves(model.encoder, is_leaf=first):
        for leaf in jax.tree.leaves(part):
            if leaf.ndim > 1 and leaf.size:
                inputs = leaf.shape[0] if leaf.ndim == 3 else leaf.shape[-2]
                found.append(Product(batch, inputs, leaf.shape[-1], 2 if first(part) else 3))
    rows, times = draws * batch, 4 if doubly else 3
    found += [Product(rows, *leaf.shape, times) for leaf in jax.tree.leaves(model.trunk) if leaf.ndim > 1]
    features = model.heads.layout.features
    for kernel in model.heads.kernels()[0]:
        found.append(Product(rows, *kernel.shape, times))
        if balanced:
            found.append(Product(features, rows * kernel.shape[0], features, 2 if doubly else 1))
    return found


def measured_speed(repeats: int = 15) -> Speed:
    """Of one core, medians: a product of two float32 matrices of 1024 x 1024, and a copy of 1 MiB.

    So small a copy stays in the cache, as the numbers of a step do.
    """
    size, count = 1024, 400
    a = np.asfortranarray(np.random.default_rng(0).normal(size=(size, size)).astype(np.float32))
    source, target = np.ones(1 << 18, np.float32), np.zeros(1 << 18, np.float32)

    def copies() -> None:
        for _ in range(count):
            np.copyto(target, source)

    with threadpool_limits(1):
        product, copy = (
            median(seconds(call) for _ in range(repeats)) for call in (lambda: blas.sgemm(1.0, a, a), copies)
        )
    return Speed(2 * size**3 / product, count * 2 * source.nbytes / copy)


def seconds(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


class Variant(NamedTuple):
    """A block of ``steps`` steps, and the floor of one of them."""

    block: Callable[[], object]
    steps: int
    floor: float


def ours(data, options: dict, steps: int, speed: Speed, batch: int = BATCH) -> Variant:
    """The program of `fit`, from the state that the last block left."""
    model = EvenVAE(**options, schema=data.schema, training=Training(batch_size=batch))
    wanted = Options.of(model.get_params(deep=False))
    encoded, weight, schema = read(wanted, data.table)
    started = begin(wanted, TableRows(encoded, schema, weight))
    block = block_of(started, steps)
    prepared, plan = started.runs, started.plan
    objective = plan.method.objective
    network = prepared.skeleton.network(prepared.runs.params[0])
    products = products_of(
        network,
        objective.samples,
        balanced=plan.balance != PLAIN,
        doubly=objective.doubly_reparametrised,
        batch=batch,
    )
    return Variant(block, steps, floor(products, prepared.runs.params.size, speed))


def block_of(started: Fit, steps: int) -> Callable[[], Run]:
    """A call does ``steps`` steps of all runs, from the state that the last call left, and gives the runs.

    The program is that of `fit`, with a validation of one row.
    """
    prepared, plan = started.runs, started.plan
    count, features = len(prepared.streams), len(started.rows.schema.features)
    mesh = mesh_of(count)
    one_row = Validation(np.zeros((1, 1), np.int32), np.ones((1, 1), np.float32), np.zeros((1, 1, features), bool))
    validation, table = spread(stack([one_row] * count), mesh), everywhere(prepared.data, mesh)
    settings = dataclasses.replace(plan.training, steps=0, steps_per_chunk=0, patience=None)
    held = {"runs": spread(prepared.runs, mesh), "done": 0}

    def block() -> Run:
        batches = spread(np.stack([stream.steps(held["done"], steps) for stream in prepared.streams]), mesh)
        with threadpool_limits(1, user_api="blas"):
            after, _ = run_chunks(
                held["runs"], batches, validation, table, prepared.skeleton, plan.method, plan.optimiser, settings, mesh
            )
            jax.block_until_ready(after.step)
        held.update(runs=after, done=held["done"] + steps)
        return after

    return block


def peers_of(data, threads: int, batch: int = BATCH, device: str = "cpu"):
    """PyTorch's steps on the same cells, on a device that PyTorch names so."""
    import torch

    from torch_peers import Peers

    if threads:
        torch.set_num_threads(threads)
    wanted = Options.of(EvenVAE(**PAPER, schema=data.schema).get_params(deep=False))
    encoded, weight, schema = read(wanted, data.table)
    started = begin(wanted, TableRows(encoded, schema, weight))
    layout, network = started.space.layout, started.plan.network
    x = np.zeros(encoded.values.shape, np.float32)
    cells = started.space.cells(encoded.values, encoded.observed)
    for block, part in zip(layout.blocks, cells, strict=True):
        x[:, list(block.columns)] = part
    families = [column.likelihood for column in schema.features]
    widths = [likelihood.width for likelihood in layout.likelihoods]
    observed = encoded.observed.astype(np.float32)
    return Peers(x, observed, families, widths, network.width, network.latent_size, batch, device)


def unavailable(name: str) -> str | None:
    """Why a peer cannot run here; None if it can."""
    needs = {"PyTorch": ["torch"], "torchjd": ["torch", "torchjd"]}.get(name.split()[0], [])
    needs = [*needs, "qpsolvers", "quadprog"] if "UPGrad" in name else needs
    missing = [package for package in needs if importlib.util.find_spec(package) is None]
    return f"{', '.join(missing)} not installed" if missing else None


def ratios(times: dict[str, list[float]]) -> dict[str, float]:
    """Medians over rounds of blocks: a peer's step over EvenVAE's that does as much; balanced over plain of EvenVAE."""
    found = {}
    for name in times:
        if name.startswith(("PyTorch", "torchjd")):
            pairs = [(name, "EvenVAE plain" if name.endswith("plain") else f"EvenVAE {BALANCED}")]
        else:
            pairs = [(name, name.replace(balance, "plain")) for balance in (BALANCED, GRADNORM)]
        for above, below in pairs:
            if above != below and below in times:
                both = zip(times[above], times[below], strict=True)
                found[f"{above} / {below}"] = round(median(a / b for a, b in both), 2)
    return found


ROWS = {
    "VAE": "EvenVAE", "IWAE, 20 samples": "EvenVAE iwae", "DReG, 20 samples": "EvenVAE dreg",
    "HI-VAE": "EvenVAE hivae", "the same VAE in eager PyTorch": "PyTorch eager",
    "the same VAE in compiled PyTorch": "PyTorch compiled",
}  # fmt: skip
"""What stands on the page, and the beginning of its names."""


def as_table(report: dict) -> str:
    """Milliseconds of a step, plain and balanced; of PyTorch also as a multiple of EvenVAE's."""
    body = []
    for title, name in ROWS.items():
        cells = []
        for balance in ("plain", BALANCED):
            over = report["ratios"].get(f"{name} {balance} / EvenVAE {balance}")
            cell = f"{report['steps'][f'{name} {balance}']['microseconds'] / 1000:.2f}"
            cells.append(cell + (f" ({over:.1f} times)" if over and name.startswith("PyTorch") else ""))
        body.append([title, *cells])
    return markdown(["milliseconds a step", "plain", f"`{BALANCED}`"], body)


def in_words(report: dict) -> str:
    """The steps of all models in a sentence."""
    times = {name: found["microseconds"] for name, found in report["steps"].items()}
    pair = lambda name: (times[f"EvenVAE{name} plain"], times[f"EvenVAE{name} {BALANCED}"])
    plain, balanced = pair("")
    iwae, dreg, hivae = ([time / 1000 for time in pair(f" {name}")] for name in ("iwae", "dreg", "hivae"))
    cores = report["machine"].split(", ")[1]
    over = [report["ratios"][f"PyTorch eager {name} / EvenVAE {name}"] for name in ("plain", BALANCED)]
    return (
        f"{plain:.0f} microseconds plain and {balanced:.0f} balanced on a machine of {cores} "
        f"({iwae[0]:.1f} and {iwae[1]:.1f} ms for IWAE with {DRAWS} samples, {dreg[0]:.1f} and {dreg[1]:.1f} for DReG, "
        f"{hivae[0]:.2f} and {hivae[1]:.2f} for HI-VAE); the same VAE in eager PyTorch takes {over[0]:.1f} and "
        f"{over[1]:.0f} times as long"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--blocks", type=int, default=9)
    parser.add_argument("--steps", type=int, default=200, help="of a block of EvenVAE; PyTorch's have a fifth")
    parser.add_argument("--torch-threads", type=int, default=0)
    parser.add_argument("--only", default="", help="variants whose names hold one of these texts, between semicolons")
    options = parser.parse_args()
    warnings.filterwarnings("ignore", category=FutureWarning)
    # programs that another run has compiled would hide what compiling takes
    folder = tempfile.TemporaryDirectory()
    os.environ["TORCHINDUCTOR_CACHE_DIR"] = folder.name
    chosen = lambda name: any(text in name for text in options.only.split(";"))
    data, speed = datasets.load("adult"), measured_speed()
    variants = {n: ours(data, case, options.steps, speed) for n, case in CASES.items() if chosen(n)}
    floors = {balance: ours(data, CASES[f"EvenVAE {balance}"], 1, speed).floor for balance in ("plain", BALANCED)}
    peers, count, skipped = None, max(1, options.steps // 5), {}
    for name, make in PEERS.items():
        if not chosen(name):
            continue
        reason = unavailable(name)
        if reason:
            print(f"{name} is left out: {reason}; pip install '.[benchmark]' brings it", flush=True)
            skipped[name] = reason
            continue
        peers = peers or peers_of(data, options.torch_threads)
        step = make(peers)

        def block(step=step) -> None:
            for _ in range(count):
                step()

        variants[name] = Variant(block, count, floors["plain" if name.endswith("plain") else BALANCED])
    first, times = {}, {name: [] for name in variants}
    for name, variant in variants.items():
        first[name] = round(seconds(variant.block), 2)
        print(f"{name}: {first[name]} s for the first block", flush=True)
    for _ in range(options.blocks):
        for name, variant in variants.items():
            times[name].append(seconds(variant.block) / variant.steps * 1e6)
    middle = {name: median(values) for name, values in times.items()}
    report = {
        "ratios": ratios(times),
        "steps": {
            name: {
                "microseconds": round(middle[name], 1),
                "floor": round(variant.floor, 1),
                "ratio": round(middle[name] / variant.floor, 2),
                "fastest and slowest block": [round(min(times[name]), 1), round(max(times[name]), 1)],
                "seconds of the first block, with compilation": first[name],
            }
            for name, variant in variants.items()
        },
        "left out": skipped,
        "one core": {"GFLOP a second": round(speed.flops / 1e9, 1), "GB a second": round(speed.bytes / 1e9, 1)},
        "shape": {"columns": len(data.schema.features), "batch": BATCH, "draws of iwae and dreg": DRAWS},
        "blocks": options.blocks,
        **({"threads of PyTorch": peers.threads} if peers else {}),
        **provenance("jax", *(["torch"] if peers else []), *(["torchjd"] if any("jd" in n for n in variants) else [])),
    }
    options.out.write_text(json.dumps(report, indent=1) + "\n")
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
