"""Synthetic rows beside the peers': EvenVAE, CTGAN's VAE (TVAE) and CTGAN, on one protocol.

    pip install torch==2.13.0 && pip install '.[benchmark]'
    EVENVAE_DATA=... python benchmarks/synthetic.py benchmarks/results/synthetic.jsonl --rows rows

Rows without holes (CTGAN's models take none) are split by seed: every method is fitted on 80 % of them, draws as many,
and is judged beside the other 20 %, which it never saw. One line a run, appended as it ends; run again to go on.
With ``--rows`` the drawn rows are kept as Parquet and judged anew without fitting where their line is gone.
``python benchmarks/synthetic.py RESULTS --table`` prints the README's table.

What is measured, of drawn rows (S), training rows (R) and test rows (T):

* ``shapes``, ``pairs``: the column shapes and column pair trends of SDMetrics' QualityReport of S beside T, 1 is best;
* ``trends``: the mean of SDMetrics' similarity (correlation; contingency) over all pairs, numbers beside levels cut
  into ten by the deciles of T. The report cuts S and T by their own ranges instead, so that one far-off value moves
  ``pairs``, and leaves weakly associated pairs out: on wine even training rows get 0.71;
* ``c2st``: AUC of gradient-boosted trees that tell S from T, five-fold, as many rows of either; 0.5 is best;
* ``utility``: AUC, on T, of trees that learned the column of ``TARGETS`` from S; "training rows" is what they reach
  from R;
* ``copies``: share of S that equals a row of R in every cell; "training rows" says how many of T do (chance);
* ``nearer``: share of S that lies nearer to a row of R than to any of T, among as many of either; 0.5 is best, more
  says that training rows were learned by heart.
"""

import argparse
import contextlib
import io
import itertools
import json
import statistics
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import cross_val_predict
from sklearn.neighbors import NearestNeighbors

import evenvae
from evenvae import datasets, tables
from provenance import provenance

TARGETS = {"adult": ("sex", 1), "credit": ("default payment next month", 1), "wine": ("quality", 6)}
"""Column to be told from the others, and the code from which on it counts as positive."""
EPOCHS = 300


class Problem:
    """Training and test rows of a table without holes."""

    def __init__(self, name: str, seed: int):
        data = datasets.load(name)
        complete = tables.encode(data.table, data.schema).observed.all(axis=1)
        frame = data.table[complete].reset_index(drop=True)
        order = np.random.default_rng(seed).permutation(len(frame))
        cut = int(0.8 * len(order))
        self.name, self.schema = name, data.schema
        self.train = frame.iloc[order[:cut]].reset_index(drop=True)
        self.test = frame.iloc[order[cut:]].reset_index(drop=True)
        self.discrete = np.array([column.discrete for column in data.schema.features])

    @property
    def levels(self) -> list[str]:
        """Names of the columns of levels."""
        return [column.name for column in self.schema.features if column.discrete]

    def codes(self, frame: pd.DataFrame) -> np.ndarray:
        """Numbers as they are, in or out of a column's support, and the places of levels."""
        columns = []
        for column in self.schema.features:
            cells = frame[column.name]
            places = {level: code for code, level in enumerate(column.levels)}
            columns.append(cells.map(places) if column.discrete else cells)
        return np.stack([cells.to_numpy(float) for cells in columns], axis=1)


class Drawn(NamedTuple):
    rows: pd.DataFrame
    fit_seconds: float
    sample_seconds: float


def timed(fit: Callable, sample: Callable) -> Drawn:
    began = time.perf_counter()
    fit()
    fitted = time.perf_counter()
    return Drawn(sample(), fitted - began, time.perf_counter() - fitted)


def training_rows(problem: Problem, seed: int) -> Drawn:
    """What no generator passes: the training rows themselves."""
    del seed
    return Drawn(problem.train, 0.0, 0.0)


def independent(problem: Problem, seed: int) -> Drawn:
    """What every generator should pass: each column of the training rows shuffled by itself."""
    generator = np.random.default_rng(seed)
    shuffled = {name: generator.permutation(problem.train[name]) for name in problem.train}
    return Drawn(pd.DataFrame(shuffled), 0.0, 0.0)


def peer(problem: Problem, seed: int, kind: str) -> Drawn:
    """CTGAN's models at their defaults: 300 epochs, batches of 500."""
    import ctgan
    import torch

    torch.set_num_threads(1)
    torch.manual_seed(seed)
    np.random.seed(seed)  # noqa: NPY002
    model = getattr(ctgan, kind)(epochs=EPOCHS)
    model.set_random_state(seed)
    frame = problem.train.astype(dict.fromkeys(problem.levels, str))
    return timed(lambda: model.fit(frame, problem.levels), lambda: model.sample(len(frame)))


def ours(problem: Problem, seed: int, **options) -> Drawn:
    """EvenVAE; what is not given in ``options`` is the default of purpose="sample"."""
    model = evenvae.EvenVAE(purpose="sample", random_state=seed, schema=problem.schema).set_params(**options)
    return timed(lambda: model.fit(problem.train), lambda: model.sample(len(problem.train), random_state=seed))


