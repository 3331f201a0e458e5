"""What fits tell about their training rows, and what differential privacy costs.

    pip install '.[privacy]'
    EVENVAE_DATA=... python benchmarks/privacy.py benchmarks/results/privacy.jsonl
    python benchmarks/privacy.py benchmarks/results/privacy.jsonl --table

8000 rows of a table without holes (`complete_rows.Problem`) are split in halves by seed: one is learned from, the other
is the hold-out. As many rows are drawn from the model. Likelihoods, levels and bounds of private fits are those of the
catalogue's schema, which knows the whole table; a user has them from elsewhere.

One line a run, appended as it ends; run again to go on:

* all figures of `evenvae.fitted.privacy.PrivacyFigures` that are not by column, and the column whose guess profits most
  (``guess_advantage``, with its standard error);
* ``c2st``: AUC of gradient-boosted trees that tell drawn rows from hold-out rows, as in `synthetic.py`; 0.5 is best;
* ``epsilon`` and ``delta`` of private fits; ``independent columns`` are training rows with each column shuffled by
  itself, whose C2ST is what a generator should pass.
"""

import argparse
import itertools
import json
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

import evenvae
from complete_rows import Problem
from evenvae import tables
from evenvae.fitted.as_read import numbers_of
from evenvae.fitted.privacy import PrivacyFigures, privacy
from evenvae.fitted.sampling import drawn_rows
from provenance import provenance
from sample_figures import told_apart
from twenty_tables import keep, lines_of, markdown

TABLES = ("adult", "credit")
SMALL = {"purpose": "sample", "network__width": 64, "epochs": 15}
"""A fit whose rows' gradients one core computes in minutes; few parameters also need less noise."""
METHODS: dict[str, dict[str, Any] | None] = {
    "default": {},
    'purpose="sample"': {"purpose": "sample"},
    "small": SMALL,
    "small, epsilon 8": {**SMALL, "privacy__epsilon": 8.0},
    "small, epsilon 2": {**SMALL, "privacy__epsilon": 2.0},
    "independent columns": None,
}
"""Options of every fit."""


def run(problem: Problem, method: str, seed: int) -> dict[str, Any]:
    every = np.concatenate([problem.train, problem.test])
    half = len(every) // 2
    train, holdout = problem.rounded(every[:half]), problem.rounded(every[half:])
    line = {"table": problem.name, "method": method, "seed": seed, "rows": len(train)}
    options = METHODS[method]
    if options is None:
        shuffled = np.random.default_rng(seed).permuted(train, axis=0)
        return {**line, "c2st": c2st(problem, shuffled, holdout), **provenance("scikit-learn")}
    began = time.process_time()
    model = evenvae.EvenVAE(random_state=seed, schema=problem.schema).set_params(**options).fit(problem.typed(train))
    seconds = time.process_time() - began
    encoded = [tables.encode(problem.typed(part), model.schema_) for part in (train, holdout)]
    figures = privacy(model.fitted_, encoded[1], encoded[0], seed)
    drawn = numbers_of(drawn_rows(model.fitted_, half, seed + 1, missing=False), model.schema_)
    spent = model.fitted_.plan.privacy
    return {
        **line,
        **by_column(figures, [column.name for column in model.schema_.features]),
        **figures.summary(),
        "c2st": c2st(problem, drawn, holdout),
        "fit_processor_seconds": round(seconds, 1),
        **({} if spent is None else {"epsilon": spent.epsilon, "delta": spent.delta, "noise": spent.noise_multiplier}),
        **provenance("jax", "scikit-learn", *(() if spent is None else ("dp-accounting",))),
    }


def c2st(problem: Problem, drawn: np.ndarray, holdout: np.ndarray) -> float:
    count = min(len(drawn), len(holdout))
    return told_apart(drawn[:count], holdout[:count], problem.few)


def by_column(figures: PrivacyFigures, names: list[str]) -> dict[str, Any]:
    found = figures.by_column
    worst = int(np.nanargmax(found.advantage / found.standard_error))
    return {
        "guess_column": names[worst],
        "guess_advantage": float(found.advantage[worst]),
        "guess_error": float(found.standard_error[worst]),
    }


