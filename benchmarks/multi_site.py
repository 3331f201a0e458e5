"""One table from several sites, the target with 100 rows: what the representation tells of the site and the outcome.

    EVENVAE_DATA=... python benchmarks/multi_site.py benchmarks/results/multi_site.jsonl
    EVENVAE_DATA=... python benchmarks/multi_site.py --table benchmarks/results/multi_site.jsonl

After the two-task experiments of Takahashi et al. (2022), on tables: a model learns from many rows of the source sites
and 100 of the target, never from the outcome; a support vector machine learns the outcome from the latent means of the
same rows, and is judged on other rows of the target. One line a run, appended as it ends; run again to go on.
"""

import argparse
import json
import logging
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import balanced_accuracy_score, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

import evenvae
from evenvae import datasets
from evenvae.fitted import kernels
from evenvae.metrics import probe, rate_parts
from provenance import provenance
from twenty_tables import markdown

# table, column that says the site, target site, outcome, columns that would give the outcome or the site away
PROBLEMS = {
    "bank by contact": ("bank", "contact", "telephone", ("y", "yes"), ()),
    "bank by month": ("bank", "month", "nov", ("y", "yes"), ()),
    "rwm5yr by year": ("rwm5yr", "year", 1988, ("outwork", 1), ("self",)),
}
METHODS = {
    "VAE": {},
    "CVAE": {"task": True},
    "vamp": {"task": True, "prior": "vamp"},
    "exemplar": {"task": True, "prior": "exemplar"},
    "optimal": {"task": True, "prior": "optimal"},
    "implicit": {"task": True, "prior": evenvae.Implicit(width=128)},
    "cycle1": {"task": True, "training": evenvae.Training(cycle=1.0)},
    "vamp+cycle0.3": {"task": True, "prior": "vamp", "training": evenvae.Training(cycle=0.3)},
    "vamp+cycle1": {"task": True, "prior": "vamp", "training": evenvae.Training(cycle=1.0)},
    "vamp+cycle2": {"task": True, "prior": "vamp", "training": evenvae.Training(cycle=2.0)},
}
SOURCE, TARGET, TEST = 6000, 100, 2000


