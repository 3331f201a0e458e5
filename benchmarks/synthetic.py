"""Synthetic rows beside the peers': EvenVAE and four generators on twenty tables and one protocol.

    pip install torch==2.13.0 && pip install '.[benchmark]'
    EVENVAE_DATA=... python benchmarks/synthetic.py benchmarks/results/synthetic.jsonl --rows rows \\
        --python UnmaskingTrees=utrees/bin/python --python TabularARGN=argn/bin/python
    python benchmarks/synthetic.py benchmarks/results/synthetic.jsonl --table

At most 8000 rows without holes (CTGAN's models take none; `complete_rows.Problem`) are split by seed: every method is
fitted on 80 % of them, draws as many, and is judged beside the other 20 %, which it never saw. Tables of the catalogue
have the schema of the literature, others (the folder ``more`` of EVENVAE_DATA) the one that is inferred from the
training rows. A peer runs as `peer_generators.py`, with the interpreter that ``--python`` names where it needs an
environment of its own; a peer that is not installed is left out, and one that takes longer than ``--limit`` has a line
that says so.

One line a run, appended as it ends; run again to go on, and run several with ``--part 0/2``, ``--part 1/2`` side by
side. With ``--rows`` the drawn rows are kept as Parquet and judged anew without fitting where their line is gone. Lines
without the number of rows are those of an earlier protocol and do not count.

What is measured, of drawn rows (S), training rows (R) and test rows (T):

* ``shapes``, ``pairs``: the column shapes and column pair trends of SDMetrics' QualityReport of S beside T, 1 is best;
* ``trends``: the mean of SDMetrics' similarity (correlation; contingency) over all pairs, numbers beside levels cut
  into ten by the deciles of T. The report cuts S and T by their own ranges instead, so that one far-off value moves
  ``pairs``, and leaves weakly associated pairs out: on wine even training rows get 0.71;
* ``c2st``: AUC of gradient-boosted trees that tell S from T, five-fold, as many rows of either; 0.5 is best;
* ``utility``: AUC, on T, of trees that learned one column from S (`complete_rows.Problem.target`); "training rows" is
  what they reach from R;
* ``copies``: share of S that equals a row of R in every cell; "training rows" says how many of T do (chance);
* ``nearer``: share of S that lies nearer to a row of R than to any of T, among as many of either; 0.5 is best, more
  says that training rows were learned by heart.
"""

import argparse
import itertools
import json
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from statistics import mean, median
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

import evenvae
from complete_rows import Problem
from provenance import provenance
from sample_figures import judge
from twenty_tables import TWENTY, keep, lines_of, markdown, part_of

PEERS = ("TVAE", "CTGAN", "UnmaskingTrees", "TabularARGN")
OURS = "EvenVAE"
POLISHED, UNMATCHED, EARLIER = f"{OURS}, polish", f"{OURS}, marginals as drawn", f"{OURS}, eight rounds"
"""Variants on the page. The last two are earlier defaults: the second one without `match_marginals`, with 17 to 31
columns drawn two at a time; the third one also with eight rounds, and with every hidden cell counted by itself in
training."""


class Drawn(NamedTuple):
    """Drawn rows (N, D), and what drawing them took and used."""

    values: np.ndarray
    fit_seconds: float = 0.0
    sample_seconds: float = 0.0
    versions: dict[str, str] | None = None


class NotDrawn(Exception):
    """A peer is not installed."""


class TooLong(Exception):
    """A peer was stopped."""


class Settings(NamedTuple):
    """By peer its interpreter, and after how many seconds it is stopped."""

    python: dict[str, str]
    limit: float


def training_rows(problem: Problem, seed: int, settings: Settings) -> Drawn:
    """What no generator passes: the training rows themselves."""
    del seed, settings
    return Drawn(problem.rounded(problem.train))


def independent(problem: Problem, seed: int, settings: Settings) -> Drawn:
    """What every generator should pass: each column of the training rows shuffled by itself."""
    del settings
    return Drawn(np.random.default_rng(seed).permuted(problem.rounded(problem.train), axis=0))


