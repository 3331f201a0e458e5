"""Evenness without victims: candidates beside plain training, by mean error, worst column and likelihood.

    EVENVAE_DATA=... python benchmarks/evenness.py benchmarks/results/evenness.jsonl
    python benchmarks/evenness.py benchmarks/results/evenness.jsonl --table

One line a run, appended as it ends; run again to go on, and run several with ``--part 0/2``, ``--part 1/2`` side by
side. Candidates of one table, network and seed learn the same rows (at most `LEARNED`) for `EPOCHS` epochs and are
judged by the same test rows: the error of every column, and the log-likelihood of a row by draws that adapt to it
(`score_samples` with a tolerance), in nats, with its standard error. A table that the library does not know is read
from the folder ``more`` of EVENVAE_DATA.
"""

import argparse
import itertools
import time
from collections import defaultdict
from pathlib import Path
from statistics import mean, median
from typing import Any

import numpy as np

from evenvae import ELBO, EvenVAE, Network, Sampling, Training, balancing, tables
from evenvae.fitted.evaluation import ratio_of
from evenvae.search.balances import crossed, split
from provenance import provenance
from twenty_tables import NINE, keep, lines_of, markdown, table_of

LEARNED, TESTED, SCORED, TOLERANCE = 12_000, 4000, 300, 0.1
EPOCHS = {"paper": 60, "default": 40}
TABLES = (*NINE, "rand-hie")
PAPER = crossed(balancing.MAGNITUDES, balancing.DIRECTIONS)
EVIDENCE = "families by evidence"
PLAIN, RECIPE = "none", f"power-norm[gamma=0.5], KL 0.1, fitted, hide 0.3, {EVIDENCE}"
ALMOST = 1.05
"""The largest ratio of a column's error to plain's that is no loss."""


def settings_of(candidate: str) -> dict[str, Any]:
    """The options of a candidate: the balance, then what differs from plain training, with commas between them."""
    balance, *others = split(candidate)
    chosen: dict[str, Any] = {"balance": balance}
    for other in others:
        if other.startswith("KL "):
            chosen["objective"] = ELBO(beta=float(other.removeprefix("KL ")))
        elif other == "fitted":
            chosen["sampling"] = Sampling(latents="fitted")
        elif other.startswith("hide "):
            chosen["training"] = Training(hide_cells=float(other.removeprefix("hide ")))
        elif other == EVIDENCE:
            continue  # the schema, see `run`
        else:
            chosen["prior"] = other
    return chosen


def network_of(kind: str) -> dict[str, Any]:
    """The paper's network with heads at the marginals, or the default one."""
    if kind == "default":
        return {}
    return {"preset": "paper", "network": Network(initialisation="marginals")}


def rows_of(name: str, seed: int) -> tuple[Any, Any, Any]:
    """Rows to learn from and to be judged by, and the schema (None for a table that has none)."""
    table, schema = table_of(name)
    order = np.random.default_rng(seed).permutation(len(table))
    cut = min(int(0.8 * len(order)), LEARNED)
    take = table.iloc.__getitem__ if schema else table.take
    return take(order[:cut]), take(order[cut:][:TESTED]), schema


def one(name: str, kind: str, candidate: str, seed: int) -> dict[str, Any]:
    """Fit and judge one run."""
    train, test, schema = rows_of(name, seed)
    schema = schema or tables.Schema.infer(train, families="paper")
    if EVIDENCE in split(candidate):
        schema = schema.with_families(train)
    model = EvenVAE(
        schema=schema,
        epochs=EPOCHS[kind],
        validation_fraction=0.125,
        random_state=seed,
        **network_of(kind),
        **settings_of(candidate),
    )
    began = time.perf_counter()
    model.fit(train)
    seconds = time.perf_counter() - began
    judged = model.evaluate(test)
    details = model.score_samples(test[:SCORED], return_details=True, tolerance=TOLERANCE)
    return {
        "table": name,
        "network": kind,
        "candidate": candidate,
        "seed": seed,
        "seconds": round(seconds, 1),
        "error": judged.attrs["error"],
        "log_likelihood": round(float(details["total"].mean()), 4),
        "standard_error": round(float(np.sqrt((details["standard_error"] ** 2).sum()) / len(details["total"])), 4),
        "reliable": round(float(details["reliable"].mean()), 3),
        "kl": model.history_[-1]["kl"][0],
        "columns": {row.column: [round(row.error, 6), round(row.baseline, 6)] for row in judged.itertuples()},
        "tolerance": TOLERANCE,
    }