METHODS: dict[str, Callable] = {
    "training rows": training_rows,
    "independent columns": independent,
    "TVAE": lambda problem, seed: peer(problem, seed, "TVAE"),
    "CTGAN": lambda problem, seed: peer(problem, seed, "CTGAN"),
    "EvenVAE": ours,
    "EvenVAE, imtl-g+pcgrad": lambda problem, seed: ours(problem, seed, balance="imtl-g+pcgrad"),
    "EvenVAE, hivae": lambda problem, seed: ours(problem, seed, model="hivae"),
    "EvenVAE, vamp": lambda problem, seed: ours(problem, seed, prior="vamp", sampling__latents="prior"),
    "EvenVAE, families": lambda problem, seed: ours(
        problem, seed, sampling__numbers="family", sampling__latents="prior"
    ),
}


def restored(problem: Problem, rows: pd.DataFrame) -> pd.DataFrame:
    """Drawn rows with levels in the table's own type (the peers give text) and numbers rounded as the table's are."""
    rows = rows[problem.train.columns].copy()
    for column in problem.schema.features:
        if column.decimals is not None:
            rows[column.name] = rows[column.name].astype(float).round(column.decimals)
    for name in problem.levels:
        own = {str(level): level for level in problem.train[name].unique()}
        rows[name] = rows[name].astype(str).map(own)
    return rows


def judge(problem: Problem, rows: pd.DataFrame) -> dict[str, float]:
    """All figures of drawn rows; see the head of the file."""
    generator = np.random.default_rng(0)
    train, test, drawn = (problem.codes(frame) for frame in (problem.train, problem.test, rows))
    count = min(len(test), len(drawn))
    some = generator.choice(len(drawn), count, replace=False)
    return {
        **quality(problem, rows),
        "trends": trends(problem, rows),
        "c2st": told_apart(drawn[some], test[generator.permutation(len(test))[:count]], problem.discrete),
        **utility(problem, drawn, test),
        **copied(problem, train, test, drawn, drawn[some]),
    }


def quality(problem: Problem, rows: pd.DataFrame) -> dict[str, float]:
    from sdmetrics.reports.single_table import QualityReport

    kinds = {True: "categorical", False: "numerical"}
    metadata = {
        "columns": {c.name: {"sdtype": kinds[c.discrete]} for c in problem.schema.features},
        "METADATA_SPEC_VERSION": "SINGLE_TABLE_V1",
    }
    names = [column.name for column in problem.schema.features]
    as_text = dict.fromkeys(problem.levels, str)
    report = QualityReport()
    with contextlib.redirect_stderr(io.StringIO()):
        report.generate(problem.test[names].astype(as_text), rows[names].astype(as_text), metadata, verbose=False)
    scores = report.get_properties().set_index("Property")["Score"]
    return {"shapes": float(scores["Column Shapes"]), "pairs": float(scores["Column Pair Trends"])}


def trends(problem: Problem, rows: pd.DataFrame) -> float:
    from sdmetrics.column_pairs import ContingencySimilarity, CorrelationSimilarity

    parts = [problem.test, rows]
    plain, cut = ([pd.DataFrame(index=part.index) for part in parts] for _ in range(2))
    for column in problem.schema.features:
        name = column.name
        edges = (
            None if column.discrete else np.unique(np.quantile(problem.test[name].astype(float), np.arange(1, 10) / 10))
        )
        for part, whole, pieces in zip(parts, plain, cut, strict=True):
            whole[name] = part[name].astype(str) if column.discrete else part[name].astype(float)
            pieces[name] = whole[name] if edges is None else np.digitize(whole[name], edges).astype(str)
    scores = []
    for one, other in itertools.combinations(problem.schema.features, 2):
        pair = [one.name, other.name]
        if one.discrete or other.discrete:
            scores.append(ContingencySimilarity.compute(cut[0][pair], cut[1][pair]))
        else:
            scores.append(CorrelationSimilarity.compute(plain[0][pair], plain[1][pair]))
    return float(np.nanmean(scores))


def trees(discrete: np.ndarray) -> HistGradientBoostingClassifier:
    return HistGradientBoostingClassifier(categorical_features=discrete, random_state=0)


def told_apart(drawn: np.ndarray, real: np.ndarray, discrete: np.ndarray) -> float:
    both = np.concatenate([drawn, real])
    truth = np.arange(len(both)) < len(drawn)
    # folds are dealt in order of rows within a class, and those stand in random order
    chances = cross_val_predict(trees(discrete), both, truth, cv=5, method="predict_proba")
    return float(roc_auc_score(truth, chances[:, 1]))