def peer(name: str) -> Callable[[Problem, int, Settings], Drawn]:
    """A generator of `peer_generators.py`, by a process of its own."""

    def draw(problem: Problem, seed: int, settings: Settings) -> Drawn:
        with tempfile.TemporaryDirectory() as folder:
            train, out = Path(folder) / "train.parquet", Path(folder) / "out.parquet"
            problem.plain(problem.train).to_parquet(train)
            command = [settings.python.get(name, sys.executable), Path(__file__).with_name("peer_generators.py"), name]
            command += [train, out, "--rows", len(problem.train), "--seed", seed]
            try:
                done = subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=settings.limit)
            except subprocess.TimeoutExpired:
                raise TooLong from None
            if "ModuleNotFoundError" in done.stderr:
                raise NotDrawn(done.stderr.splitlines()[-1])
            if done.returncode:
                raise RuntimeError(f"{name} failed on {problem.name}:\n{done.stderr}")
            return Drawn(problem.of_plain(pd.read_parquet(out)), **json.loads(done.stdout.splitlines()[-1]))

    return draw


def ours(**options: Any) -> Callable[[Problem, int, Settings], Drawn]:
    """EvenVAE; what is not given in ``options`` is the default of purpose="sample"."""

    def draw(problem: Problem, seed: int, settings: Settings) -> Drawn:
        del settings
        model = evenvae.EvenVAE(purpose="sample", random_state=seed, schema=problem.schema).set_params(**options)
        train = problem.typed(problem.train)
        began = time.perf_counter()
        model.fit(train)
        fitted = time.perf_counter()
        rows = model.sample(len(train), random_state=seed)
        return Drawn(problem.codes(rows), fitted - began, time.perf_counter() - fitted)

    return draw


METHODS: dict[str, Callable[[Problem, int, Settings], Drawn]] = {
    "training rows": training_rows,
    "independent columns": independent,
    **{name: peer(name) for name in PEERS},
    OURS: ours(),
}
"""What is compared; a further variant of the library's is one more line here."""
VARIANTS: dict[str, Callable[[Problem, int, Settings], Drawn]] = {
    f"{OURS}, imtl-g+pcgrad": ours(balance="imtl-g+pcgrad"),
    f"{OURS}, hivae": ours(model="hivae"),
    f"{OURS}, vamp": ours(prior="vamp", sampling__latents="prior"),
    f"{OURS}, dropout": ours(network__dropout=0.2),
    f"{OURS}, flow": ours(sampling__latents="flow"),
    POLISHED: ours(sampling__polish=2.0),
    UNMATCHED: ours(sampling__match_marginals=False),
    f"{OURS}, without sight": ours(network__sight=False, network__rich_inputs=False),
    f"{OURS}, without sight, flow": ours(network__sight=False, network__rich_inputs=False, sampling__latents="flow"),
    f"{OURS}, families": ours(sampling__numbers="family", sampling__latents="prior"),
}
"""What runs only where ``--methods`` names it."""
ALL = METHODS | VARIANTS


def drawn_rows(problem: Problem, method: str, seed: int, settings: Settings, folder: Path | None) -> Drawn:
    """Rows of a method, from ``folder`` where they lie."""
    if folder is None or method in ("training rows", "independent columns"):
        return ALL[method](problem, seed, settings)
    folder.mkdir(parents=True, exist_ok=True)
    place = folder / f"{problem.name}-{len(problem.train)}-{seed}-{method.replace(', ', '-')}.parquet"
    clock = place.with_suffix(".json")
    if place.exists() and clock.exists():
        return Drawn(problem.of_plain(pd.read_parquet(place)), **json.loads(clock.read_text()))
    drawn = ALL[method](problem, seed, settings)
    problem.plain(drawn.values).to_parquet(place)
    clock.write_text(json.dumps({key: value for key, value in drawn._asdict().items() if key != "values"}))
    return drawn


FIGURES = ("shapes", "trends", "c2st", "utility", "copies", "nearer", "fit_seconds")


def one(problem: Problem, method: str, seed: int, settings: Settings, folder: Path | None) -> dict[str, Any]:
    """Fit, draw and judge one run."""
    line = {"table": problem.name, "method": method, "seed": seed, "rows": len(problem.train) + len(problem.test)}
    try:
        drawn = drawn_rows(problem, method, seed, settings, folder)
    except TooLong:
        return line | {"stopped_after": settings.limit} | provenance()
    made_by = provenance("sdmetrics", "scikit-learn", "jax")
    made_by["versions"] |= drawn.versions or {}
    return {
        **line,
        "columns": len(problem.schema.features),
        "target": problem.schema.features[problem.target()[0]].name,
        **{figure: round(value, 5) for figure, value in judge(problem, drawn.values).items()},
        "fit_seconds": round(drawn.fit_seconds, 1),
        "sample_seconds": round(drawn.sample_seconds, 2),
        **made_by,
    }


