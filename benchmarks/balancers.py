"""Time and memory of a balanced step over the plain step, for every balancer, by number of tasks.

    pip install '.[benchmark]' torchjd cvxpy clarabel
    python benchmarks/balancers.py benchmarks/results/balancers.json

The step is that of a VAE: encoder (D -> 50 -> 50 -> 50, tanh), a sample of D / 2 latents for each of K draws, trunk
(50 -> 50 -> 50, relu), linear heads with 1, 2 or 5 outputs a task (Bernoulli, normal, categorical), Adam; batch 128,
float32. The plain step is ``jax.value_and_grad`` of the summed loss of the same model. Steps are compiled in scans
that hand parameters on. Every block of a method follows a block of the plain step, and the figure is the median of
the ratios of such pairs, so that whatever else the machine does meets both.

Beside them: D backward passes to all shared parameters (``jax.jacrev``, then IMTL-G on the rows); heads given as a
callable, whose rows at the shared feature are formed; and, where torch and torchjd import, TorchJD's
``mtl_backward`` on the same shapes in eager PyTorch, over that library's own plain step.
"""

import argparse
import functools
import importlib
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from evenvae import balancing
from provenance import provenance

HIDDEN, BATCH = 50, 128
NAMES = (*balancing.METHODS, "imtl-g+pcgrad")
WITHOUT_GRAM = ("graddrop",)
"""What decides element by element."""
SLOWEST = 3.0
"""Seconds a step may take before it is skipped."""
MOST_MEMORY = 6.0
"""GiB a compiled step may ask for before it is skipped."""
ALL_ROWS_UP_TO = 100
"""Most tasks for which rows are formed for all shared parameters, and for which PyTorch runs."""
FEWEST, PATIENCE = 5, 5.0
"""Least pairs of blocks, and the seconds after which no more are asked for."""
THREADS = 1
"""Threads of PyTorch."""


class Tasks(NamedTuple):
    """How many tasks of each kind, in the order of their outputs."""

    normal: int
    bernoulli: int
    categorical: int

    @property
    def total(self) -> int:
        return sum(self)

    @property
    def widths(self) -> list[int]:
        return [2] * self.normal + [1] * self.bernoulli + [5] * self.categorical


