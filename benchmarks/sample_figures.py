"""The figures by which `synthetic.py` judges drawn rows; its head says what they are."""

import contextlib
import io
import itertools

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import cross_val_predict

from complete_rows import Problem
from evenvae.metrics.privacy import MixedDistance, copied_share, nearer_share


def judge(problem: Problem, drawn: np.ndarray) -> dict[str, float]:
    """All figures of drawn rows."""
    generator = np.random.default_rng(0)
    train, test = problem.rounded(problem.train), problem.rounded(problem.test)
    count = min(len(test), len(drawn))
    some = generator.choice(len(drawn), count, replace=False)
    return {
        **quality(problem, drawn),
        "trends": trends(problem, drawn),
        "c2st": told_apart(drawn[some], test[generator.permutation(len(test))[:count]], problem.few),
        **utility(problem, drawn, test),
        **copied(problem, train, test, drawn, drawn[some]),
    }


def quality(problem: Problem, drawn: np.ndarray) -> dict[str, float]:
    from sdmetrics.reports.single_table import QualityReport  # pyright: ignore[reportMissingImports]

    kinds = {True: "categorical", False: "numerical"}
    metadata = {
        "columns": {c.name: {"sdtype": kinds[c.discrete]} for c in problem.schema.features},
        "METADATA_SPEC_VERSION": "SINGLE_TABLE_V1",
    }
    report = QualityReport()
    with contextlib.redirect_stderr(io.StringIO()):
        report.generate(problem.plain(problem.test), problem.plain(drawn), metadata, verbose=False)
    scores = report.get_properties().set_index("Property")["Score"]
    return {"shapes": float(scores["Column Shapes"]), "pairs": float(scores["Column Pair Trends"])}


def trends(problem: Problem, drawn: np.ndarray) -> float:
    from sdmetrics.column_pairs import (  # pyright: ignore[reportMissingImports]
        ContingencySimilarity,
        CorrelationSimilarity,
    )

    plain = [problem.plain(problem.test), problem.plain(drawn)]
    cut = [pd.DataFrame(index=part.index) for part in plain]
    for column in problem.schema.features:
        name = column.name
        edges = None if column.discrete else np.unique(np.quantile(plain[0][name], np.arange(1, 10) / 10))
        for whole, pieces in zip(plain, cut, strict=True):
            pieces[name] = whole[name] if edges is None else np.digitize(whole[name], edges).astype(str)
    scores = []
    for one, other in itertools.combinations(problem.schema.features, 2):
        pair = [one.name, other.name]
        if one.discrete or other.discrete:
            scores.append(ContingencySimilarity.compute(cut[0][pair], cut[1][pair]))
        elif plain[1][pair].nunique().min() < 2:
            # a generator may draw one value alone, which goes with nothing: a correlation of 0
            scores.append(1 - abs(plain[0][pair].corr().iloc[0, 1]) / 2)
        else:
            scores.append(CorrelationSimilarity.compute(plain[0][pair], plain[1][pair]))
    return float(np.nanmean(scores))


def trees(few: np.ndarray) -> HistGradientBoostingClassifier:
    return HistGradientBoostingClassifier(categorical_features=few, random_state=0)


def told_apart(drawn: np.ndarray, real: np.ndarray, few: np.ndarray) -> float:
    both = np.concatenate([drawn, real])
    truth = np.arange(len(both)) < len(drawn)
    # folds are dealt in order of rows within a class, and those stand in random order
    chances = cross_val_predict(trees(few), both, truth, cv=5, method="predict_proba")
    return float(roc_auc_score(truth, np.asarray(chances)[:, 1]))


def utility(problem: Problem, drawn: np.ndarray, test: np.ndarray) -> dict[str, float]:
    others = np.arange(drawn.shape[1]) != problem.target()[0]
    truth, answer = problem.positive(drawn), problem.positive(test)
    if truth.all() or not truth.any():
        return {"utility": 0.5}
    model = trees(problem.few[others]).fit(drawn[:, others], truth)
    return {"utility": float(roc_auc_score(answer, model.predict_proba(test[:, others])[:, 1]))}


def copied(
    problem: Problem, train: np.ndarray, test: np.ndarray, drawn: np.ndarray, some: np.ndarray
) -> dict[str, float]:
    judged = test if np.array_equal(drawn, train) else drawn
    distance = MixedDistance.of(train, problem.discrete)
    nearer, _ = nearer_share(some, train[: len(test)], test, distance)
    return {"copies": copied_share(judged, train), "nearer": nearer}
