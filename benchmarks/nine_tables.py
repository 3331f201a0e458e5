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
from evenvae.experiments.settings import read
from provenance import provenance
from twenty_tables import NINE, lines_of, markdown

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


PLAIN, BALANCED, OTHER = "none", "gradnorm+pcgrad", "imtl-g+pcgrad"
FOUR = ("adult", "credit", "wine", "diamonds")
SHOWN = {
    "vae": (PLAIN, BALANCED, OTHER),
    "iwae": (PLAIN, OTHER),
    "dreg": (PLAIN, OTHER),
    "hivae": (PLAIN, "gradnorm"),
}
"""What stands on the page of the models."""
CONSTRAINTS = {
    "plain": ("vae", PLAIN),
    f"`{OTHER}`": ("vae", OTHER),
    "a constraint a column, gain 0.5": ("geco-column", PLAIN),
    "the same with `pcgrad`": ("geco-column", "pcgrad"),
}


def medians(lines: list[dict], figure: str) -> dict[tuple[str, str, str], float]:
    """By model, balance and table the median of a figure over seeds."""
    found: dict[tuple[str, str, str], list[float]] = {}
    for line in lines:
        if figure in line:
            found.setdefault((line.get("model", "vae"), line["balance"], line["table"]), []).append(line[figure])
    return {key: median(values) for key, values in found.items()}


def listed(lines: list[dict], model: str, balance: str, names: tuple[str, ...]) -> str:
    """Errors of some tables, between commas."""
    errors = medians(lines, "error")
    return ", ".join(f"{errors[model, balance, name]:.3f}" for name in names)


def likelier(lines: list[dict]) -> str:
    """Tables whose rows are likelier by `OTHER` than by `BALANCED`."""
    nats = medians(lines, "log_likelihood")
    return " and ".join(n for n in NINE[::-1] if nats["vae", OTHER, n] > nats["vae", BALANCED, n])


def nats(lines: list[dict], model: str, balance: str, name: str) -> str:
    """The log-likelihood of a row, whole."""
    return f"{medians(lines, 'log_likelihood')[model, balance, name]:.0f}"


def constrained(lines: list[dict]) -> list[dict]:
    """Runs with constraints by columns, but those with a balancer that undoes them."""
    return [run for run in lines if run["model"] == "geco-column" and run["balance"] != OTHER]


def blind(lines: list[dict]) -> dict:
    """The run of adult with constraints and a balancer that is blind to scale."""
    return next(run for run in lines if (run["model"], run["balance"], run["table"]) == ("geco-column", OTHER, "adult"))


def bold_if(text: str, bold: bool) -> str:
    return f"**{text}**" if bold else text


def papers(value: float) -> str:
    """As the paper writes it."""
    return f"{value:.2f}".removeprefix("0")


def beside_paper(lines: list[dict]) -> str:
    """Plain and balanced on nine tables beside the paper's figures; bold where balancing lowers the error."""
    errors, likelihoods = medians(lines, "error"), medians(lines, "log_likelihood")
    said, body = read("table1")["models"]["vae"], []
    for name, plain, best in zip(NINE, said["plain"], said["cocktail"], strict=True):
        own = [f"{errors['vae', balance, name]:.3f}" for balance in (PLAIN, BALANCED)]
        own[1] = bold_if(own[1], own[1] < own[0])
        nats = [f"{likelihoods['vae', balance, name]:.1f}" for balance in (PLAIN, BALANCED)]
        body.append([name, *own, papers(plain), papers(best), *nats])
    head = ["table", "plain", "balanced", "paper: plain", "paper: best of twelve", "log-likelihood, plain", "balanced"]
    return markdown(head, body)


def four_models(nine: list[dict], others: list[dict]) -> str:
    """Four models on four tables, the paper's figure in brackets; bold where a balance lowers the model's error."""
    errors, published, body = medians(nine + others, "error"), read("table1"), []
    for model, balances in SHOWN.items():
        said = published["models"][model]
        for balance in balances:
            cells = []
            for name in FOUR:
                own = f"{errors[model, balance, name]:.3f}"
                theirs = said["plain" if balance == PLAIN else "cocktail"][published["tables"].index(name)]
                lower = own < f"{errors[model, PLAIN, name]:.3f}"
                cells.append(f"{bold_if(own, lower)} ({papers(theirs)})")
            body.append([said["title"], "plain" if balance == PLAIN else f"`{balance}`", *cells])
    return markdown(["model", "", *FOUR], body)


def constraints(lines: list[dict]) -> str:
    """Mean error / worst ratio to a column's baseline / KL; the least error of a table is bold."""
    errors, worst, kl = (medians(lines, figure) for figure in ("error", "worst_ratio", "kl"))
    body = []
    for name in NINE:
        keys = [(*way, name) for way in CONSTRAINTS.values()]
        shown = [f"{errors[key]:.3f}" for key in keys]
        least = min(shown)
        cells = [
            f"{bold_if(own, own == least)} / {worst[key]:.2f} / {kl[key]:.1f}"
            for own, key in zip(shown, keys, strict=True)
        ]
        body.append([name, *cells])
    return markdown(["", *CONSTRAINTS], body)


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
        print(as_table(lines_of(options.out)))
        return
    done = {(run["table"], run.get("model", "vae"), run["balance"], run["seed"]) for run in lines_of(options.out)}
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
