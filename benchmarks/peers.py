"""Seconds to a model and to its answers: EvenVAE beside CTGAN's VAE (TVAE) and scikit-learn's IterativeImputer.

    pip install torch==2.13.0 && pip install '.[benchmark]'
    EVENVAE_DATA=... python benchmarks/peers.py benchmarks/results/peers.json

Every figure is a process of its own; the methods take turns, each turn with another seed, and the figures are medians
over turns. The figures to read are the ratios within a turn. All have as many threads as they like.

Generators learn 80 % of the rows without holes and draw 5000 rows. Their error is that of the drawn rows beside the
other 20 %: the mean over columns of the total variation (levels) or the Wasserstein distance over the range (numbers),
plus the mean over pairs of columns of the difference of Cramér's V (numbers cut by the deciles of the other rows);
beside it stands the AUC of trees that tell drawn rows from the others (`synthetic.py`; 0.5 is best).
EvenVAE with ``purpose="sample"`` comes first. TVAE, at its defaults, is judged from time to time while it learns, with
the clock stopped, until its error is as small as EvenVAE's or ``--cap`` epochs are over (its default is 300); EvenVAE
is also fitted for few epochs, where it may reach what TVAE ends with.

Imputers learn 80 % of the rows with a fifth of the cells hidden, and fill the others; the error is that of
`imputation.py`. IterativeImputer has its defaults and gets an array of numbers and codes of levels; EvenVAE gets and
gives a table.
"""

import argparse
import contextlib
import importlib.util
import itertools
import json
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np

DRAWN, REPEATS, SAMPLES = 5000, 5, 100
JUDGED = (1, 2, 3, 5, 7, 10, 15, 20, 30, 40, 50, 70, 100, 130, 160, 200, 250, 300)
FEW = (2, 5, 15, 50)
"""Epochs after which TVAE is judged, beside the last, and those of the short fits of EvenVAE."""
EVENVAE, TVAE, OURS, ITERATIVE = "EvenVAE, sample", "TVAE", "EvenVAE, impute", "IterativeImputer"


class Enough(Exception):
    """TVAE need not learn longer."""