def tasks_of(number: int) -> Tasks:
    """Half normal, a third binary, a sixth with five levels."""
    return Tasks(number - number // 3 - number // 6, number // 3, number // 6)


class Batch(NamedTuple):
    x: jax.Array
    key: jax.Array


def losses_of(tasks: Tasks, outputs, x):
    """Mean negative log-likelihood of every task; ``outputs`` (K, B, P), ``x`` (B, D)."""
    n, b, _ = tasks
    real, binary, levels = outputs[..., : 2 * n], outputs[..., 2 * n : 2 * n + b], outputs[..., 2 * n + b :]
    mean, raw = real[..., ::2], real[..., 1::2]
    precision = jax.nn.softplus(raw) + 1e-3
    normal = 0.5 * precision * (x[:, :n] - mean) ** 2 - 0.5 * jnp.log(precision)
    bernoulli = jax.nn.softplus(binary) - x[:, n : n + b] * binary
    logits = jax.nn.log_softmax(levels.reshape(*levels.shape[:-1], -1, 5))
    chosen = x[:, n + b :].astype(jnp.int32)[..., None]
    categorical = -jnp.take_along_axis(logits, jnp.broadcast_to(chosen, (*logits.shape[:-1], 1)), -1)[..., 0]
    return jnp.concatenate([part.mean((0, 1)) for part in (normal, bernoulli, categorical)])


def data_of(tasks: Tasks, rows: int) -> np.ndarray:
    """Columns that share a few hidden causes; numbers of very different strength."""
    rng = np.random.default_rng(0)
    causes = rng.normal(size=(rows, 5))
    signal = causes @ rng.normal(size=(5, tasks.total)) + rng.normal(size=(rows, tasks.total))
    n, b, _ = tasks
    signal[:, :n] *= 10 ** rng.uniform(-1, 1, n)
    signal[:, n : n + b] = signal[:, n : n + b] > 0
    signal[:, n + b :] = np.clip(np.round(signal[:, n + b :] + 2), 0, 4)
    return signal.astype(np.float32)


def latents_of(tasks: Tasks) -> int:
    return tasks.total // 2


def init(tasks: Tasks):
    """Parameters of (encoder and trunk, heads)."""
    d, z, h = tasks.total, latents_of(tasks), HIDDEN
    sizes = [(d, h), (h, h), (h, h), (h, 2 * z), (z, h), (h, h), (h, h), (h, sum(tasks.widths))]
    keys = jax.random.split(jax.random.key(0), len(sizes))
    make = jax.nn.initializers.glorot_normal()
    layers = [(make(k, size), jnp.zeros(size[1])) for k, size in zip(keys, sizes, strict=True)]
    return layers[:-1], balancing.LinearParameters(*layers[-1])


def trunk_of(samples: int) -> Callable:
    """From a batch to the last shared feature (K, B, h)."""

    def trunk(layers, batch):
        y = batch.x
        for w, b in layers[:3]:
            y = jnp.tanh(y @ w + b)
        w, b = layers[3]
        mean, raw = jnp.split(y @ w + b, 2, -1)
        y = mean + jax.nn.softplus(raw) * jax.random.normal(batch.key, (samples, *mean.shape))
        for w, b in layers[4:]:
            y = jax.nn.relu(y @ w + b)
        return y

    return trunk


def heads_of(tasks: Tasks) -> balancing.LinearHeads:
    task_of_output = tuple(int(d) for d in np.repeat(np.arange(tasks.total), tasks.widths))
    return balancing.LinearHeads(task_of_output, lambda outputs, batch: losses_of(tasks, outputs, batch.x))


def callable_heads(tasks: Tasks) -> Callable:
    """The same heads for any function of the shared feature: a row is formed for each."""
    return lambda p, y, batch: losses_of(tasks, y @ p.kernel + p.bias, batch.x)


def total_loss(tasks: Tasks, samples: int) -> Callable:
    trunk, heads = trunk_of(samples), callable_heads(tasks)
    return lambda params, batch: heads(params[1], trunk(params[0], batch), batch).sum()


def all_losses(tasks: Tasks, samples: int) -> Callable:
    trunk, heads = trunk_of(samples), callable_heads(tasks)
    return lambda params, batch: heads(params[1], trunk(params[0], batch), batch)


OPTIMISER = optax.adam(1e-3)


class Carry(NamedTuple):
    params: Any
    optimiser: Any
    state: Any
    key: jax.Array


def apply(params, optimiser, gradients):
    updates, optimiser = OPTIMISER.update(gradients, optimiser, params)
    return optax.apply_updates(params, updates), optimiser


def plain_step(tasks: Tasks, samples: int) -> Callable:
    value_and_grad = jax.value_and_grad(total_loss(tasks, samples))

    def step(carry: Carry, x):
        key, noise = jax.random.split(carry.key)
        loss, gradients = value_and_grad(carry.params, Batch(x, noise))
        params, optimiser = apply(carry.params, carry.optimiser, gradients)
        return Carry(params, optimiser, (), key), loss

    return step


def balanced_step(tasks: Tasks, samples: int, balancer, heads=None) -> Callable:
    """With `balanced_value_and_grad`; a balancer that looks back is told the losses after the step."""
    balanced = balancing.balanced_value_and_grad(trunk_of(samples), heads or heads_of(tasks), balancer)
    losses_after = all_losses(tasks, samples)

    def step(carry: Carry, x):
        key, noise, own = jax.random.split(carry.key, 3)
        batch = Batch(x, noise)
        found = balanced(carry.params, carry.state, batch, key=own)
        params, optimiser = apply(carry.params, carry.optimiser, found.gradients)
        state = found.state
        if balancer.needs_losses_after_step:
            state = balancer.update_after_step(state, losses_after(params, batch))
        return Carry(params, optimiser, state, key), found.losses.sum()

    return step


def naive_step(tasks: Tasks, samples: int, balancer) -> Callable:
    """One backward pass a task to all shared parameters, and the balancer on those rows."""
    losses = all_losses(tasks, samples)

    def step(carry: Carry, x):
        key, noise = jax.random.split(carry.key)
        value, vjp = jax.vjp(lambda p: losses(p, Batch(x, noise)), carry.params)
        shared, heads = jax.vmap(lambda one: vjp(one)[0])(jnp.eye(tasks.total))
        rows = jnp.concatenate([leaf.reshape(tasks.total, -1) for leaf in jax.tree.leaves(shared)], 1)
        mixed, state = balancer.update(rows, carry.state)
        _, unravel = jax.flatten_util.ravel_pytree(carry.params[0])
        gradients = unravel(mixed), jax.tree.map(lambda a: a.sum(0), heads)
        params, optimiser = apply(carry.params, carry.optimiser, gradients)
        return Carry(params, optimiser, state, key), value.sum()

    return step


def start(tasks: Tasks, balancer=None) -> Carry:
    params = init(tasks)
    state = () if balancer is None else balancer.init(tasks.total)
    return Carry(params, OPTIMISER.init(params), state, jax.random.key(1))


def compiled_scan(step: Callable, carry: Carry, xs):
    return jax.jit(lambda c, x: jax.lax.scan(step, c, x)).lower(carry, xs).compile()


def gib(compiled) -> float:
    return compiled.memory_analysis().temp_size_in_bytes / 2**30


class TooDear(Exception):
    """A variant that would ask for too much memory or time."""


class Variant:
    """A step, compiled and warm; a call runs a block and gives seconds a step."""

    def __init__(self, step: Callable, carry: Carry, xs):
        self.run, self.carry, self.xs = compiled_scan(step, carry, xs), carry, xs
        if (size := gib(self.run)) > MOST_MEMORY:
            raise TooDear(f"the compiled step asks for {size:.1f} GiB")
        if (once := self()) > SLOWEST:
            raise TooDear(f"a step takes {once:.1f} s")
        self()

    def __call__(self) -> float:
        began = time.perf_counter()
        self.carry, loss = jax.block_until_ready(self.run(self.carry, self.xs))
        seconds = (time.perf_counter() - began) / len(self.xs)
        if not np.isfinite(np.asarray(loss)).all():
            raise FloatingPointError("the loss is not finite")
        return seconds


def described(reason: Exception) -> str:
    return f"{type(reason).__name__}: {reason}".splitlines()[0]


def blocks(run: Callable[[], float], calls: int) -> float:
    return sum(run() for _ in range(calls)) / calls


class Time(NamedTuple):
    """Median ratio of pairs of blocks, ratio of the fastest blocks, and median microseconds a step."""

    ratio: float
    fastest: float
    micro: float


def compared(plain: Callable[[], float], other: Callable[[], float], rounds: int, calls: int) -> Time:
    """Blocks of the two in turn: ``rounds`` of them, but no more than `FEWEST` once `PATIENCE` seconds are over."""
    pairs: list[tuple[float, float]] = []
    began = time.perf_counter()
    while len(pairs) < rounds and (len(pairs) < FEWEST or time.perf_counter() - began < PATIENCE):
        pairs.append((blocks(plain, calls), blocks(other, calls)))
    base, own = zip(*pairs, strict=True)
    return Time(round(median(b / a for a, b in pairs), 2), round(min(own) / min(base), 2), round(median(own) * 1e6, 1))


def jax_variants(tasks: Tasks, samples: int) -> dict[str, Callable[[], tuple[Callable, Any]]]:
    """Step and balancer of every variant, by name; made when asked for."""
    imtl_g = balancing.norm_match(balancing.imtl_g())

    def named(name: str):
        balancer = balancing.norm_match(balancing.parse(name))
        return balanced_step(tasks, samples, balancer), balancer

    found: dict[str, Callable] = {name: functools.partial(named, name) for name in NAMES}
    if tasks.total <= ALL_ROWS_UP_TO:
        rows = lambda: (balanced_step(tasks, samples, imtl_g, callable_heads(tasks)), imtl_g)
        found["imtl-g, heads a callable"] = rows
        found["imtl-g, D backward passes"] = lambda: (naive_step(tasks, samples, imtl_g), imtl_g)
    return found


def measure_jax(tasks: Tasks, samples: int, steps: int, rounds: int, methods: list[str]) -> tuple[dict, dict]:
    """Ratios and microseconds of one size, and what was skipped; of ``methods`` alone if there are any."""
    xs = jnp.asarray(data_of(tasks, steps * BATCH).reshape(steps, BATCH, -1))
    plain = Variant(plain_step(tasks, samples), start(tasks), xs)
    calls = max(1, round(0.03 / (median(plain() for _ in range(5)) * steps)))
    times, skipped = {"plain": compared(plain, plain, rounds, calls)}, {}
    for name, make in jax_variants(tasks, samples).items():
        if methods and name not in methods:
            continue
        try:
            step, balancer = make()
            times[name] = compared(plain, Variant(step, start(tasks, balancer), xs), rounds, calls)
        except TooDear as reason:
            skipped[name] = str(reason)
        except (TypeError, FloatingPointError) as reason:
            skipped[name] = described(reason)
        print(tasks.total, samples, name, times.get(name, skipped.get(name)), flush=True)
        jax.clear_caches()
    return times, skipped


class Torch:
    """The same model in eager PyTorch, a head a task, and TorchJD's step on it."""

    def __init__(self, tasks: Tasks, samples: int):
        import torch

        # threads of PyTorch that wait for each other stall where other work holds a core
        torch.set_num_threads(THREADS)
        self.torch, self.tasks, self.samples = torch, tasks, samples
        nn, h, d, z = torch.nn, HIDDEN, tasks.total, latents_of(tasks)
        self.encoder = nn.Sequential(
            nn.Linear(d, h), nn.Tanh(), nn.Linear(h, h), nn.Tanh(), nn.Linear(h, h), nn.Tanh(), nn.Linear(h, 2 * z)
        )
        self.trunk = nn.Sequential(
            nn.Linear(z, h), nn.ReLU(), nn.Linear(h, h), nn.ReLU(), nn.Linear(h, h), nn.ReLU()
        )  # fmt: skip
        self.heads = [nn.Linear(h, width) for width in tasks.widths]
        self.shared = [*self.encoder.parameters(), *self.trunk.parameters()]
        own = [p for head in self.heads for p in head.parameters()]
        self.optimiser = torch.optim.Adam([*self.shared, *own], 1e-3)
        self.x = torch.tensor(data_of(tasks, BATCH))

    def losses(self):
        """The shared feature, and every task's loss on it."""
        functional = self.torch.nn.functional
        mean, raw = self.encoder(self.x).chunk(2, -1)
        noise = self.torch.randn(self.samples, *mean.shape)
        y = self.trunk(mean + functional.softplus(raw) * noise)
        found = []
        for d, (head, width) in enumerate(zip(self.heads, self.tasks.widths, strict=True)):
            out, x = head(y), self.x[:, d].expand(self.samples, -1)
            if width == 2:
                precision = functional.softplus(out[..., 1]) + 1e-3
                found.append((0.5 * precision * (x - out[..., 0]) ** 2 - 0.5 * precision.log()).mean())
            elif width == 1:
                found.append(functional.binary_cross_entropy_with_logits(out[..., 0], x))
            else:
                found.append(functional.cross_entropy(out.flatten(0, 1), x.flatten().long()))
        return y, found

    def step(self, aggregator=None) -> float:
        """Seconds of one step; without an aggregator the plain one."""
        began = time.perf_counter()
        self.optimiser.zero_grad()
        y, losses = self.losses()
        if aggregator is None:
            sum(losses).backward()
        else:
            autojac = importlib.import_module("torchjd.autojac")
            autojac.mtl_backward(losses, features=y)
            autojac.jac_to_grad(self.shared, aggregator)
        self.optimiser.step()
        return time.perf_counter() - began


def aggregators() -> dict[str, Callable]:
    """TorchJD's methods with its defaults."""
    package = importlib.import_module("torchjd.aggregation")
    return {
        "IMTLG": package.IMTLG,
        "MGDA": package.MGDA,
        "UPGrad": package.UPGrad,
        "PCGrad": package.PCGrad,
        "CAGrad": lambda: package.CAGrad(c=0.4),
    }


def measure_torch(tasks: Tasks, samples: int, rounds: int, limit: float) -> tuple[dict, dict]:
    """As `measure_jax`, for PyTorch; a method that would take longer than ``limit`` seconds is skipped."""
    plain = Torch(tasks, samples)
    plain.step()
    steps = max(1, round(0.05 / median(plain.step() for _ in range(5))))
    found, skipped = {"plain": compared(plain.step, plain.step, rounds, steps)}, {}
    for name, make in aggregators().items():
        try:
            model, aggregator = Torch(tasks, samples), make()
            step = functools.partial(model.step, aggregator)
            step()
            once = step()
            calls = max(1, min(steps, int(PATIENCE / FEWEST / once)))
            if once * FEWEST > limit:
                skipped[name] = f"a step takes {once:.1f} s"
            else:
                found[name] = compared(plain.step, step, rounds, calls)
        except Exception as reason:  # an optional solver is missing or gives up
            skipped[name] = described(reason)
        print(tasks.total, samples, "torchjd", name, found.get(name, skipped.get(name)), flush=True)
    return found, skipped


def memory(tasks: Tasks, samples: int) -> dict[str, float]:
    """MiB a compiled step asks for beyond its arguments and results; nothing is run."""
    matched = lambda name: balancing.norm_match(balancing.parse(name))
    found = {
        "plain": (plain_step(tasks, samples), None),
        "imtl-g, linear heads": (balanced_step(tasks, samples, matched("imtl-g")), matched("imtl-g")),
        "graddrop, linear heads": (balanced_step(tasks, samples, matched("graddrop")), matched("graddrop")),
        "imtl-g, heads a callable (rows)": (
            balanced_step(tasks, samples, matched("imtl-g"), callable_heads(tasks)),
            matched("imtl-g"),
        ),
    }
    x = jnp.asarray(data_of(tasks, BATCH))
    size = lambda step, balancer: jax.jit(step).lower(start(tasks, balancer), x).compile()
    return {name: round(gib(size(*variant)) * 1024, 1) for name, variant in found.items()}


def has_torch() -> bool:
    try:
        importlib.import_module("torchjd")
    except ImportError:
        return False
    return True


def split(times: dict[str, Time]) -> dict[str, dict]:
    """The three figures apart."""
    return {
        "ratio to plain": {name: time.ratio for name, time in times.items()},
        "ratio of the fastest blocks": {name: time.fastest for name, time in times.items()},
        "microseconds a step": {name: time.micro for name, time in times.items()},
    }


def write(out: Path, held: dict, quick: bool, part: bool) -> None:
    """``held`` with what made it; a part that was measured anew says so beside the rest's."""
    made = {
        "threads": f"JAX {len(os.sched_getaffinity(0))}, PyTorch {THREADS}",
        **provenance("jax", "jaxlib", "optax", *(["torch", "torchjd"] if has_torch() else [])),
    }
    if part:
        others = [other for other in held.get("measured anew", []) if other["command"] != made["command"]]
        report = held | {"measured anew": [*others, made]}
    else:
        report = held | {
            "what": "median over pairs of blocks of (balanced step / plain step)",
            "shape": {"h": HIDDEN, "B": BATCH, "P": {d: sum(tasks_of(d).widths) for d in sizes_asked(quick)}},
            **made,
        }
    out.write_text(json.dumps(report, indent=1) + "\n")


def as_table(report: dict) -> str:
    """The ratios in Markdown, a row a method."""
    sizes = report["sizes"]
    titles = {"EvenVAE": "", "PyTorch, TorchJD": "TorchJD "}
    named = {
        size: {titles[kind] + n: r for kind, times in found.items() for n, r in times["ratio to plain"].items()}
        for size, found in sizes.items()
    }
    names = list(dict.fromkeys(name for found in named.values() for name in found))
    lines = ["| method | " + " | ".join(sizes) + " |", "| --- |" + " --- |" * len(sizes)]
    for name in names:
        found = [own.get(name) for own in named.values()]
        lines.append(f"| {name} | " + " | ".join("-" if f is None else f"{f:.2f}" for f in found) + " |")
    return "\n".join(lines)


def memory_of(report: dict, step: str) -> float:
    """MiB that a compiled step asks for, at the largest size."""
    (by_step,) = report["memory, MiB a compiled step"].values()
    return by_step[step]


def sizes_asked(quick: bool) -> tuple[int, ...]:
    return (12, 24) if quick else (12, 24, 100, 500)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--quick", action="store_true", help="a smoke run: 12 and 24 tasks, one draw")
    parser.add_argument("--table", action="store_true", help="print what OUT holds as a table, measure nothing")
    parser.add_argument("--only", choices=("jax", "torch"), help="measure one part of what OUT holds anew")
    parser.add_argument(
        "--methods", type=lambda names: names.split(","), default=[], metavar="A,B", help="with --only jax: these alone"
    )
    options = parser.parse_args()
    if options.methods and options.only != "jax":
        parser.error("--methods goes with --only jax")
    if options.table:
        print(as_table(json.loads(options.out.read_text())))
        return
    parts = ("jax", "torch") if has_torch() else ("jax",)
    held = json.loads(options.out.read_text()) if options.only else {"sizes": {}}
    if not options.only:
        largest, most = sizes_asked(options.quick)[-1], 1 if options.quick else 20
        held["memory, MiB a compiled step"] = {f"D={largest}, K={most}": memory(tasks_of(largest), most)}
        print(held["memory, MiB a compiled step"], flush=True)
    for number in sizes_asked(options.quick):
        for samples in (1,) if options.quick else (1, 20):
            entry = held["sizes"].setdefault(f"D={number}, K={samples}", {})
            for part in (options.only,) if options.only else parts:
                if part == "torch" and number > ALL_ROWS_UP_TO:
                    continue
                title, measure = PARTS[part]
                times, skipped = measure(number, samples, options.quick, options.methods)
                found = split(times) | {"skipped": skipped}
                if options.methods:
                    anew = lambda values: {name: values[name] for name in options.methods if name in values}
                    found = {figure: entry[title][figure] | anew(values) for figure, values in found.items()}
                entry[title] = found
                write(options.out, held, options.quick, part=bool(options.only))


def jax_part(number: int, samples: int, quick: bool, methods: list[str]) -> tuple[dict[str, Time], dict[str, str]]:
    # the largest sizes take seconds a block: fewer steps, fewer pairs
    steps, rounds = (2, 2) if quick else (20, 15) if number * samples < 2000 else (5, 7)
    return measure_jax(tasks_of(number), samples, steps, rounds, methods)


def torch_part(number: int, samples: int, quick: bool, methods: list[str]) -> tuple[dict[str, Time], dict[str, str]]:
    del methods
    return measure_torch(tasks_of(number), samples, 5 if quick else 7, 60)


PARTS = {"jax": ("EvenVAE", jax_part), "torch": ("PyTorch, TorchJD", torch_part)}


if __name__ == "__main__":
    main()
