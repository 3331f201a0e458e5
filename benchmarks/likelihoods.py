"""How far log-likelihoods can be trusted: draws from q(z|x), few and many, beside draws that adapt to every row.

    EVENVAE_DATA=... python benchmarks/likelihoods.py benchmarks/results/likelihoods.json

Three models of each table (plain; balanced by `gradnorm+pcgrad`; balanced mildly, with a lighter KL and a learned
prior) learn the same rows. Of each estimate: the mean over held-out rows in nats, its standard error as the rows' own
errors let one expect, the median number of effective draws, and the share of rows that can be relied on.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np

from evenvae import EvenVAE, datasets
from evenvae.objectives import ELBO
from provenance import provenance
from twenty_tables import markdown

MODELS = {
    "plain": {"balance": "none"},
    "balanced": {"balance": "gradnorm+pcgrad"},
    "mild balance, KL weight 0.5, vamp": {
        "balance": "power-norm[gamma=0.5]",
        "objective": ELBO(beta=0.5),
        "prior": "vamp",
    },
}
ESTIMATES = {
    "100 draws of q": {"samples": 100},
    "4000 draws of q": {"samples": 4000},
    "tolerance 0.1": {"tolerance": 0.1},
    "tolerance 0.05": {"tolerance": 0.05},
}
LEARNED, HELD_OUT, EPOCHS = 12_000, 600, 40


def figures(model: EvenVAE, rows, asked: dict) -> dict[str, float]:
    began = time.perf_counter()
    details = model.score_samples(rows, return_details=True, **asked)
    return {
        "log_likelihood": round(float(details["total"].mean()), 3),
        "standard_error": round(float(np.sqrt((details["standard_error"] ** 2).sum()) / len(rows)), 4),
        "effective": round(float(np.median(details["effective_samples"])), 1),
        "draws": round(float(details["samples"].mean()), 0),
        "reliable": round(float(details["reliable"].mean()), 3),
        "seconds": round(time.perf_counter() - began, 2),
    }


def as_table(report: dict) -> str:
    """Means of log-likelihoods, with the median number of effective draws."""
    body = []
    for name, models in report["figures"].items():
        for model, estimates in models.items():
            cells = [f"{one['log_likelihood']:.2f} ({one['effective']:.0f})" for one in estimates.values()]
            body.append([f"{name}, {model}", *cells])
    return markdown(["", *ESTIMATES], body)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--tables", nargs="+", default=["rand-hie", "adult"])
    parser.add_argument("--epochs", type=float, default=EPOCHS)
    options = parser.parse_args()
    found: dict[str, dict] = {}
    for name in options.tables:
        data = datasets.load(name)
        table = data.table.sample(frac=1, random_state=0)
        for kind, settings in MODELS.items():
            model = EvenVAE(schema=data.schema, epochs=options.epochs, random_state=0, **settings)
            model.fit(table[:LEARNED])
            of_model = found.setdefault(name, {})[kind] = {}
            for estimate, asked in ESTIMATES.items():
                of_model[estimate] = figures(model, table[-HELD_OUT:], asked)
                print(name, kind, estimate, of_model[estimate], flush=True)
            options.out.write_text(json.dumps({"figures": found, **provenance("jax", "equinox")}, indent=1) + "\n")


if __name__ == "__main__":
    main()