def split(problem: str, seed: int) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Rows to learn from (source and 100 of the target), target rows to judge on, and source rows likewise."""
    table, site, target, _, _ = PROBLEMS[problem]
    frame = datasets.load(table).table
    order = np.random.default_rng(seed).permutation(len(frame))
    own = (frame[site].to_numpy() == target)[order]
    inside, outside = order[own], order[~own]
    learn = np.concatenate([outside[:SOURCE], inside[:TARGET]])
    return frame.iloc[learn], frame.iloc[inside[TARGET : TARGET + TEST]], frame.iloc[outside[SOURCE : SOURCE + TEST]]


def one(problem: str, method: str, seed: int, epochs: float, latent_size: int) -> dict:
    """Fit and judge one run."""
    name, site, _, (outcome, positive), dropped = PROBLEMS[problem]
    learn, target, source = split(problem, seed)
    outcome_of = lambda frame: (frame[outcome] == positive).to_numpy()
    hidden = [outcome, *dropped, *([] if METHODS[method].get("task") else [site])]
    shown = lambda frame: frame.drop(columns=hidden)
    kinds = {column.name: column.likelihood for column in datasets.load(name).schema.features}
    options = {**METHODS[method], **({"task": site} if METHODS[method].get("task") else {})}
    model = evenvae.EvenVAE(
        **options,
        schema={column: kind for column, kind in kinds.items() if column not in hidden and column != site},
        purpose="score",
        latent_size=latent_size,
        network=evenvae.Network(width=128),
        epochs=epochs,
        random_state=seed,
    )
    began = time.perf_counter()
    model.fit(shown(learn))
    seconds = time.perf_counter() - began
    z_learn, z_target = model.transform(shown(learn)), model.transform(shown(target))
    machine = make_pipeline(StandardScaler(), SVC(class_weight="balanced")).fit(z_learn, outcome_of(learn))
    both = pd.concat([target, source], ignore_index=True)
    labels = np.unique(both[site], return_inverse=True)[1] if "year" in problem else np.arange(len(both)) < len(target)
    means, stds = model.posterior(shown(both))
    generator = np.random.default_rng(seed)
    network, _ = model.fitted_.members[0]
    parts = rate_parts(means, stds, labels, lambda z: kernels.log_prior(network, np.float32(z)), generator)
    of_draws, of_means = probe(means + stds * generator.normal(size=means.shape), labels), probe(means, labels)
    last = model.history_[-1]
    return {
        "problem": problem,
        "method": method,
        "seed": seed,
        "auc": float(roc_auc_score(outcome_of(target), machine.decision_function(z_target))),
        "balanced_accuracy": float(balanced_accuracy_score(outcome_of(target), machine.predict(z_target))),
        "site_accuracy": of_draws.accuracy,
        "site_accuracy_of_means": of_means.accuracy,
        "site_chance": of_draws.chance,
        "site_information": of_draws.information,
        **{name: float(value) for name, value in parts._asdict().items()},
        "log_likelihood": float(model.score_samples(shown(target)).mean()),
        "log_likelihood_source": float(model.score_samples(shown(source)).mean()),
        **{name: last[name][0] for name in last if name.startswith(("ratio", "log_norm", "normaliser"))},
        "rows": [len(learn) - TARGET, TARGET, len(target)],
        "epochs": epochs,
        "latent_size": latent_size,
        "steps": model.n_steps_,
        "seconds": round(seconds, 1),
    }


def show(path: Path) -> None:
    """The table of all runs in ``path``: means and standard deviations over seeds."""
    runs = pd.DataFrame([json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()])
    figures = {
        "auc": "outcome, AUC",
        "balanced_accuracy": "balanced accuracy",
        "site_accuracy": "site from draws",
        "site_accuracy_of_means": "site from means",
        "task_information": "I(S;Z)",
        "prior_divergence": "KL(q(z), p(z))",
        "log_likelihood": "log-likelihood, target",
    }
    for problem, own in runs.groupby("problem", sort=False):
        print(f"\n{problem} ({own['seed'].nunique()} seeds, {own['epochs'].iloc[0]:g} epochs, "
              f"chance of the site {own['site_chance'].mean():.3f})\n")  # fmt: skip
        print("| prior | " + " | ".join(figures.values()) + " |")
        print("| --- |" + " --- |" * len(figures))
        for method in METHODS:
            these = own[own["method"] == method]
            cells = [f"{these[name].mean():.3f} ± {these[name].std():.3f}" for name in figures]
            print(f"| {method} | " + " | ".join(cells) + " |")


TITLES = {
    "VAE": "VAE, without the site",
    "CVAE": "CVAE, `standard`",
    "cycle1": "CVAE, `standard`, `cycle=1`",
    "vamp+cycle0.3": "CVAE, `vamp`, `cycle=0.3`",
    "vamp+cycle1": "CVAE, `vamp`, `cycle=1`",
    "vamp+cycle2": "CVAE, `vamp`, `cycle=2`",
}
PAGE = {"auc": ".3f", "site_accuracy": ".3f", "log_likelihood": ".1f"}
"""What stands on the page, and how it is written."""


def of_page(runs: list[dict]) -> str:
    """Means over seeds: AUC of the outcome / accuracy of the site from draws of z / log-likelihood of the target.

    In brackets the number of seeds where it is not that of most runs.
    """
    groups = pd.DataFrame(runs).groupby(["method", "problem"])
    table, seeds = groups[list(PAGE)].mean(), groups.size()
    usual = int(seeds.mode().iloc[0])

    def cell(method: str, problem: str) -> str:
        if (method, problem) not in seeds.index:
            return "-"
        text = " / ".join(f"{table.loc[(method, problem), figure]:{form}}" for figure, form in PAGE.items())
        count = int(seeds[(method, problem)])
        return text if count == usual else f"{text} ({count} seed{'s' * (count > 1)})"

    body = [
        [TITLES.get(method, f"CVAE, `{method}`"), *(cell(method, problem) for problem in PROBLEMS)]
        for method in METHODS
    ]
    return markdown(["", *PROBLEMS], body)


def mean_of(runs: list[dict], problem: str, method: str, figure: str) -> float:
    """The mean over seeds of one figure."""
    return float(np.mean([run[figure] for run in runs if (run["problem"], run["method"]) == (problem, method)]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--problems", default=",".join(PROBLEMS))
    parser.add_argument("--methods", default=",".join(METHODS))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=float, default=40)
    parser.add_argument("--latent-size", type=int, default=8)
    parser.add_argument("--table", action="store_true", help="print what is there, train nothing")
    given = parser.parse_args()
    if given.table:
        show(given.out)
        return
    logging.basicConfig(level=logging.WARNING)
    warnings.simplefilter("ignore", evenvae.TableWarning)
    done = set()
    if given.out.exists():
        rows = [json.loads(line) for line in given.out.read_text(encoding="utf-8").splitlines()]
        done = {(row["problem"], row["method"], row["seed"]) for row in rows}
    for seed in range(given.seeds):
        for problem in given.problems.split(","):
            for method in given.methods.split(","):
                if (problem, method, seed) in done:
                    continue
                row = one(problem, method, seed, given.epochs, given.latent_size) | provenance("jax", "scikit-learn")
                with given.out.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(row) + "\n")
                figures = [row[name] for name in ("auc", "site_accuracy", "task_information", "log_likelihood")]
                print(problem, method, seed, np.round(figures, 3), f"{row['seconds']} s", flush=True)


if __name__ == "__main__":
    main()
