"""What lies between the paper's options of Table 1 and ours: one change after the other, on some tables.

    EVENVAE_DATA=... python benchmarks/table1_causes.py benchmarks/results/table1_causes.jsonl

One line a run, appended as it ends; run again to go on. Splits, network and measure are those of `evenvae reproduce
table1`; numbers are reconstructed by the mode of their likelihood.
"""

import argparse
import itertools
import time
from pathlib import Path
from statistics import median
from typing import Any

from evenvae import EvenVAE, datasets
from evenvae.experiments.table1 import options_of
from evenvae.search.options import complete
from evenvae.search.sweep import split_rows
from provenance import provenance
from twenty_tables import keep, lines_of, markdown

TABLES, SHARE = ("adult", "rwm5yr", "diamonds"), 0.2
STEPS = {
    "the paper's options": (),
    "levels one by one": ("network__encoder_input",),
    "heads at the marginals": ("network__initialisation",),
    "KL of weight 0.01": ("objective", "objective__beta"),
    "learning rate 0.003, falling": ("training__schedule", "training__learning_rate"),
}
"""Every change is made on top of those before it; after the last one the options are ours."""
BALANCES = ("gradnorm+pcgrad", "none")


def options_after(table: str, change: str) -> dict[str, Any]:
    """The options of a cell of the VAE with a change and all before it."""
    names = list(STEPS)
    made = {option for name in names[: names.index(change) + 1] for option in STEPS[name]}
    ours = options_of(table, "vae", SHARE, ours=True)
    return options_of(table, "vae", SHARE) | {name: value for name, value in ours.items() if name in made}


def one(table: str, change: str, balance: str, seed: int) -> dict[str, Any]:
    """Fit and judge one run."""
    data = datasets.load(table)
    learned, tested = (data.table.iloc[rows] for rows in split_rows(len(data.table), 0.2, seed))
    given = {**options_after(table, change), "schema": data.schema, "balance": balance, "random_state": seed}
    model = EvenVAE(**complete(given))
    began = time.perf_counter()
    model.fit(learned)
    seconds = time.perf_counter() - began
    judged = model.evaluate(tested, point_estimate="mode")
    return {
        "table": table,
        "change": change,
        "balance": balance,
        "seed": seed,
        "share": SHARE,
        "seconds": round(seconds, 1),
        "error": round(judged.attrs["error"], 5),
        "log_likelihood": round(judged.attrs["log_likelihood"], 3),
        "columns": {row.column: [round(row.error, 5), round(row.baseline, 5)] for row in judged.itertuples()},
    }


def key_of(line: dict[str, Any]) -> tuple[str, str, str, int]:
    """What tells a run from others."""
    return line["table"], line["change"], line["balance"], line["seed"]


def as_table(lines: list[dict[str, Any]]) -> str:
    """A row for every change: errors by table, without and with the balance."""
    found: dict[tuple[str, str, str], list[float]] = {}
    for line in lines:
        found.setdefault((line["change"], line["table"], line["balance"]), []).append(line["error"])
    said = lambda key: f"{median(found[key]):.3f}" if key in found else "-"
    places = [
        (table, balance)
        for table in TABLES
        for balance in BALANCES[::-1]
        if any(key[1:] == (table, balance) for key in found)
    ]
    body = [[change, *(said((change, *place)) for place in places)] for change in STEPS]
    return markdown(["", *(f"{table}, `{balance}`" for table, balance in places)], body)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--tables", nargs="+", default=list(TABLES))
    parser.add_argument("--changes", nargs="+", default=list(STEPS))
    parser.add_argument("--balances", nargs="+", default=list(BALANCES))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    options = parser.parse_args()
    done = {key_of(line) for line in lines_of(options.out)}
    for run in itertools.product(options.tables, options.changes, options.balances, options.seeds):
        if run not in done:
            line = one(*run)
            keep(line | provenance("jax"), options.out)
            print(*run, line["error"], line["log_likelihood"], line["seconds"], flush=True)


if __name__ == "__main__":
    main()
