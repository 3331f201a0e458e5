"""How long a new process takes to its first answer: the command's help, the import, a fit's first chunk, a question.

    EVENVAE_DATA=... python benchmarks/first_answer.py benchmarks/results/first_answer.json --before OLD/src

Every figure is a process of its own on adult, with an empty folder for compiled programs (``cold``) and then with the
folder that this process left (``warm``; JAX keeps every program there, however soon it was compiled). With ``--before``
the code of another checkout takes turns with this one. Medians over rounds; the figures to
read are the ratios of this code to the other within a round.

* ``wall`` and ``CPU``: seconds since the process began, imports and reading the table included;
* ``wall of the call`` and ``CPU of the call``: of `fit` up to its first chunk, or of the question alone;
* ``programs`` and ``compiling``: how many programs XLA was asked for until then, and the seconds that they took; the
  warm ones are read from the folder;
* ``again``: the same question asked five times more, their median, and its rows a second.

Models that are asked have learned for one epoch; every question is put to a saved model. The command is measured on a
table of 500 rows and 5 columns. ``--fusions`` counts what the compiled chunk of steps consists of.
"""

import argparse
import contextlib
import json
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

FITS: dict[str, dict] = {
    "paper, plain": {"preset": "paper", "balance": "none"},
    "paper, gradnorm+pcgrad": {"preset": "paper", "balance": "gradnorm+pcgrad"},
    "default, reconstruct": {},
    "default, impute": {"purpose": "impute"},
    "default, sample": {"purpose": "sample"},
}
ROWS, DRAWN, HIDDEN, REPEATS = 5000, 26048, 0.2, 5
QUESTIONS: dict[str, tuple[str, int, Callable]] = {
    "sample": ("default, sample", DRAWN, lambda model, _: model.sample(DRAWN, random_state=0)),
    "sample from the prior": ("default, reconstruct", DRAWN, lambda model, _: model.sample(DRAWN, random_state=0)),
    "impute": ("default, impute", ROWS, lambda model, rows: model.impute(with_holes(rows))),
    "transform": ("default, reconstruct", ROWS, lambda model, rows: model.transform(rows)),
    "reconstruct": ("default, reconstruct", ROWS, lambda model, rows: model.reconstruct(rows)),
    "score_samples": ("default, reconstruct", ROWS, lambda model, rows: model.score_samples(rows, samples=100)),
}
"""Which model is asked, how many rows it answers for, and the question."""
PROGRAMS = "JAX_COMPILATION_CACHE_DIR"
KEEP_ALL = {"JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0", "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1"}
STATEMENTS = ("pass", "import evenvae", "from evenvae import EvenVAE")
COMMANDS = {
    "evenvae --help": ["--help"],
    "evenvae fit, 500 rows": ["fit", "small.csv", "-o", "small.evenvae", "--epochs", "1", "--quiet"],
    "evenvae sample, 1000 rows": ["sample", "small.evenvae", "-n", "1000", "-o", "drawn.csv", "--seed", "0"],
}
"""What is typed, in this order: the third one asks the model that the second one writes."""
SELF = Path(__file__).resolve()


# In the process that is measured


class Enough(Exception):
    """What was to be measured is over."""


class Clock:
    """Seconds and compiled programs of this process, which ``began`` then by the clock of the machine."""

    def __init__(self, began: float):
        self.began, self.programs, self.compiling = began, 0, 0.0

    def listen(self) -> None:
        """Count what is compiled from now on."""
        from jax import monitoring

        def heard(event: str, seconds: float, **_: Any) -> None:
            if "backend_compile" in event:
                self.programs += 1
                self.compiling += seconds

        monitoring.register_event_duration_secs_listener(heard)

    def read(self) -> dict[str, float]:
        """Everything until now."""
        seconds = {"wall": time.time() - self.began, "CPU": time.process_time()}
        return {**seconds, "programs": self.programs, "compiling": self.compiling}


def of_call(before: dict[str, float], after: dict[str, float]) -> dict[str, float]:
    return {f"{name} of the call": after[name] - before[name] for name in ("wall", "CPU")}


def first_chunk(clock: Clock, name: str) -> dict[str, float]:
    clock.listen()
    from evenvae import EvenVAE, datasets

    data = datasets.load("adult")
    model = EvenVAE(**FITS[name], schema=data.schema)
    before, after = clock.read(), {}

    def stop(_: Any) -> None:
        after.update(clock.read())
        raise Enough

    with contextlib.suppress(Enough):
        model.fit(data.table, callbacks=(stop,))
    return {**after, **of_call(before, after)}