def key_of(line: dict[str, Any]) -> tuple[str, str, str, int]:
    """What tells a run from others."""
    return line["table"], line["network"], line["candidate"], line["seed"]


def plain_of(candidate: str) -> str:
    """The plain candidate with the same families, by which a candidate is judged."""
    return f"{PLAIN}, {EVIDENCE}" if EVIDENCE in split(candidate) else PLAIN


def ratios(run: dict[str, Any], plain: dict[str, Any]) -> dict[str, float]:
    """Every column's error over that of the plain run."""
    own, its = (np.array([one["columns"][name][0] for name in run["columns"]]) for one in (run, plain))
    return dict(zip(run["columns"], ratio_of(own, its, both_zero=1.0).tolist(), strict=True))


def summary(lines: list[dict[str, Any]], kind: str) -> dict[str, dict[str, dict[str, Any]]]:
    """For every candidate and table with a plain run of the same seeds: medians over seeds, beside plain's."""
    runs = {key_of(line): line for line in lines if line["network"] == kind}
    grouped = defaultdict(list)
    for (name, _, candidate, seed), run in runs.items():
        plain = runs.get((name, kind, plain_of(candidate), seed))
        if plain is not None:
            grouped[candidate, name].append((run, plain))
    found: dict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
    for (candidate, name), pairs in grouped.items():
        by_seed = [ratios(*pair) for pair in pairs]
        by_column = {column: median(one[column] for one in by_seed) for column in by_seed[0]}
        worst = max(by_column, key=lambda column: by_column[column])
        found[candidate][name] = {
            "error": median(run["error"] for run, _ in pairs),
            "plain": median(plain["error"] for _, plain in pairs),
            "worst": by_column[worst],
            "worst_column": worst,
            "lose": sum(ratio > ALMOST for ratio in by_column.values()),
            "nats": median(run["log_likelihood"] - plain["log_likelihood"] for run, plain in pairs),
            "seconds": median(run["seconds"] / plain["seconds"] for run, plain in pairs),
            "seeds": len(pairs),
        }
    return found


def as_table(lines: list[dict[str, Any]], kind: str) -> str:
    """Candidates in rows: means over tables, on how many tables each goal is met, and the figures of every table."""
    found = summary(lines, kind)
    names = [name for name in dict.fromkeys(line["table"] for line in lines) if name in found.get(PLAIN, {})]
    best = {
        name: min((found[c][name]["error"] for c in PAPER if name in found.get(c, {})), default=float("nan"))
        for name in names
    }
    head = ["candidate", "error / plain", "error no higher than the paper's best", f"worst column at most {ALMOST}"]
    head += ["nats at least plain's", "time / plain", *names]
    body = []
    for candidate, by_table in found.items():
        known = [name for name in names if name in by_table]
        cells = [by_table[name] for name in known]
        body.append(
            [
                candidate,
                f"{np.exp(mean(np.log(cell['error'] / cell['plain']) for cell in cells)):.3f}",
                counted([by_table[name]["error"] <= best[name] for name in known]),
                counted([cell["worst"] <= ALMOST for cell in cells]),
                counted([cell["nats"] >= 0 for cell in cells]),
                f"{median(cell['seconds'] for cell in cells):.2f}",
                *(said(by_table[name]) if name in by_table else "-" for name in names),
            ]
        )
    return markdown(head, body)


def beside_paper(lines: list[dict[str, Any]], kind: str, candidate: str) -> str:
    """One row a table: plain, a candidate, and the best by error of those of the paper that were tried, if any.

    The paper's have the families of the literature, and their own plain.
    """
    found = summary(lines, kind)
    head = ["table", "error: plain", "paper's best", "default", "worst column: paper's best", "default"]
    head += ["nats: paper's best", "default"]
    worst = lambda cell: f"{cell['worst']:.2f} (`{cell['worst_column']}`)"
    body = []
    for name, own in found[candidate].items():
        tried = {c: found[c][name] for c in PAPER if c != PLAIN and name in found.get(c, {})}
        best = min(tried, key=lambda c: tried[c]["error"], default=None)
        its = ("-", "-", "-")
        if best is not None:
            cell = tried[best]
            its = (f"{cell['error']:.3f} (`{best}`)", worst(cell), f"{cell['nats']:+.2f}")
        cells = [name, f"{own['plain']:.3f}", its[0], f"**{own['error']:.3f}**", its[1], worst(own), its[2]]
        body.append([*cells, f"{own['nats']:+.2f}"])
    return markdown(head, body)


