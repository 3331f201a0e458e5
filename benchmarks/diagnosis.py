"""Where EvenVAE loses: by column beside a peer's imputations, and by part of the model for drawn rows.

    EVENVAE_DATA=... python benchmarks/diagnosis.py imputation benchmarks/results/imputation.jsonl --tables wine
    EVENVAE_DATA=... python benchmarks/diagnosis.py samples --tables wine

``imputation`` shows for every table the errors of the columns by the model and by a peer, from the lines that
`imputation.py` wrote, means over the seeds that both have. Columns stand in the order of the gap, with its share of all
that the model loses in the columns where the peer is better. Where the file has no line of the model, it is fitted for
the first seed of the peer.

``samples`` fits the model to the training rows of `synthetic.py` and asks boosted trees to tell rows from held-out ones
(C2ST AUC; 0.5 is best). The held-out rows are cut in halves; each half is told from rows that come of the other one,
and the mean of both is shown (with half the rows, trees tell less than in `synthetic.py`), of rows that are

* the other half itself: how far from 0.5 chance leads, with so many rows;
* drawn by the heads at a draw from the posterior of each row of the other half: what the heads alone cost;
* draws of the model, with latents from the density that it samples from: what the density costs in addition;
* for every column, the other half with that column alone replaced: by the draw of the heads at the row's own posterior
  (which column betrays), and by the cell of another row (what it would cost to lose all that the column has to do with
  the others).
"""

import argparse
import warnings
from collections.abc import Callable
from pathlib import Path
from statistics import mean
from typing import Any

import equinox as eqx
import jax
import numpy as np

import evenvae
import imputation
from complete_rows import Problem
from evenvae import tables, threefry
from evenvae.fitted import kernels
from evenvae.fitted.asking import in_slices, of_member, slice_rows
from sample_figures import told_apart
from twenty_tables import MOST, TWENTY, lines_of, markdown

FOREST = "forests by type (MissForest)"


def column_errors(lines: list[dict[str, Any]], name: str, method: str, mechanism: str) -> dict[int, dict[str, float]]:
    """By seed the errors of the columns that have any."""
    found = {}
    for line in lines:
        if (line["table"], line["method"], line.get("holes")) == (name, method, mechanism):
            found[line["seed"]] = {column: error for column, error in line["columns"].items() if error is not None}
    return found


def gaps(lines: list[dict[str, Any]], name: str, method: str, peer: str, mechanism: str) -> str:
    """A table of the columns; a sentence if the peer has no line."""
    its = column_errors(lines, name, peer, mechanism)
    if not its:
        return f"{name}: no line of {peer} with --holes {mechanism}."
    own = column_errors(lines, name, method, mechanism)
    if not own.keys() & its.keys():
        seed = min(its)
        own = column_errors(imputation.runs_of(name, method, seed, mechanism), name, method, mechanism)
    seeds = sorted(own.keys() & its.keys())
    columns = {column for seed in seeds for column in own[seed].keys() & its[seed].keys()}
    pair = {
        column: [mean(by[seed][column] for seed in seeds if column in by[seed]) for by in (own, its)]
        for column in columns
    }
    lost = sum(max(ours - peers, 0.0) for ours, peers in pair.values())
    body = []
    for column, (ours, peers) in sorted(pair.items(), key=lambda item: item[1][1] - item[1][0]):
        share = f"{(ours - peers) / lost:+.0%}" if lost else "-"
        body.append([f"`{column}`", f"{ours:.4f}", f"{peers:.4f}", f"{ours - peers:+.4f}", share])
    means = [mean(errors) for errors in zip(*pair.values(), strict=True)]
    body.append(["mean", *(f"{error:.4f}" for error in means), f"{means[0] - means[1]:+.4f}", ""])
    return markdown([f"{name}, {len(seeds)} seeds", method, peer, "gap", "share of what is lost"], body)