def question(clock: Clock, name: str) -> dict[str, float]:
    clock.listen()
    import evenvae

    fitted, count, ask = QUESTIONS[name]
    model, rows = evenvae.load(f"{fitted}.evenvae"), evenvae.datasets.load("adult").table.head(ROWS)
    before = clock.read()
    ask(model, rows)
    first, repeats = clock.read(), []
    for _ in range(REPEATS):
        start = clock.read()
        ask(model, rows)
        repeats.append({key: value - start[key] for key, value in clock.read().items() if key != "compiling"})
    again = {f"{key}, again": statistics.median(one[key] for one in repeats) for key in repeats[0]}
    return {**first, **of_call(before, first), **again, "rows a second, again": count / again["wall, again"]}


def with_holes(rows: Any) -> Any:
    import numpy as np

    return rows.mask(np.random.default_rng(0).random(rows.shape) < HIDDEN)


def make_what_is_asked() -> None:
    """The models, and the table of the command, in the folder of this process."""
    from evenvae import EvenVAE, datasets

    data = datasets.load("adult")
    for name in {fitted for fitted, _, _ in QUESTIONS.values()}:
        EvenVAE(**FITS[name], schema=data.schema, epochs=1).fit(data.table).save(f"{name}.evenvae")
    data.table.iloc[:500, :5].to_csv("small.csv", index=False)


def fusions(name: str) -> dict[str, int]:
    """Fusions of the compiled chunk of a fit, in its steps, in its validation, and outside of both."""
    from evenvae import EvenVAE, datasets
    from evenvae.training import loop

    data, run_chunks, given = datasets.load("adult"), loop.run_chunks, []

    def catch(*arguments: Any) -> None:
        given.extend(arguments)
        raise Enough

    loop.run_chunks = catch
    with contextlib.suppress(Enough):
        EvenVAE(**FITS[name], schema=data.schema).fit(data.table)
    _, batches, validation, *_ = given
    loops = {"steps": batches.shape[1], "validation": validation.rows.shape[1]}
    return fusions_by_loop(run_chunks.lower(*given).compile().compiled.as_text(), loops)


def fusions_by_loop(text: str, loops: dict[str, int]) -> dict[str, int]:
    """Fusions of a compiled program, by the outermost loop that they are run in.

    Args:
        text: of the program, computation by computation.
        loops: the loops that are told apart, each by the number of its rounds, which must differ.
    """
    computations: dict[str, list[str]] = {}
    for line in text.splitlines():
        begins = re.match(r"(?:ENTRY )?%([\w.-]+) .*\{$", line)
        if begins:
            lines = computations.setdefault(begins[1], [])
        elif computations:
            lines.append(line)
    called = lambda line: re.findall(r"(?:body|condition|calls|to_apply)=%([\w.-]+)", line)
    place: dict[str, str] = {}

    def assign(name: str, loop: str) -> None:
        place[name] = loop
        for line in computations[name]:
            for inner in called(line):
                assign(inner, loop)

    for loop, rounds in loops.items():
        outer = [line for name, lines in computations.items() if name not in place for line in lines]
        for line in outer:
            if " while(" in line and re.search(rf'"known_trip_count":\{{"n":"{rounds}"\}}', line):
                for inner in called(line):
                    assign(inner, loop)
    counts = dict.fromkeys((*loops, "outside"), 0)
    for name, lines in computations.items():
        counts[place.get(name, "outside")] += sum(" fusion(" in line for line in lines)
    if not all(counts.values()):
        raise SystemExit(f"a part of the program was not found among its loops: {counts}")
    return counts


def child(what: str, name: str, began: float) -> None:
    """Print the figures of one process."""
    if what == "make":
        make_what_is_asked()
        return
    clock = Clock(began)
    measures = {
        "first chunk": lambda: first_chunk(clock, name),
        "question": lambda: question(clock, name),
        "fusions": lambda: fusions(name),
    }
    print(json.dumps(measures[what]()))


# In the process that measures


