"""Hidden cells found again: EvenVAE beside the usual imputers, on twenty tables and one protocol.

    pip install torch==2.13.0 && pip install '.[benchmark]'
    EVENVAE_DATA=... python benchmarks/imputation.py benchmarks/results/imputation.jsonl
    python benchmarks/imputation.py benchmarks/results/imputation.jsonl --table

At most 8000 random rows of a table, 80 % of them for training. Cells are hidden in training and test rows alike:

* ``--holes mcar``: a fifth of all observed cells, completely at random;
* ``--holes mar``: a third of the columns keeps its cells, and of every other one a fifth is hidden with a chance that
  depends on up to three of those (`holes.hide_at_random`).

Imputers are fitted on the training rows with their holes and judged on the hidden cells of the test rows: RMSE / range
of numbers, error rate of levels, mean over columns. Tables of the catalogue have the schema of the literature, others
(the folder ``more`` of EVENVAE_DATA) the one that is inferred from the training rows.

One line a run, appended as it ends; run again to go on, and run several with ``--part 0/2``, ``--part 1/2`` side by
side. A method whose package is not here is left out, so that environments can share a file. Lines without a kind of
holes are those of an earlier protocol and do not count.
"""

import argparse
import itertools
import time
import warnings
from collections import defaultdict
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from statistics import geometric_mean, mean, median
from typing import Any, NamedTuple

import numpy as np

import evenvae
import imputers
from evenvae import tables
from holes import Problem
from provenance import provenance
from twenty_tables import TWENTY, keep, lines_of, markdown, part_of, taken

OURS = "EvenVAE"
"""What the names of the library's own methods start with; all others are peers."""
REFINED = f"{OURS}, trees"


Guesses = dict[str, np.ndarray]
"""Completed test rows (rows, D) of a problem: by method, where one fit answers for several."""


class Method(NamedTuple):
    """From a problem and a seed to completed test rows; and the packages that it needs besides this one."""

    fill: Callable[[Problem, int], np.ndarray | Guesses]
    packages: tuple[str, ...] = ("scikit-learn",)


def fitted(problem: Problem, seed: int, options: dict[str, Any]) -> tuple[evenvae.EvenVAE, Any]:
    """The library's model of the training rows, and the test rows with their holes."""
    frame = tables.decode(problem.holes, problem.schema)
    model = evenvae.EvenVAE(purpose="impute", random_state=seed, schema=problem.schema).set_params(**options)
    return model.fit(taken(frame, problem.train)), taken(frame, problem.test)


def ours(packages: tuple[str, ...] = (), **options: Any) -> Method:
    """EvenVAE; what is not given in ``options`` is the default of purpose="impute"."""

    def fill(problem: Problem, seed: int) -> np.ndarray:
        model, test = fitted(problem, seed, options)
        return model.impute_values(test)[1][0]

    return Method(fill, ("jax", *packages))


def refined(problem: Problem, seed: int) -> Guesses:
    """EvenVAE with trees, and without: these are grown when the network is trained, and leave it what it is."""
    model, test = fitted(problem, seed, {"imputation": evenvae.Imputation(refine="trees")})
    return {REFINED: model.impute_values(test)[1][0], OURS: model.impute_values(test, method="point")[1][0]}


METHODS: dict[str, Method] = {
    "mean or mode": Method(imputers.mean_or_mode),
    "ridge by type (IterativeImputer)": Method(imputers.chained_ridge),
    "forests by type (MissForest)": Method(imputers.forest_by_type),
    "LightGBM chains (miceforest)": Method(imputers.lightgbm_chains, ("miceforest", "lightgbm")),
    OURS: ours(),
    f"{OURS}, ensemble=4": ours(ensemble=4),
    REFINED: Method(refined, ("jax", "lightgbm")),
}
"""What is compared; a further variant of the library's is one more line here."""
PLAIN = {"network__sight": False, "network__rich_inputs": False, "network__point_heads": False}
"""The network that every other purpose has."""
LONG = {"epochs": 150, "training__learning_rate": 1e-3}
"""Twice the passes of the default, at half of its rate."""
LONGER = f"{OURS}, 150 epochs"
STEPS: dict[str, Method] = {
    f"{OURS}, plain network": ours(**PLAIN | LONG),
    f"{OURS}, rich inputs": ours(**PLAIN | LONG | {"network__rich_inputs": True}),
    f"{OURS}, point heads": ours(**PLAIN | LONG | {"network__point_heads": True}),
    f"{OURS}, sight": ours(**PLAIN | LONG | {"network__sight": True}),
    f"{OURS}, all but dropout": ours(**LONG, network__dropout=0.0),
    LONGER: ours(**LONG),
    f"{OURS}, plain network, trees": ours(("lightgbm",), **PLAIN | LONG, imputation=evenvae.Imputation(refine="trees")),
}
"""What each part of the default network gives alone, and what the whole gives without dropout and with it."""
VARIANTS: dict[str, Method] = STEPS | {
    f"{OURS}, iwae": ours(objective="iwae"),
    f"{OURS}, hivae": ours(model="hivae"),
    f"{OURS}, hivae, imtl-g+pcgrad": ours(model="hivae", balance="imtl-g+pcgrad"),
    "IterativeImputer, forests": Method(imputers.iterative_forest),
}
"""What runs only where ``--methods`` names it."""
ALL = METHODS | VARIANTS