def seconds(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def rows_a_second(count: int, call: Callable[[], object]) -> float:
    """Median of calls after the first."""
    call()
    return count / statistics.median(seconds(call) for _ in range(REPEATS))


def error_of(problem, rows) -> float:
    """How far drawn rows are from test rows; see the head of the file."""
    return sum(differences(problem, rows))


def told_apart(problem, rows) -> float:
    from sample_figures import told_apart

    drawn, test = rows, problem.rounded(problem.test)
    count = min(len(drawn), len(test))
    return told_apart(drawn[:count], test[:count], problem.few)


def differences(problem, rows) -> tuple[float, float]:
    """Of columns and of pairs."""
    from scipy.stats import wasserstein_distance

    drawn, test = rows, problem.rounded(problem.test)
    marginals, cut = [], []
    for d, column in enumerate(problem.schema.features):
        both = drawn[:, d], test[:, d]
        if column.discrete:
            shares = [np.bincount(part.astype(int), minlength=column.cardinality) / len(part) for part in both]
            marginals.append(0.5 * np.abs(shares[0] - shares[1]).sum())
            cut.append([part.astype(int) for part in both])
        else:
            marginals.append(wasserstein_distance(*both) / np.ptp(both[1]))
            edges = np.unique(np.quantile(both[1], np.arange(1, 10) / 10))
            cut.append([np.digitize(part, edges) for part in both])
    pairs = [abs(cramers_v(a[0], b[0]) - cramers_v(a[1], b[1])) for a, b in itertools.combinations(cut, 2)]
    return float(np.mean(marginals)), float(np.mean(pairs))


def cramers_v(a: np.ndarray, b: np.ndarray) -> float:
    counts = np.zeros((a.max() + 1, b.max() + 1))
    np.add.at(counts, (a, b), 1)
    counts = counts[counts.any(1)][:, counts.any(0)]
    if min(counts.shape) < 2:
        return 0.0
    expected = np.outer(counts.sum(1), counts.sum(0)) / counts.sum()
    return float(np.sqrt(((counts - expected) ** 2 / expected).sum() / counts.sum() / (min(counts.shape) - 1)))


def fitted_twice(make: Callable, table) -> tuple:
    """A model, and the seconds of the process's first fit and of another one."""
    model = make()
    taken = {"fit, new process": seconds(lambda: model.fit(table)), "fit, again": seconds(lambda: make().fit(table))}
    return model, taken


def ours_sample(options: argparse.Namespace, seed: int) -> dict:
    from complete_rows import Problem
    from evenvae import EvenVAE

    problem = Problem(options.table, seed, most=None)
    train = problem.typed(problem.train)
    sampled = lambda model: problem.codes(model.sample(DRAWN, random_state=seed))
    make = lambda epochs=options.epochs: EvenVAE(
        purpose="sample", random_state=seed, schema=problem.schema, epochs=epochs
    )
    model, taken = fitted_twice(make, train)
    short = []
    for epochs in FEW:
        if not options.epochs or epochs < options.epochs:
            few = make(epochs)
            spent = seconds(lambda few=few: few.fit(train))
            short.append([epochs, spent, error_of(problem, sampled(few))])
    drawn = sampled(model)
    columns, pairs = differences(problem, drawn)
    return {
        **taken,
        "error": columns + pairs,
        "error of columns": columns,
        "error of pairs": pairs,
        "told apart": told_apart(problem, drawn),
        "error of training rows": error_of(problem, problem.rounded(problem.train)[:DRAWN]),
        "rows drawn a second": rows_a_second(DRAWN, lambda: model.sample(DRAWN, random_state=seed)),
        "epochs, seconds, error": short,
    }


def tvae(options: argparse.Namespace, seed: int, target: float) -> dict:
    import ctgan
    import torch

    from complete_rows import Problem

    problem, curve = Problem(options.table, seed, most=None), []
    draw = lambda: problem.of_plain(model.sample(DRAWN))
    frame = problem.plain(problem.train)
    levels = [column.name for column in problem.schema.features if column.discrete]
    judging = 0.0

    class Watched(ctgan.TVAE):
        """TVAE has no callback; it is known by the losses, which it keeps, that an epoch is over."""

        def __setattr__(self, name, value) -> None:
            super().__setattr__(name, value)
            if name == "loss_values" and len(value):
                after(int(value["Epoch"].iloc[-1]) + 1)

    def after(epochs: int) -> None:
        nonlocal judging
        spent = time.perf_counter() - began - judging
        if epochs in JUDGED or epochs == cap:
            judging += seconds(lambda: curve.append([epochs, spent, error_of(problem, draw())]))
            if curve[-1][2] <= target:
                raise Enough

    torch.manual_seed(seed)
    np.random.seed(seed)  # noqa: NPY002
    cap = min(options.cap, options.epochs or options.cap)
    model = Watched(epochs=cap)
    began = time.perf_counter()
    with contextlib.suppress(Enough):
        model.fit(frame, levels)
    drawn = draw()
    columns, pairs = differences(problem, drawn)
    return {
        "reached": bool(curve[-1][2] <= target),
        "epochs": curve[-1][0],
        "seconds": curve[-1][1],
        "error": curve[-1][2],
        "error of columns": columns,
        "error of pairs": pairs,
        "told apart": told_apart(problem, drawn),
        "least error": min(error for _, _, error in curve),
        "rows drawn a second": rows_a_second(DRAWN, lambda: model.sample(DRAWN)),
        "epochs, seconds, error": curve,
    }


def ours_impute(options: argparse.Namespace, seed: int) -> dict:
    from evenvae import EvenVAE, tables
    from holes import Problem

    problem = Problem(options.table, seed, most=None)
    frame = tables.decode(problem.holes, problem.schema)
    train, test = frame.iloc[problem.train], frame.iloc[problem.test]
    make = lambda: EvenVAE(purpose="impute", random_state=seed, schema=problem.schema, epochs=options.epochs)
    model, taken = fitted_twice(make, train)
    filled = []
    taken["fill, first"] = seconds(lambda: filled.append(model.impute_values(test)[1][0]))
    return {
        **taken,
        "error": float(np.nanmean(problem.errors(filled[0]))),
        "rows filled a second": rows_a_second(len(test), lambda: model.impute(test)),
        "rows scored a second": rows_a_second(len(test), lambda: model.score_samples(test, samples=SAMPLES)),
    }


def iterative(options: argparse.Namespace, seed: int) -> dict:
    from sklearn.experimental import enable_iterative_imputer  # noqa: F401
    from sklearn.impute import IterativeImputer

    from holes import Problem

    problem, filled = Problem(options.table, seed, most=None), []
    imputer, test = IterativeImputer(random_state=seed), problem.holes[problem.test]
    fit = seconds(lambda: imputer.fit(problem.holes[problem.train]))
    fill = seconds(lambda: filled.append(imputer.transform(test)))
    return {
        "fit": fit,
        "fill": fill,
        "error": float(np.nanmean(problem.errors(filled[0]))),
        "rows filled a second": rows_a_second(len(test), lambda: imputer.transform(test)),
    }


def measured(method: str, seed: int, target: float = 0.0) -> dict:
    """The figures of a method, from a process of its own."""
    command = [sys.executable, __file__, *sys.argv[1:], "--child", method, str(seed), str(target)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    figures = json.loads(done.stdout.splitlines()[-1])
    print(f"{method}, seed {seed}: {figures}", flush=True)
    return figures


def turn(seed: int, generators: bool) -> dict[str, dict]:
    """All methods with one seed."""
    found = {EVENVAE: measured(EVENVAE, seed)}
    if generators:
        found[TVAE] = measured(TVAE, seed, found[EVENVAE]["error"])
    return found | {OURS: measured(OURS, seed), ITERATIVE: measured(ITERATIVE, seed)}


def ratios(found: dict[str, dict]) -> dict[str, float]:
    """Of one turn: a peer's figure over EvenVAE's, and what either error is of the other."""
    ours, imputer, other = found[EVENVAE], found[OURS], found[ITERATIVE]
    whole = imputer["fit, new process"] + imputer["fill, first"]
    result = {
        "IterativeImputer / EvenVAE, seconds of fitting and filling": (other["fit"] + other["fill"]) / whole,
        "IterativeImputer / EvenVAE, hidden error": other["error"] / imputer["error"],
        "EvenVAE / IterativeImputer, rows filled a second": imputer["rows filled a second"]
        / other["rows filled a second"],
        "EvenVAE, fit in a new process / again, sample": ours["fit, new process"] / ours["fit, again"],
        "EvenVAE, fit in a new process / again, impute": imputer["fit, new process"] / imputer["fit, again"],
    }
    if TVAE in found:
        peer = found[TVAE]
        result["TVAE / EvenVAE, seconds of learning, to EvenVAE's error or the last epoch"] = (
            peer["seconds"] / ours["fit, new process"]
        )
        result["TVAE / EvenVAE, error then"] = peer["error"] / ours["error"]
        result["EvenVAE / TVAE, rows drawn a second"] = ours["rows drawn a second"] / peer["rows drawn a second"]
    return result


def seconds_to(curve: list[list[float]], error: float) -> float | None:
    """Of the first point of a curve that is as good as ``error``; None if there is none."""
    return next((round(spent, 2) for _, spent, own in curve if own <= error), None)


def said(turns: list[dict[str, dict]]) -> list[str]:
    """In words, by turn, how long either generator takes to what the other one reaches."""
    lines = []
    for number, found in enumerate(turns):
        ours, peer = found[EVENVAE], found[TVAE]
        reached = f"{peer['seconds']:.0f} s" if peer["reached"] else f"not reached in {peer['epochs']} epochs"
        fits = [*ours["epochs, seconds, error"], ["all", ours["fit, new process"], ours["error"]]]
        own = seconds_to(fits, peer["least error"])
        lines.append(
            f"seed {number}: EvenVAE's error {ours['error']:.4f}: {ours['fit, new process']:.0f} s, TVAE: {reached}; "
            f"TVAE's least error {peer['least error']:.4f}, EvenVAE: {'not reached' if own is None else f'{own:.0f} s'}"
        )
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--table", default="adult")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--cap", type=int, default=300, help="the most epochs of TVAE")
    parser.add_argument("--epochs", type=int, help="of every fit of EvenVAE, and the most of TVAE; to try the script")
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    if options.child:
        method, seed, target = options.child
        methods = {EVENVAE: ours_sample, OURS: ours_impute, ITERATIVE: iterative}
        seed = int(seed)
        print(json.dumps(tvae(options, seed, float(target)) if method == TVAE else methods[method](options, seed)))
        return
    from provenance import provenance

    missing = [package for package in ("torch", "ctgan") if importlib.util.find_spec(package) is None]
    if missing:
        print(f"TVAE is left out: {', '.join(missing)} not installed; pip install '.[benchmark]' brings it", flush=True)
    turns = [turn(seed, not missing) for seed in range(options.turns)]
    middle = lambda values: round(statistics.median(values), 4)
    by_turn = [ratios(found) for found in turns]
    report = {
        "ratios": {name: middle(one[name] for one in by_turn) for name in by_turn[0]},
        "error reached": said(turns) if not missing else f"{', '.join(missing)} not installed",
        "medians": {
            method: {
                name: middle(found[method][name] for found in turns)
                for name, value in figures.items()
                if isinstance(value, float)
            }
            for method, figures in turns[0].items()
        },
        "turns": turns,
        "table": options.table,
        **provenance("scikit-learn", "jax", *([] if missing else ["torch", "ctgan"])),
    }
    options.out.write_text(json.dumps(report, indent=1) + "\n")
    print(json.dumps({name: report[name] for name in ("ratios", "error reached", "medians")}, indent=1))


if __name__ == "__main__":
    main()