class Code:
    """A checkout of evenvae, and a folder with what it is asked with."""

    def __init__(self, name: str, source: Path, folder: Path):
        self.name, self.folder = name, folder / name
        self.folder.mkdir()
        self.environment = {**os.environ, **KEEP_ALL, "PYTHONPATH": str(source.resolve())}
        if "EVENVAE_DATA" in os.environ:
            # the measured processes run in another folder
            self.environment["EVENVAE_DATA"] = str(Path(os.environ["EVENVAE_DATA"]).resolve())
        self.run("make", "", None)

    def run(self, what: str, name: str, programs: str | None) -> dict[str, float]:
        """The figures of a process of its own, which keeps its compiled programs in ``programs``."""
        given = {"JAX_ENABLE_COMPILATION_CACHE": "false"} if programs is None else {PROGRAMS: programs}
        before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.time()
        commands = {"statement": ["-c", name], "command": ["-m", "evenvae", *COMMANDS.get(name, [])]}
        arguments = commands.get(what, [str(SELF), "-", "--child", what, name, str(began)])
        done = subprocess.run(
            [sys.executable, *arguments],
            env={**self.environment, **given},
            cwd=self.folder,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        wall, after = time.time() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
        if what in commands:
            return {"wall": wall, "CPU": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime}
        return json.loads(done.stdout.splitlines()[-1]) if done.stdout else {}


def figures(only: str) -> list[tuple[str, str]]:
    """What is measured, in order."""
    wanted = [
        *(("statement", one) for one in STATEMENTS),
        *(("command", name) for name in COMMANDS),
        *(("first chunk", name) for name in FITS),
        *(("question", name) for name in QUESTIONS),
    ]
    return [one for one in wanted if any(text in ": ".join(one) for text in only.split(";"))]


def measured(code: Code, what: str, name: str) -> dict[str, dict[str, float]]:
    """By the state of the folder of compiled programs; what compiles none has only one."""
    if what == "statement" or name.endswith("--help"):
        return {"cold": code.run(what, name, None)}
    with tempfile.TemporaryDirectory() as programs:
        return {state: code.run(what, name, programs) for state in ("cold", "warm")}


def summary(runs: dict[str, list[dict[str, float]]]) -> dict[str, dict[str, float]]:
    """Medians over rounds of every figure by code, and of the ratio within a round."""
    found = {}
    for key in runs["now"][0]:
        of_code = {name: [run[key] for run in rounds] for name, rounds in runs.items()}
        found[key] = {
            name: round(statistics.median(values), 0 if "rows" in key else 3) for name, values in of_code.items()
        }
        pairs = list(zip(of_code["now"], of_code.get("before", []), strict=False))
        if pairs and all(before for _, before in pairs):
            found[key]["ratio"] = round(statistics.median(now / before for now, before in pairs), 3)
    return found


WHAT = {
    "statement": "`{}`",
    "command": "the command's `{}",
    "first chunk": "a new process: table read, the first steps of a fit done ({})",
    "question": "a new process: model loaded, `{}` answered",
}


def as_table(report: dict) -> str:
    """Seconds on the clock since a process began: with nothing compiled before, and with what another has compiled."""
    rows = ["| | nothing compiled before | compiled by a process before |", "| --- | --- | --- |"]
    for key, found in report["figures"].items():
        what, name = key.split(": ", 1)
        if name == "pass":
            continue
        if what == "command":
            word, _, rows_of = name.removeprefix("evenvae ").partition(", ")
            name = f"{word}` of {rows_of}" if rows_of else f"{word}`"
        seconds = [found[state]["wall"]["now"] if state in found else None for state in ("cold", "warm")]
        cells = ["" if one is None else f"{one:.1f}" if one >= 1 else f"{one:.2g}" for one in seconds]
        rows.append(f"| {WHAT[what].format(name)} | {' | '.join(cells)} |")
    return "\n".join(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--before", type=Path, help="the folder src of another checkout")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--fusions", action="store_true", help="count fusions too")
    parser.add_argument("--only", default="", help="figures whose names hold one of these texts, between semicolons")
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        what, name, began = options.child
        child(what, name, float(began))
        return
    from provenance import provenance

    sources = {"now": SELF.parent.parent / "src", **({"before": options.before} if options.before else {})}
    runs: dict[str, dict[str, dict[str, list]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        codes = [Code(name, source, Path(folder)) for name, source in sources.items()]
        for number in range(options.rounds):
            for what, name in figures(options.only):
                # the order turns from round to round
                for code in codes[:: -1 if number % 2 else 1]:
                    for state, figure in measured(code, what, name).items():
                        by_code = runs.setdefault(f"{what}: {name}", {}).setdefault(state, {})
                        by_code.setdefault(code.name, []).append(figure)
            print(f"round {number + 1} of {options.rounds} is over", flush=True)
        counted = {n: {c.name: c.run("fusions", n, None) for c in codes} for n in FITS if options.fusions}
    report = {
        "figures": {name: {state: summary(of) for state, of in states.items()} for name, states in runs.items()},
        **({"fusions": counted} if counted else {}),
        "rounds": options.rounds,
        **provenance("jax", "equinox"),
    }
    if options.before:
        report["command"] = report["command"].replace(str(options.before), "OLD/src")
    options.out.write_text(json.dumps(report, indent=1) + "\n")
    for name, states in report["figures"].items():
        for state, found in states.items():
            print(f"{name}, {state}: " + ", ".join(f"{key} {value}" for key, value in found.items()))
    print(json.dumps(counted, indent=1))


if __name__ == "__main__":
    main()