def as_table(runs: list[dict[str, Any]]) -> str:
    """Medians over seeds; then, over tables that all methods have, the mean of each figure of every method."""
    head = [
        "table",
        "rows by",
        "runs",
        "column shapes",
        "pair trends",
        "C2ST AUC",
        "utility",
        "copies",
        "nearer",
        "fit",
    ]
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for run in runs:
        if "rows" in run:
            groups.setdefault((run["table"], run["method"]), []).append(run)
    methods = [method for method in ALL if any(method == group for _, group in groups)]
    medians: dict[tuple[str, str], dict[str, float]] = {}
    body = []
    for name, method in itertools.product(TWENTY, methods):
        group = groups.get((name, method), [])
        whole = [run for run in group if "stopped_after" not in run]
        if whole:
            medians[name, method] = {figure: median(run[figure] for run in whole) for figure in FIGURES}
            body.append([name, method, str(len(whole)), *shown(medians[name, method])])
        elif group:
            body.append([name, method, f"stopped after {group[0]['stopped_after']:.0f} s", *["-"] * len(FIGURES)])
    shared = [name for name in TWENTY if all((name, method) in medians for method in methods)]
    for method in methods if shared else []:
        found = {figure: mean(medians[name, method][figure] for name in shared) for figure in FIGURES}
        body.append([f"mean of {len(shared)}", method, "", *shown(found)])
    return markdown(head, body)


PAGE = {"c2st": "C2ST AUC", "trends": "pair trends", "utility": "utility"}
BEST = {
    "shapes": max,
    "trends": max,
    "c2st": lambda values: min(values, key=lambda value: abs(value - 0.5)),
    "utility": max,
}
"""Which of the figures of a table is the best."""
SHOWN = ("TVAE", "TabularARGN", "UnmaskingTrees", OURS)
"""Methods on the page."""

Found = dict[str, dict[str, dict[str, Any]]]
"""Figures by table and method."""


def by_method(runs: list[dict[str, Any]], seed: int = 0) -> Found:
    """The runs of one seed by table, in the order of their names, and method."""
    found: Found = {}
    for run in runs:
        if run["seed"] == seed and "rows" in run and "stopped_after" not in run:
            found.setdefault(run["table"], {})[run["method"]] = run
    return dict(sorted(found.items()))


def figures_of_page(runs: list[dict[str, Any]]) -> Found:
    """The runs of the first seed of the methods on the page, for the tables that the library has."""
    wanted = (*SHOWN, "training rows")
    return {
        name: {method: cells[method] for method in wanted if method in cells}
        for name, cells in by_method(runs).items()
        if OURS in cells
    }


def best_of(cells: dict[str, dict[str, Any]], figure: str) -> float:
    """The best value of a figure among the methods of the page that a table has."""
    return BEST[figure]([cells[method][figure] for method in SHOWN if method in cells])


def of_page(runs: list[dict[str, Any]]) -> str:
    """One row a table, the best generator bold; below, the means, and those of the training rows themselves."""
    found = figures_of_page(runs)
    whole = [m for m in (*SHOWN, "training rows") if all(m in cells for cells in found.values())]
    average = {m: {f: mean(cells[m][f] for cells in found.values()) for f in PAGE} for m in whole}
    body = []
    for name, cells in [*found.items(), (f"mean of {len(found)}", average)]:
        row = [name]
        for figure in PAGE:
            shown = [f"{cells[method][figure]:.3f}" if method in cells else "-" for method in SHOWN]
            best = f"{best_of(cells, figure):.3f}"
            row += [f"**{one}**" if one == best else one for one in shown]
        body.append(row)
    # under the library's own columns
    real = [[*[""] * (len(SHOWN) - 1), f"{average['training rows'][figure]:.3f}"] for figure in PAGE]
    body.append(["real rows (mean)", *itertools.chain.from_iterable(real)])
    head = [f"{title}: {method}" if method == SHOWN[0] else method for title in PAGE.values() for method in SHOWN]
    return markdown(["table", *head], body)


def first(runs: list[dict[str, Any]], figure: str) -> list[str]:
    """Tables of the page on which no other method has a better figure than the library."""
    return [name for name, cells in figures_of_page(runs).items() if cells[OURS][figure] == best_of(cells, figure)]


def lead(runs: list[dict[str, Any]], method: str, name: str) -> float:
    """By how much the utility of a method is above the library's on a table, the mean over seeds that both have."""
    cells = [by_method(runs, seed).get(name, {}) for seed in sorted({run["seed"] for run in runs})]
    return mean(found[method]["utility"] - found[OURS]["utility"] for found in cells if {method, OURS} <= found.keys())