def utility(problem: Problem, drawn: np.ndarray, test: np.ndarray) -> dict[str, float]:
    name, least = TARGETS[problem.name]
    place = [column.name for column in problem.schema.features].index(name)
    others = np.arange(drawn.shape[1]) != place
    truth = drawn[:, place] >= least
    if truth.all() or not truth.any():
        return {"utility": 0.5}
    model = trees(problem.discrete[others]).fit(drawn[:, others], truth)
    return {"utility": float(roc_auc_score(test[:, place] >= least, model.predict_proba(test[:, others])[:, 1]))}


def copied(
    problem: Problem, train: np.ndarray, test: np.ndarray, drawn: np.ndarray, some: np.ndarray
) -> dict[str, float]:
    known = set(map(bytes, np.ascontiguousarray(train)))
    judged = test if drawn is train or np.array_equal(drawn, train) else drawn
    share = float(np.mean([bytes(row) in known for row in np.ascontiguousarray(judged)]))
    spread = np.where(train.std(0) > 0, train.std(0), 1)
    parts = []
    for block in (some, train[: len(test)], test):
        numbers = (block / spread)[:, ~problem.discrete]
        levels = [
            (block[:, d, None] == np.arange(column.cardinality)) * 0.5**0.5
            for d, column in enumerate(problem.schema.features)
            if column.discrete
        ]
        parts.append(np.concatenate([numbers, *levels], axis=1))
    points, near_train, near_test = parts
    distance = lambda place: NearestNeighbors(n_neighbors=1).fit(place).kneighbors(points)[0][:, 0]
    of_train, of_test = distance(near_train), distance(near_test)
    # a tie speaks for neither
    return {"copies": share, "nearer": float(np.mean((of_train < of_test) + 0.5 * (of_train == of_test)))}


def drawn_rows(problem: Problem, method: str, seed: int, folder: Path | None) -> Drawn:
    """Rows of a method, from ``folder`` where they lie."""
    if folder is None or method in ("training rows", "independent columns"):
        return METHODS[method](problem, seed)
    folder.mkdir(parents=True, exist_ok=True)
    place = folder / f"{problem.name}-{seed}-{method.replace(', ', '-')}.parquet"
    clock = place.with_suffix(".json")
    if place.exists() and clock.exists():
        return Drawn(pd.read_parquet(place), **json.loads(clock.read_text()))
    drawn = METHODS[method](problem, seed)
    drawn.rows.to_parquet(place)
    clock.write_text(json.dumps({"fit_seconds": drawn.fit_seconds, "sample_seconds": drawn.sample_seconds}))
    return drawn


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


FIGURES = ("shapes", "trends", "c2st", "utility", "copies", "nearer", "fit_seconds")


def table(runs: list[dict]) -> str:
    """Medians over seeds as the README's table."""
    text = ["| table | rows by | runs | column shapes | pair trends | C2ST AUC | utility | copies | nearer | fit |",
            "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"]  # fmt: skip
    groups: dict[tuple[str, str], list[dict]] = {}
    for run in runs:
        groups.setdefault((run["table"], run["method"]), []).append(run)
    order = list(METHODS)
    for (name, method), group in sorted(groups.items(), key=lambda item: (item[0][0], order.index(item[0][1]))):
        m = {figure: statistics.median(run[figure] for run in group) for figure in FIGURES}
        shown = [f"{m[figure]:.3f}" for figure in FIGURES[:-1]] + [f"{m['fit_seconds']:.0f} s"]
        text.append(f"| {name} | {method} | {len(group)} | " + " | ".join(shown) + " |")
    return "\n".join(text)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--tables", default="wine,adult,credit")
    parser.add_argument("--seeds", default="0,1")
    parser.add_argument("--methods", default=";".join(METHODS), help="separated by semicolons")
    parser.add_argument("--rows", type=Path, help="a folder that keeps drawn rows")
    parser.add_argument("--table", action="store_true", help="print the table of the results, and end")
    options = parser.parse_args()
    if options.table:
        print(table(lines(options.out)))
        return
    warnings.filterwarnings("ignore")
    done = {(run["table"], run["method"], run["seed"]) for run in lines(options.out)}
    for seed in map(int, options.seeds.split(",")):
        for name in options.tables.split(","):
            problem = None
            for method in options.methods.split(";"):
                if (name, method, seed) in done:
                    continue
                problem = problem or Problem(name, seed)
                drawn = drawn_rows(problem, method, seed, options.rows)
                row = {
                    "table": name,
                    "method": method,
                    "seed": seed,
                    **{k: round(v, 5) for k, v in judge(problem, restored(problem, drawn.rows)).items()},
                    "fit_seconds": round(drawn.fit_seconds, 1),
                    "sample_seconds": round(drawn.sample_seconds, 2),
                    **provenance("ctgan", "sdmetrics", "scikit-learn", "torch", "jax"),
                }
                with options.out.open("a") as file:
                    file.write(json.dumps(row) + "\n")
                print(json.dumps({k: row[k] for k in ("table", "method", "seed", *FIGURES)}), flush=True)


if __name__ == "__main__":
    main()
