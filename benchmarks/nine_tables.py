"""Plain against balanced on the nine tables of Javaloy, Meghdadi and Valera (2021), with their networks.

    EVENVAE_DATA=... python benchmarks/nine_tables.py benchmarks/results/nine_tables.jsonl
    EVENVAE_DATA=... python benchmarks/nine_tables.py benchmarks/results/four_models.jsonl \\
        --models iwae,dreg,hivae --tables adult,credit,wine,rwm5yr

One line a run, appended as it ends; run again to go on. Splits are 70/10/20 by seed, matched between methods.
"""

import argparse
import itertools
import json
import time
from pathlib import Path
from statistics import median

import numpy as np

import evenvae
from evenvae import datasets
from provenance import provenance

EPOCHS = {"wine": 2000}
HIDDEN = {"bank": 100}
MODELS = {
    "vae": {},
    "iwae": {"objective": "iwae"},
    "dreg": {"objective": "dreg"},
    "hivae": {"model": "hivae"},
    "geco-column": {"objective": evenvae.GECO(constraint="column")},
}


def epochs_of(name: str, kind: str) -> int:
    """The paper's epochs."""
    return 2000 if kind == "hivae" else EPOCHS.get(name, 400)


def one(name: str, kind: str, balance: str, seed: int, share_of_epochs: float) -> dict:
    """Fit and evaluate one run."""
    data = datasets.load(name)
    order = np.random.default_rng(seed).permutation(len(data.table))
    cut = int(0.8 * len(order))
    train, test = data.table.iloc[order[:cut]], data.table.iloc[order[cut:]]
    network = evenvae.Network(initialisation="marginals", width=HIDDEN.get(name, 50))
    model = evenvae.EvenVAE(
        **MODELS[kind],
        schema=data.schema,
        balance=balance,
        preset="paper",
        network=None if kind == "hivae" else network,
        epochs=epochs_of(name, kind) * share_of_epochs,
        validation_fraction=0.125,
        random_state=seed,
    )
    began = time.perf_counter()
    model.fit(train)
    seconds = time.perf_counter() - began
    default, mean, mode = (model.evaluate(test, point_estimate=name) for name in ("default", "mean", "mode"))
    last = model.history_[-1]
    return {
        "table": name,
        "model": kind,
        "balance": balance,
        "seed": seed,
        "epochs": epochs_of(name, kind) * share_of_epochs,
        "steps": model.n_steps_,
        "seconds": round(seconds, 1),
        **{key: default.attrs[key] for key in ("error", "worst_ratio", "worst_column", "log_likelihood")},
        "kl": last["kl"][0],
        **{key: [round(v, 3) for v in last[key][0]] for key in ("multiplier", "constraint") if key in last},
        "error_by_mean": mean.attrs["error"],
        "error_by_mode": mode.attrs["error"],
        "columns": {
            row.column: [round(row.error, 5), round(row.baseline, 5)] for row in default.itertuples(index=False)
        },
    }


def as_table(lines: list[dict]) -> str:
    """Medians of the error over seeds in Markdown: a row for every model and balance, a column a table."""
    errors: dict[tuple, list[float]] = {}
    for line in lines:
        errors.setdefault((line.get("model", "vae"), line["balance"], line["table"]), []).append(line["error"])
    rows, tables = (list(dict.fromkeys(of(key) for key in errors)) for of in (lambda k: k[:2], lambda k: k[2]))
    cell = lambda key: f"{median(errors[key]):.3f} ({len(errors[key])})" if key in errors else "-"
    body = [f"| {m} | {b} | " + " | ".join(cell((m, b, t)) for t in tables) + " |" for m, b in sorted(rows)]
    return "\n".join(["| model | balance | " + " | ".join(tables) + " |", "| --- " * (len(tables) + 2) + "|", *body])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--tables", default="adult,credit,wine,diamonds,bank,imdb,hi,rwm5yr,labour")
    parser.add_argument("--models", default="vae", help=", ".join(MODELS))
    parser.add_argument("--balances", default="none,imtl-g+pcgrad")
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--share", type=float, default=1.0, help="share of the paper's epochs")
    parser.add_argument("--table", action="store_true", help="print what OUT holds as a table, run nothing")
    options = parser.parse_args()
    if options.table:
        print(as_table([json.loads(line) for line in options.out.read_text().splitlines()]))
        return
    done = set()
    if options.out.exists():
        for line in options.out.read_text().splitlines():
            run = json.loads(line)
            done.add((run["table"], run.get("model", "vae"), run["balance"], run["seed"]))
    seeds = [int(seed) for seed in options.seeds.split(",")]
    lists = (seeds, options.tables.split(","), options.models.split(","), options.balances.split(","))
    for seed, name, kind, balance in itertools.product(*lists):
        if (name, kind, balance, seed) in done:
            continue
        row = one(name, kind, balance, seed, options.share)
        row |= {
            **provenance("jax"),
        }
        with options.out.open("a") as file:
            file.write(json.dumps(row) + "\n")
        print(name, kind, balance, seed, round(row["error"], 4), f"{row['seconds']:.0f} s", flush=True)


if __name__ == "__main__":
    main()