def runs_of(name: str, method: str, seed: int, mechanism: str) -> list[dict[str, Any]]:
    """Fit and judge; a line for each method that the fit answers for, seconds for that which was asked for."""
    problem = Problem(name, seed, mechanism)
    began = time.perf_counter()
    guesses = ALL[method].fill(problem, seed)
    seconds = round(time.perf_counter() - began, 1)
    lines = []
    for answering, guess in (guesses if isinstance(guesses, dict) else {method: guesses}).items():
        errors = problem.errors(guess)
        lines.append(
            {
                "table": name,
                "method": answering,
                "seed": seed,
                "holes": mechanism,
                "error": round(float(np.nanmean(errors)), 6),
                "seconds": seconds if answering == method else None,
                "rows": len(problem.truth),
                "columns": {
                    column.name: None if np.isnan(error) else round(float(error), 6)
                    for column, error in zip(problem.schema.features, errors, strict=True)
                },
            }
        )
    return lines


def key_of(line: dict[str, Any]) -> tuple[str, str, int, str | None]:
    """What tells a run from others."""
    return line["table"], line["method"], line["seed"], line.get("holes")


def means(lines: list[dict[str, Any]], mechanism: str, figure: str) -> dict[str, dict[str, float]]:
    """By table and method the mean of a figure over those seeds that every method of the table has."""
    known = [line for line in lines if line.get("holes") == mechanism and line["method"] in ALL]
    runs = {key_of(line): line[figure] for line in known if line[figure] is not None}
    seeds: dict[str, dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
    for name, method, seed, _ in runs:
        seeds[name][method].add(seed)
    found = {}
    for name in (name for name in TWENTY if name in seeds):
        shared = set.intersection(*seeds[name].values())
        if shared:
            found[name] = {m: mean(runs[name, m, seed, mechanism] for seed in shared) for m in seeds[name]}
    return found


def as_table(lines: list[dict[str, Any]], mechanism: str) -> str:
    """One row a table, the best error bold; below, over tables that all methods have, means and counts."""
    found = means(lines, mechanism, "error")
    methods = [method for method in ALL if any(method in cells for cells in found.values())]
    body = []
    for name, cells in found.items():
        least = min(cells.values())
        shown = [f"{cells[method]:.4f}" if method in cells else "-" for method in methods]
        body.append([name, *(f"**{one}**" if one != "-" and float(one) <= round(least, 4) else one for one in shown)])
    whole = [cells for cells in found.values() if set(cells) == set(methods)]
    if not whole:
        return markdown(["table", *methods], body)
    best = [min((e for m, e in cells.items() if not m.startswith(OURS)), default=float("nan")) for cells in whole]
    rows = {
        f"mean of {len(whole)}": lambda m: f"{mean(cells[m] for cells in whole):.4f}",
        "error / best peer's (geometric mean)": lambda m: f"{geometric_mean(ratios(m)):.3f}",
        "at or below the best peer": lambda m: f"{sum(ratio <= 1 for ratio in ratios(m))} of {len(whole)}",
    }
    ratios = lambda m: [cells[m] / least for cells, least in zip(whole, best, strict=True)]
    body += [[title, *(figure(method) for method in methods)] for title, figure in rows.items()]
    spent = means(lines, mechanism, "seconds")
    times = {method: [cells[method] for cells in spent.values() if method in cells] for method in methods}
    body.append(["seconds (mean)", *(f"{mean(times[method]):.0f}" if times[method] else "-" for method in methods)])
    return markdown(["table", *methods], body)


FOREST = "forests by type (MissForest)"
ENSEMBLE = f"{OURS}, ensemble=4"
TITLES = {
    "mean or mode": "mean or mode",
    "ridge by type (IterativeImputer)": "IterativeImputer, ridge by type",
    FOREST: "MissForest",
    "LightGBM chains (miceforest)": "LightGBM chains (miceforest)",
    OURS: f'{OURS}, `purpose="impute"`',
    ENSEMBLE: "the same, ensemble of 4",
    REFINED: "one, refined by trees",
}
"""What stands on the page, and under which title."""
SIX = ("wine", "diamonds", "imdb", "monica", "rotterdam", "wa_churn")
"""Tables on which each part of the network was tried by itself."""


def methods_and_seeds(lines: list[dict[str, Any]], mechanism: str = "mcar") -> tuple[list[str], list[int]]:
    """What stands on the page: methods that have an error on all of the twenty tables with the first seed.

    A further seed counts when all of these methods have an error on all tables.
    """
    tables: dict[int, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for line in lines:
        if line["method"] in TITLES and line.get("holes") == mechanism:
            tables[line["seed"]][line["method"]].add(line["table"])
    whole = {seed: {m for m, names in found.items() if names >= set(TWENTY)} for seed, found in tables.items()}
    methods = [method for method in TITLES if method in whole.get(0, ())]
    return methods, sorted(seed for seed, complete in whole.items() if complete >= set(methods))


def errors_of_page(lines: list[dict[str, Any]], mechanism: str = "mcar") -> dict[str, dict[str, float]]:
    """By table and method of the page the error on hidden cells, in the order of the names; the mean over seeds."""
    methods, seeds = methods_and_seeds(lines, mechanism)
    kept = [line for line in lines if line["method"] in methods and line["seed"] in seeds]
    found = means(kept, mechanism, "error")
    return {name: {method: found[name][method] for method in methods} for name in sorted(found)}


def seconds_of_page(lines: list[dict[str, Any]], mechanism: str = "mcar") -> dict[str, dict[str, float]]:
    """By method and table the seconds to fit and fill with the last seed of the page.

    All methods had one core then, beside another core that was busy, and nothing was compiled before.
    """
    methods, seeds = methods_and_seeds(lines, mechanism)
    found: dict[str, dict[str, float]] = {method: {} for method in methods}
    for line in lines:
        own = line["method"] in methods and line["seed"] == seeds[-1] and line.get("holes") == mechanism
        if own and line["seconds"] is not None:
            found[line["method"]][line["table"]] = line["seconds"]
    return found


def median_seconds(lines: list[dict[str, Any]], method: str) -> float:
    """Of the tables of the page, cells missing completely at random."""
    return median(seconds_of_page(lines)[method].values())


def no_slower(lines: list[dict[str, Any]], method: str, other: str, mechanism: str = "mcar") -> int:
    """On how many tables of the page a method takes no more seconds than another."""
    spent = seconds_of_page(lines, mechanism)
    return sum(spent[method][name] <= spent[other][name] for name in spent[method])


def of_page(lines: list[dict[str, Any]], mechanism: str = "mcar") -> str:
    """One row a table, the best error bold, and the mean over tables."""
    found, body = errors_of_page(lines, mechanism), []
    methods = list(next(iter(found.values())))
    average = {method: mean(cells[method] for cells in found.values()) for method in methods}
    for name, cells in [*found.items(), (f"mean of {len(found)}", average)]:
        shown = [f"{cells[method]:.4f}" for method in methods]
        least = min(shown)
        body.append([name, *(f"**{one}**" if one == least else one for one in shown)])
    return markdown(["table", *(TITLES[method] for method in methods)], body)


def of_page_mar(lines: list[dict[str, Any]]) -> str:
    """The same, of cells that are missing at random."""
    return of_page(lines, "mar")


def standing(lines: list[dict[str, Any]], method: str, mechanism: str = "mcar") -> list[str]:
    """Tables of the page on which a method of the library has no more error than any of the peers."""
    peers = lambda cells: min(error for other, error in cells.items() if not other.startswith(OURS))
    return [name for name, cells in errors_of_page(lines, mechanism).items() if cells[method] <= peers(cells)]


def ahead(lines: list[dict[str, Any]], method: str, other: str) -> str:
    """On how many tables of the page a method has a smaller error than another."""
    found = errors_of_page(lines).values()
    return f"{sum(cells[method] < cells[other] for cells in found)} of {len(found)}"


def price_of_half(lines: list[dict[str, Any]], mechanism: str = "mcar") -> tuple[float, float, str]:
    """By how many per cent the default errs more than twice its passes: over all tables, at worst, and on which table.

    Ratios of means over seeds, and their geometric mean over tables.
    """
    both = [line for line in lines if line["method"] in (OURS, LONGER) and line.get("holes") == mechanism]
    seeds = {line["seed"] for line in both if line["method"] == LONGER}
    found = means([line for line in both if line["seed"] in seeds], mechanism, "error")
    ratios = {name: cells[OURS] / cells[LONGER] for name, cells in found.items()}
    worst = max(ratios, key=ratios.__getitem__)
    return 100 * (geometric_mean(ratios.values()) - 1), 100 * (ratios[worst] - 1), worst


STEP_TITLES = {
    f"{OURS}, plain network": "the network of other purposes",
    f"{OURS}, rich inputs": "with rich inputs",
    f"{OURS}, point heads": "with point heads",
    f"{OURS}, sight": "with sight",
    f"{OURS}, all but dropout": "with all three",
    LONGER: "with all three and dropout",
    OURS: "the same, half of the passes at twice the rate: the default",
    ENSEMBLE: "ensemble of 4 of these",
    f"{OURS}, plain network, trees": "the network of other purposes, refined by trees",
    REFINED: "the default, refined by trees",
}
"""What each part gives, and under which title."""


def steps(lines: list[dict[str, Any]]) -> str:
    """Errors by part of the network on six tables, and the geometric mean of their ratios to those of the first row."""
    runs = {(line["method"], line["table"]): line["error"] for line in lines if key_of(line)[2:] == (0, "mcar")}
    first = next(iter(STEP_TITLES))
    body = []
    for method, title in STEP_TITLES.items():
        ratio = geometric_mean(runs[method, name] / runs[first, name] for name in SIX)
        body.append([title, *(f"{runs[method, name]:.4f}" for name in SIX), f"{ratio:.3f}"])
    return markdown(["", *SIX, "ratio"], body)


def refinement(lines: list[dict[str, Any]]) -> str:
    """What trees add to the network, beside forests, on seven tables."""
    found = errors_of_page(lines)
    names = ("adult", "credit", "wine", "diamonds", "bank", "imdb", "hi")
    titles = {OURS: TITLES[OURS], REFINED: f"{OURS}, refined by trees", FOREST: TITLES[FOREST]}
    body = [[title, *(f"{found[name][method]:.3f}" for name in names)] for method, title in titles.items()]
    return markdown(["", *names], body)


def at_hand(methods: list[str]) -> list[str]:
    """Those whose packages are here; says which are left out."""
    missing = lambda package: find_spec(package.replace("scikit-learn", "sklearn")) is None
    for method in methods:
        if any(map(missing, ALL[method].packages)):
            print(f"{method} is left out; it needs {', '.join(ALL[method].packages)}", flush=True)
    return [method for method in methods if not any(map(missing, ALL[method].packages))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--holes", choices=["mcar", "mar"], default="mcar")
    parser.add_argument("--tables", nargs="+", default=list(TWENTY))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--methods", nargs="+", default=list(METHODS), choices=list(ALL), metavar="METHOD")
    parser.add_argument("--part", default="0/1", help="which of how many parts of the tables to run")
    parser.add_argument("--table", action="store_true", help="print what OUT holds as a table, run nothing")
    options = parser.parse_args()
    if options.table:
        print(as_table(lines_of(options.out), options.holes))
        return
    warnings.filterwarnings("ignore")
    done = {key_of(line) for line in lines_of(options.out)}
    methods, names = at_hand(options.methods), part_of(options.tables, options.part)
    for seed, name, method in itertools.product(options.seeds, names, methods):
        if (name, method, seed, options.holes) in done:
            continue
        for line in runs_of(name, method, seed, options.holes):
            if key_of(line) in done:
                continue
            done.add(key_of(line))
            keep(line | provenance(*ALL[method].packages), options.out)
            print(name, line["method"], seed, options.holes, round(line["error"], 4), line["seconds"], "s", flush=True)


if __name__ == "__main__":
    main()