def by_table(lines: list[dict[str, Any]]) -> str:
    """The default beside the best of the paper's combinations, as the page of results shows it."""
    return beside_paper(lines, "default", RECIPE)


NORM, FITTED = "power-norm[gamma=0.5]", "fitted"
SHOWN = {
    "default": (
        PLAIN, "gradnorm+pcgrad", "gradnorm", "imtl-g", "imtl-g+pcgrad", "none, vamp", "none, KL 0.5, vamp",
        f"{NORM}, KL 0.7, vamp", f"{NORM}, KL 0.5, vamp", f"{NORM}, KL 0.3, vamp", f"{NORM}, KL 0.3, vamp, {FITTED}",
        f"{NORM}, KL 0.3, {FITTED}", f"{NORM}, KL 0.2, {FITTED}", f"{NORM}, KL 0.1, {FITTED}",
        f"none, {EVIDENCE}", f"{NORM}, KL 0.2, {FITTED}, {EVIDENCE}", RECIPE,
    ),
    "paper": (
        PLAIN, "gradnorm+pcgrad", "gradnorm", "gradnorm+graddrop", "imtl-g", "imtl-g+pcgrad", "mgda-ub",
        "none, KL 0.3, vamp", "none, KL 0.2, vamp", "none, KL 0.1, vamp", "power-norm[gamma=0.25], KL 0.3, vamp",
        f"{NORM}, KL 0.5, vamp", f"{NORM}, KL 0.3, vamp", "power-norm[gamma=0.75], KL 0.3, vamp",
        f"{NORM}, KL 0.2, vamp", f"{NORM}, KL 0.1, vamp", f"{NORM}, KL 0.2, {FITTED}",
        f"{NORM}, KL 0.2, {FITTED}, {EVIDENCE}", RECIPE,
    ),
}  # fmt: skip
"""Candidates in the order of the page; others were tried on too few tables."""


def candidates(lines: list[dict[str, Any]], kind: str) -> str:
    """One row a candidate: its error over plain's, and on how many tables no column is worse and rows are as likely."""
    found, body = summary(lines, kind), []
    for candidate in SHOWN[kind]:
        cells = list(found[candidate].values())
        balance, *others = split(candidate)
        name = ", ".join([f"`{balance}`", *others])
        body.append([
            f"**{name}**" if candidate == RECIPE else name,
            f"{np.exp(mean(np.log(cell['error'] / cell['plain']) for cell in cells)):.3f}",
            counted([cell["worst"] <= ALMOST for cell in cells]),
            counted([cell["nats"] >= 0 for cell in cells]),
            f"{median(cell['seconds'] for cell in cells):.2f}",
        ])  # fmt: skip
    head = ["candidate", "error / plain", "tables without a worse column", "tables no less likely"]
    return markdown([*head, "time of the fit / plain"], body)


def candidates_default(lines: list[dict[str, Any]]) -> str:
    """Those of the default network."""
    return candidates(lines, "default")


def candidates_paper(lines: list[dict[str, Any]]) -> str:
    """Those of the network of the paper."""
    return candidates(lines, "paper")


def counted(met: list[bool]) -> str:
    """How many of how many."""
    return f"{sum(met)} of {len(met)}"


def said(cell: dict[str, Any]) -> str:
    """Error / worst ratio (number of columns that lose) / nats beside plain's."""
    return f"{cell['error']:.4f} / {cell['worst']:.2f} ({cell['lose']}) / {cell['nats']:+.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--tables", nargs="+", default=list(TABLES))
    parser.add_argument("--networks", nargs="+", default=["paper", "default"])
    parser.add_argument("--candidates", nargs="+", default=list(PAPER))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--part", default="0/1", help="which of how many parts of the tables to run")
    parser.add_argument("--table", action="store_true", help="print what OUT holds as a table, run nothing")
    options = parser.parse_args()
    if options.table:
        for kind in options.networks:
            print(f"{kind} network\n\n{as_table(lines_of(options.out), kind)}\n")
            print(f"{beside_paper(lines_of(options.out), kind, RECIPE)}\n")
        return
    part, parts = (int(number) for number in options.part.split("/"))
    done = {key_of(line) for line in lines_of(options.out)}
    for seed, kind, candidate, name in itertools.product(
        options.seeds, options.networks, options.candidates, options.tables[part::parts]
    ):
        if (name, kind, candidate, seed) in done:
            continue
        line = one(name, kind, candidate, seed)
        keep(line | provenance("jax"), options.out)
        print(name, kind, candidate, seed, round(line["error"], 4), line["log_likelihood"], line["seconds"], flush=True)


if __name__ == "__main__":
    main()
