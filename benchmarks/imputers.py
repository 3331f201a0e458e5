"""The usual imputers, each from a `holes.Problem` and a seed to completed test rows; all run on one core."""

import numpy as np
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.impute import IterativeImputer
from sklearn.linear_model import BayesianRidge, Ridge

from holes import Problem

INDICATORS = 20
"""Levels of a column that get an indicator, the most frequent ones: a linear model hardly ever answers with a rarer
one, and hundreds of indicators would slow every regression down."""
CLASSES = 64
"""Levels of a column that LightGBM knows, the most frequent ones: it grows a tree for each in every step, which takes
hours with several hundred. Cells with rarer levels are missing cells to it."""
ROUNDS = 5
"""Rounds of the chains of LightGBM, the package's usual number."""
BOOSTED = {
    "boosting": "gbdt", "num_iterations": 50, "learning_rate": 0.1, "max_depth": 8, "num_leaves": 31,
    "min_data_in_leaf": 20,
}  # fmt: skip
"""Boosted trees in place of the package's random forests, which had larger errors on all of six tables that were
tried (adult 0.27 rather than 0.24) and took longer."""


def mean_or_mode(problem: Problem, seed: int) -> np.ndarray:
    del seed
    return np.broadcast_to(problem.constants(), problem.truth[problem.test].shape)


def chained_ridge(problem: Problem, seed: int) -> np.ndarray:
    """Rounds of linear regressions, BayesianRidge for numbers and ridge for one-hot levels, the largest of which wins.

    This is IterativeImputer but for the indicators of a column, which are found together from the other columns. As
    columns of IterativeImputer they are regressed on each other, and since they add up to one and are missing together,
    they would stay at the shares that they begin with.
    """
    del seed
    parts, levels = [], []
    for d, discrete in enumerate(problem.discrete):
        column, seen = problem.holes[:, d : d + 1], problem.holes[problem.train, d]
        seen = seen[~np.isnan(seen)]
        shown = np.bincount(seen.astype(int)).argsort(kind="stable")[::-1][:INDICATORS] if discrete else None
        part = (column - seen.mean()) / (seen.std() or 1.0) if shown is None else (column == shown).astype(float)
        gone = np.isnan(column[:, 0])
        part[gone] = part[problem.train][~gone[problem.train]].mean(axis=0)
        parts.append(part)
        levels.append(shown)
    gone = np.isnan(problem.holes)
    for _ in range(10):
        for d in np.argsort(gone.sum(0), kind="stable"):
            if not gone[:, d].any():
                continue
            others = np.concatenate([part for place, part in enumerate(parts) if place != d], axis=1)
            fit_on = problem.train[~gone[problem.train, d]]
            one = parts[d].shape[1] == 1
            model = BayesianRidge() if one else Ridge()
            model.fit(others[fit_on], parts[d][fit_on, 0] if one else parts[d][fit_on])
            answer = np.asarray(model.predict(others[gone[:, d]])).reshape(-1, parts[d].shape[1])
            # within what was seen, without which rounds of collinear columns can run away
            parts[d][gone[:, d]] = np.clip(answer, parts[d][fit_on].min(axis=0), parts[d][fit_on].max(axis=0))
    columns = []
    for d, (part, shown) in enumerate(zip(parts, levels, strict=True)):
        seen = problem.holes[problem.train, d]
        number = part[:, 0] * (np.nanstd(seen) or 1.0) + np.nanmean(seen)
        columns.append(number if shown is None else shown[part.argmax(1)])
    return np.stack(columns, axis=1)[problem.test]


def iterative_forest(problem: Problem, seed: int) -> np.ndarray:
    """IterativeImputer with forests on ordinal codes, as it is mostly called."""
    forest = RandomForestRegressor(30, min_samples_leaf=3, max_features=0.5, n_jobs=1, random_state=seed)
    imputer = IterativeImputer(forest, max_iter=3, initial_strategy="mean", random_state=seed)
    imputer.fit(problem.holes[problem.train])
    return np.asarray(imputer.transform(problem.holes[problem.test]))


def forest_by_type(problem: Problem, seed: int) -> np.ndarray:
    """Rounds of forests, regressors for numbers and classifiers for levels (MissForest), fitted on training rows."""
    gone = np.isnan(problem.holes)
    filled = np.where(gone, problem.constants(), problem.holes)
    for _ in range(4):
        for d in np.argsort(gone.sum(0), kind="stable"):
            if not gone[:, d].any():
                continue
            others = np.delete(filled, d, axis=1)
            fit_on = problem.train[~gone[problem.train, d]]
            kind = RandomForestClassifier if problem.discrete[d] else RandomForestRegressor
            forest = kind(
                60, min_samples_leaf=3, max_features="sqrt" if problem.discrete[d] else 0.5, n_jobs=1, random_state=seed
            )
            forest.fit(others[fit_on], filled[fit_on, d])
            filled[gone[:, d], d] = forest.predict(others[gone[:, d]])
    return filled[problem.test]


def lightgbm_chains(problem: Problem, seed: int) -> np.ndarray:
    """Chained LightGBM models (miceforest), fitted on training rows.

    Without mean matching, which would answer with a random training value near the prediction: what is judged is the
    prediction. The package's own way to complete new rows starts every round from the random first guesses again
    (6.0.5), so that the models of the rounds are asked here as they were trained: each round from the answers of the
    round before.
    """
    import miceforest  # pyright: ignore[reportMissingImports]
    import pandas as pd

    names = [f"column {d}" for d in range(len(problem.discrete))]
    frame = pd.DataFrame(problem.holes, columns=names)
    for name, cells, discrete in zip(names, problem.holes[problem.train].T, problem.discrete, strict=True):
        if discrete:
            codes, counts = np.unique(cells[~np.isnan(cells)], return_counts=True)
            # a level that no training row shows is a missing cell, too
            known = np.sort(codes[np.argsort(-counts, kind="stable")[:CLASSES]])
            frame[name] = pd.Categorical(frame[name], categories=known)
    train, test = (frame.iloc[rows].reset_index(drop=True) for rows in (problem.train, problem.test))
    # a column without a hole in training can have one in a test row
    kernel = miceforest.ImputationKernel(
        train,
        # one whose cells are all alike has nothing to learn, and LightGBM refuses it
        variable_schema=[name for name in names if frame[name].hasnans and train[name].nunique() > 1],
        mean_match_candidates=0,
        random_state=seed,
    )
    kernel.mice(ROUNDS, num_threads=1, verbosity=-1, **BOOSTED)
    gone, generator = test.isna(), np.random.default_rng(seed)
    for name in names:
        test.loc[gone[name], name] = generator.choice(train[name].dropna(), int(gone[name].sum()))
    for iteration in range(1, ROUNDS + 1):
        answers = {}
        for name in kernel.model_training_order:
            if gone[name].any():
                inputs = test.loc[gone[name], kernel.variable_schema[name]]
                answers[name] = kernel.get_model(name, dataset=0, iteration=iteration).predict(inputs)
        for name, answer in answers.items():
            if isinstance(test[name].dtype, pd.CategoricalDtype):
                places = answer.argmax(1) if answer.ndim == 2 else (answer > 0.5).astype(int)
                answer = test[name].cat.categories[places]
            test.loc[gone[name], name] = answer
    return test.to_numpy(float)
