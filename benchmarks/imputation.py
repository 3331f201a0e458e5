r"""Hidden cells found again: EvenVAE beside the usual imputers, on one protocol.

    EVENVAE_DATA=... python benchmarks/imputation.py benchmarks/results/imputation.jsonl

A fifth of all observed cells is hidden, in training and test rows alike; imputers are fitted on the training
rows with their holes (80 % of the rows) and judged on the hidden cells of the test rows: RMSE / range of numbers,
error rate of levels, mean over columns. One line a run, appended as it ends; run again to go on. Trees beside networks
and forests, on tables of at most 8000 rows:

    EVENVAE_DATA=... python benchmarks/imputation.py benchmarks/results/refinement.jsonl --rows 8000 \
        --tables wine,credit,adult,bank,rwm5yr --methods "EvenVAE;EvenVAE, trees;forests by type (MissForest)"
"""

import argparse
import json
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.impute import IterativeImputer
from sklearn.linear_model import BayesianRidge

import evenvae
from evenvae import datasets, metrics, tables
from provenance import provenance


class Problem:
    """A table with holes: ``holes`` (N, D) holds NaN where hidden or missing; levels are codes."""

    def __init__(self, name: str, seed: int, rows: int | None = None):
        data = datasets.load(name)
        encoded = tables.encode(data.table, data.schema)
        if rows is not None:
            chosen = np.random.default_rng([seed, 1]).permutation(len(encoded.values))[:rows]
            encoded = encoded.take(np.sort(chosen))
        generator = np.random.default_rng(seed)
        self.schema = data.schema
        self.truth = encoded.values
        self.hidden = metrics.hide(encoded.observed, 0.2, generator)
        self.holes = np.where(self.hidden, np.nan, encoded.values)
        order = generator.permutation(len(self.truth))
        cut = int(0.8 * len(order))
        self.train, self.test = order[:cut], order[cut:]
        self.discrete = np.array([column.discrete for column in data.schema.features])
        self.levels = [column.cardinality for column in data.schema.features]
        seen = self.holes[self.train]
        self.low, self.high = np.nanmin(seen, axis=0), np.nanmax(seen, axis=0)

    def errors(self, guess: np.ndarray) -> np.ndarray:
        """(D,) errors of completed test rows."""
        guess = np.where(self.discrete, np.round(guess), np.clip(guess, self.low, self.high))
        ranges = np.nanmax(self.truth[self.train], axis=0) - np.nanmin(self.truth[self.train], axis=0)
        return metrics.column_errors(self.truth[self.test], guess, self.hidden[self.test], self.discrete, ranges)

    def constants(self) -> np.ndarray:
        """(D,) mean of numbers and most frequent level, of the training rows."""
        seen = self.holes[self.train]
        modes = [
            np.bincount(c[~np.isnan(c)].astype(int)).argmax() if n else 0
            for c, n in zip(seen.T, self.discrete, strict=True)
        ]
        return np.where(self.discrete, modes, np.nanmean(seen, axis=0))

    def one_hot(self) -> tuple[np.ndarray, list[slice]]:
        """(N, columns) with a column a level, missing where the cell is, and where each feature lies."""
        parts, places, start = [], [], 0
        for d, levels in enumerate(self.levels):
            column = self.holes[:, d : d + 1]
            if self.discrete[d]:
                part = np.where(np.isnan(column), np.nan, column == np.arange(levels))
            else:
                part = (column - np.nanmean(column)) / np.nanstd(column)
            parts.append(part.astype(float))
            places.append(slice(start, start + part.shape[1]))
            start += part.shape[1]
        return np.concatenate(parts, axis=1), places


def mean_or_mode(problem: Problem, seed: int) -> np.ndarray:
    del seed
    return np.broadcast_to(problem.constants(), problem.truth[problem.test].shape)


def iterative_ridge(problem: Problem, seed: int) -> np.ndarray:
    """IterativeImputer with BayesianRidge on standardised numbers and one-hot levels; the largest level wins."""
    wide, places = problem.one_hot()
    imputer = IterativeImputer(BayesianRidge(), max_iter=10, random_state=seed).fit(wide[problem.train])
    filled = imputer.transform(wide[problem.test])
    columns = []
    for d, place in enumerate(places):
        part = filled[:, place]
        column = problem.holes[:, d]
        number = part[:, 0] * np.nanstd(column) + np.nanmean(column)
        columns.append(part.argmax(1) if problem.discrete[d] else number)
    return np.stack(columns, axis=1)