VARIANT_TITLES = {
    OURS: '`purpose="sample"`',
    UNMATCHED: "with marginals as they are drawn",
    EARLIER: "the same, in eight rounds, hidden cells weighed one by one",
    POLISHED: "with `sampling.polish=2`",
    "TVAE": "TVAE",
    "TabularARGN": "TabularARGN",
    "UnmaskingTrees": "UnmaskingTrees",
    "training rows": "real rows",
}
"""What is compared by means alone, and under which title."""


def variants(runs: list[dict[str, Any]]) -> str:
    """Means over the twenty tables, first seed, of what draws rows and of variants of the library."""
    rows = [
        [title, *(f"{mean_of(runs, method, figure):.3f}" for figure in FIGURES[:-1])]
        for method, title in VARIANT_TITLES.items()
    ]
    return markdown(["", "column shapes", "pair trends", "C2ST AUC", "utility", "copies", "nearer to training"], rows)


def better(runs: list[dict[str, Any]], figure: str, method: str, other: str) -> list[str]:
    """Tables on which a figure of one method is better than that of another, first seed."""
    pairs = {name: [cells[m][figure] for m in (method, other)] for name, cells in by_method(runs).items()}
    return [name for name, (mine, its) in pairs.items() if mine != its and mine == BEST[figure]([mine, its])]


def copied(runs: list[dict[str, Any]]) -> dict[str, tuple[float, float]]:
    """By table the shares of the library's drawn rows, and of unseen real ones, that equal a training row."""
    found = figures_of_page(runs)
    return {name: (cells[OURS]["copies"], cells["training rows"]["copies"]) for name, cells in found.items()}


def mean_of(runs: list[dict[str, Any]], method: str, figure: str) -> float:
    """The mean over all tables of one figure of a method, first seed."""
    return mean(cells[method][figure] for cells in by_method(runs).values() if method in cells)


def beside(runs: list[dict[str, Any]], other: str, figure: str) -> tuple[int, float, float]:
    """On how many tables another method was run, first seed, and there the means of its figure and the library's."""
    shared = [cells for cells in by_method(runs).values() if {other, OURS} <= cells.keys()]
    its, own = (mean(cells[method][figure] for cells in shared) for method in (other, OURS))
    return len(shared), its, own


def one_run(runs: list[dict[str, Any]], name: str, method: str) -> dict[str, Any]:
    """The run of a method on a table, first seed."""
    return by_method(runs)[name][method]


def shown(figures: dict[str, float]) -> list[str]:
    return [*(f"{figures[figure]:.3f}" for figure in FIGURES[:-1]), f"{figures['fit_seconds']:.0f} s"]


def nearer(runs: list[dict[str, Any]]) -> dict[str, float]:
    """By table the share of the library's drawn rows that lie nearer to a training row than to a test row."""
    return {name: cells[OURS]["nearer"] for name, cells in figures_of_page(runs).items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--tables", nargs="+", default=list(TWENTY))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--methods", nargs="+", default=list(METHODS), choices=list(ALL), metavar="METHOD")
    parser.add_argument("--python", action="append", default=[], metavar="METHOD=PATH", help="a peer's interpreter")
    parser.add_argument("--limit", type=float, default=3600, help="seconds after which a peer is stopped")
    parser.add_argument("--rows", type=Path, help="a folder that keeps drawn rows")
    parser.add_argument("--most", type=int, help="rows of a table that are used at most, to try the script")
    parser.add_argument("--part", default="0/1", help="which of how many parts of the tables to run")
    parser.add_argument("--table", action="store_true", help="print what OUT holds as a table, run nothing")
    options = parser.parse_args()
    if options.table:
        print(as_table(lines_of(options.out)))
        return
    warnings.filterwarnings("ignore")
    settings = Settings(dict(pair.split("=", 1) for pair in options.python), options.limit)
    done = {(run["table"], run["method"], run["seed"]) for run in lines_of(options.out) if "rows" in run}
    few = {"most": options.most} if options.most else {}
    for seed, name in itertools.product(options.seeds, part_of(options.tables, options.part)):
        left = [method for method in options.methods if (name, method, seed) not in done]
        problem = Problem(name, seed, **few) if left else None
        for method in left if problem else []:
            try:
                line = one(problem, method, seed, settings, options.rows)
            except NotDrawn as reason:
                print(f"{method} is left out: {reason}", flush=True)
                continue
            keep(line, options.out)
            said = {k: line[k] for k in ("table", "method", "seed", "stopped_after", *FIGURES) if k in line}
            print(json.dumps(said), flush=True)


if __name__ == "__main__":
    main()