TITLES = {
    "default": "default",
    'purpose="sample"': '`purpose="sample"`',
    "small": 'small: `purpose="sample"`, width 64, 15 epochs',
}
"""Fits without a guarantee, and under which title."""
SPENT = {"small": "none", "small, epsilon 8": "8", "small, epsilon 2": "2"}
"""Fits that say what a guarantee costs, and their epsilon."""


def _groups(runs: list[dict[str, Any]], methods: Iterable[str]) -> Iterator[tuple[str, str, Callable[..., float]]]:
    """Table, fit, and the median over seeds of any figure of theirs."""
    for name, method in itertools.product(TABLES, methods):
        group = [run for run in runs if (run["table"], run["method"]) == (name, method)]
        if group:
            yield name, method, lambda *path, group=group: median(_inside(run, path) for run in group)


def _auc(of: Callable[..., float], attack: str) -> str:
    return f"{of(attack, 'auc'):.3f} ± {of(attack, 'standard_error'):.3f}"


def measures(runs: list[dict[str, Any]]) -> str:
    """What fits without a guarantee tell; medians over seeds."""
    head = ["table", "fit", "copies (of hold-out rows)", "close (5 %)", "nearer (50 %)", "AUC by log-likelihood"]
    head += ["found at 1 %", "AUC by drawn rows", "C2ST AUC"]
    body = [
        [
            name,
            TITLES[method],
            f"{of('closest', 'copied_share'):.2%} ({of('closest', 'holdout_copied_share'):.2%})".replace("%", " %"),
            f"{of('closest', 'close_share'):.1%}".replace("%", " %"),
            f"{of('closest', 'nearer_share'):.1%} ± {of('closest', 'nearer_error'):.1%}".replace("%", " %"),
            _auc(of, "by_likelihood"),
            f"{of('by_likelihood', 'found_share'):.1%}".replace("%", " %"),
            _auc(of, "by_samples"),
            f"{of('c2st'):.3f}",
        ]
        for name, method, of in _groups(runs, TITLES)
    ]
    return markdown(head, body)


def costs(runs: list[dict[str, Any]]) -> str:
    """What a guarantee costs; medians over seeds."""
    head = ["table", "epsilon", "noise, in clipping norms", "C2ST AUC", "AUC by log-likelihood", "AUC by drawn rows"]
    body = [
        [
            name,
            SPENT[method],
            "-" if SPENT[method] == "none" else f"{of('noise'):.2f}",
            f"{of('c2st'):.3f}",
            _auc(of, "by_likelihood"),
            _auc(of, "by_samples"),
            f"{of('fit_processor_seconds'):.0f}",
        ]
        for name, method, of in _groups(runs, SPENT)
    ]
    return markdown([*head, "processor seconds"], body)


def independent(runs: list[dict[str, Any]]) -> dict[str, float]:
    """By table the C2ST AUC of training rows whose columns are shuffled, each by itself."""
    return {name: of("c2st") for name, _, of in _groups(runs, ["independent columns"])}


def _inside(run: dict[str, Any], path: tuple[str, ...]) -> float:
    found: Any = run
    for name in path:
        found = found[name]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--tables", nargs="+", default=list(TABLES))
    parser.add_argument("--methods", nargs="+", default=list(METHODS), choices=list(METHODS), metavar="METHOD")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--table", action="store_true", help="print what OUT holds as a table, run nothing")
    options = parser.parse_args()
    if options.table:
        lines = lines_of(options.out)
        print(measures(lines), costs(lines), sep="\n\n")
        return
    warnings.filterwarnings("ignore")
    done = {(run["table"], run["method"], run["seed"]) for run in lines_of(options.out)}
    for seed, name in itertools.product(options.seeds, options.tables):
        left = [method for method in options.methods if (name, method, seed) not in done]
        problem = Problem(name, seed) if left else None
        for method in left if problem else []:
            line = run(problem, method, seed)
            keep(line, options.out)
            print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