def iterative_forest(problem: Problem, seed: int) -> np.ndarray:
    """IterativeImputer with forests on ordinal codes, as it is mostly called."""
    forest = RandomForestRegressor(30, min_samples_leaf=3, max_features=0.5, n_jobs=1, random_state=seed)
    imputer = IterativeImputer(forest, max_iter=3, initial_strategy="mean", random_state=seed)
    imputer.fit(problem.holes[problem.train])
    return imputer.transform(problem.holes[problem.test])


def forest_by_type(problem: Problem, seed: int) -> np.ndarray:
    """Rounds of forests, regressors for numbers and classifiers for levels (MissForest), fitted on training rows."""
    filled = np.where(np.isnan(problem.holes), problem.constants(), problem.holes)
    for _ in range(4):
        for d in np.argsort(np.isnan(problem.holes).sum(0)):
            known = ~np.isnan(problem.holes[:, d])
            others = np.delete(filled, d, axis=1)
            fit_on = problem.train[known[problem.train]]
            kind = RandomForestClassifier if problem.discrete[d] else RandomForestRegressor
            forest = kind(
                60, min_samples_leaf=3, max_features="sqrt" if problem.discrete[d] else 0.5, n_jobs=1, random_state=seed
            )
            forest.fit(others[fit_on], filled[fit_on, d])
            filled[~known, d] = forest.predict(others[~known])
    return filled[problem.test]


def ours(problem: Problem, seed: int, **options) -> np.ndarray:
    """EvenVAE; what is not given in ``options`` is the default of purpose="impute"."""
    frame = tables.decode(problem.holes, problem.schema)
    settings = {"purpose": "impute", "random_state": seed, "schema": problem.schema, **options}
    model = evenvae.EvenVAE(**settings).fit(frame.iloc[problem.train])
    print("   ", model.n_steps_, "steps", flush=True)
    return model.impute_values(frame.iloc[problem.test])[1][0]


METHODS: dict[str, Callable] = {
    "mean or mode": mean_or_mode,
    "IterativeImputer, BayesianRidge": iterative_ridge,
    "EvenVAE": ours,
    "EvenVAE, ensemble=4": lambda problem, seed: ours(problem, seed, ensemble=4),
    "EvenVAE, trees": lambda problem, seed: ours(problem, seed, imputation=evenvae.Imputation(refine="trees")),
    "EvenVAE, iwae": lambda problem, seed: ours(problem, seed, objective="iwae"),
    "EvenVAE, hivae": lambda problem, seed: ours(problem, seed, model="hivae"),
    "EvenVAE, hivae, imtl-g+pcgrad": lambda problem, seed: ours(problem, seed, model="hivae", balance="imtl-g+pcgrad"),
    "forests by type (MissForest)": forest_by_type,
    "IterativeImputer, forests": iterative_forest,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--tables", default="wine,adult,credit")
    parser.add_argument("--seeds", default="0")
    parser.add_argument("--rows", type=int, help="of larger tables, chosen at random; default: all")
    parser.add_argument("--methods", default=";".join(METHODS), help="separated by semicolons")
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    done = set()
    if options.out.exists():
        for line in options.out.read_text().splitlines():
            run = json.loads(line)
            done.add((run["table"], run["method"], run["seed"]))
    for seed in map(int, options.seeds.split(",")):
        for name in options.tables.split(","):
            problem = None
            for method in options.methods.split(";"):
                if (name, method, seed) in done:
                    continue
                problem = problem or Problem(name, seed, options.rows)
                began = time.perf_counter()
                errors = problem.errors(METHODS[method](problem, seed))
                row = {
                    "table": name,
                    "method": method,
                    "seed": seed,
                    "error": float(np.nanmean(errors)),
                    "seconds": round(time.perf_counter() - began, 1),
                    "columns": {
                        c.name: round(float(e), 5) for c, e in zip(problem.schema.features, errors, strict=True)
                    },
                    **provenance("scikit-learn", "lightgbm"),
                }
                with options.out.open("a") as file:
                    file.write(json.dumps(row) + "\n")
                print(name, method, seed, round(row["error"], 4), f"{row['seconds']:.0f} s", flush=True)


if __name__ == "__main__":
    main()