def rows_at_posteriors(model: evenvae.EvenVAE, rows: Any, seed: int) -> np.ndarray:
    """(N, E) what the heads draw at one draw from the posterior of every row; of the first member of an ensemble."""
    fitted = model.fitted_
    encoded = tables.encode(rows, fitted.schema)
    keys = threefry.split(threefry.key(seed))
    latents = of_member(fitted, kernels.posterior_draw, fitted.batch(encoded), key=keys[0])
    network, layout, scales = jax.device_put(fitted.network(0)), fitted.space.layout, fitted.space.device_scales

    @eqx.filter_jit
    def draw(network: Any, part: Any, key: Any) -> Any:
        latents, tasks = part
        parameters = network.model.decode(network.model.decodable(latents, tasks))
        return kernels.draw(layout, parameters, scales, threefry.wrap(key))

    ask = lambda part, key: draw(network, part, key)
    return fitted.space.drawn(in_slices(ask, (latents, encoded.tasks), slice_rows(layout), keys[1]))


def both_halves(real: np.ndarray, made: np.ndarray, few: np.ndarray) -> float:
    """Mean AUC of each half of the real rows beside what was made in place of the other half."""
    half = len(real) // 2
    first, last = slice(0, half), slice(half, 2 * half)
    return mean([told_apart(made[last], real[first], few), told_apart(made[first], real[last], few)])


def betrayals(name: str, seed: int, most: int, settings: dict[str, Any], columns: bool) -> str:
    """Two tables of AUCs: of whole rows, and of single columns, the most betraying ones first."""
    problem = Problem(name, seed, most)
    model = evenvae.EvenVAE(purpose="sample", random_state=seed, schema=problem.schema).set_params(**settings)
    model.fit(problem.typed(problem.train))
    real = problem.rounded(problem.test)
    at_posteriors = problem.rounded(rows_at_posteriors(model, problem.typed(problem.test), seed))
    drawn = problem.codes(model.sample(len(real), random_state=seed))
    auc: Callable[[np.ndarray], float] = lambda made: both_halves(real, made, problem.few)
    whole = {
        "other held-out rows": auc(real),
        "heads at the posteriors of other held-out rows": auc(at_posteriors),
        f"draws of the model ({model.fitted_.plan.latents} latents)": auc(drawn),
    }
    text = markdown([f"{name}, {len(real)} held-out rows", "C2ST AUC"], [[k, f"{v:.3f}"] for k, v in whole.items()])
    if not columns:
        return text
    other = np.random.default_rng(seed).permuted(real, axis=0)
    swapped = {}
    for place, column in enumerate(problem.schema.features):
        made = [np.where(np.arange(real.shape[1]) == place, source, real) for source in (at_posteriors, other)]
        swapped[column.name] = [auc(rows) for rows in made]
    body = [
        [f"`{column}`", *(f"{value:.3f}" for value in values)]
        for column, values in sorted(swapped.items(), key=lambda item: -item[1][0])
    ]
    return f"{text}\n\n{markdown(['the column alone replaced', 'at its own posterior', 'by another row'], body)}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    kinds = parser.add_subparsers(dest="kind", required=True)
    by_column = kinds.add_parser("imputation")
    by_column.add_argument("results", type=Path)
    by_column.add_argument("--method", default=imputation.OURS)
    by_column.add_argument("--peer", default=FOREST)
    by_column.add_argument("--holes", choices=["mcar", "mar"], default="mcar")
    by_part = kinds.add_parser("samples")
    by_part.add_argument("--seed", type=int, default=0)
    by_part.add_argument("--most", type=int, default=MOST, help="rows of a table that are used at most")
    by_part.add_argument("--no-columns", action="store_true", help="leave the single columns out")
    by_part.add_argument("--set", action="append", default=[], metavar="OPTION=VALUE", help="of the model")
    for kind in (by_column, by_part):
        kind.add_argument("--tables", nargs="+", default=list(TWENTY))
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    if options.kind == "imputation":
        lines = lines_of(options.results)
        for name in options.tables:
            print(gaps(lines, name, options.method, options.peer, options.holes), "\n", sep="", flush=True)
        return
    settings = {name: evaluated(value) for name, value in (pair.split("=", 1) for pair in options.set)}
    for name in options.tables:
        print(betrayals(name, options.seed, options.most, settings, not options.no_columns), "\n", sep="", flush=True)


def evaluated(value: str) -> Any:
    """A number where the text is one."""
    for kind in (int, float):
        try:
            return kind(value)
        except ValueError:
            continue
    return value


if __name__ == "__main__":
    main()
