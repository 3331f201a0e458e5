"""How much a representation tells of the task, and the parts of which the rate is the sum.

Row n has the posterior N(mean_n, diag std_n^2) and the label s_n. q(z) is the mean of the posteriors over all rows,
q(z|s) their mean over the rows with label s. All quantities are in nats and describe the given rows: where few
posteriors overlap, I(S; Z) equals H(S), because every z points at a single row. `probe` estimates what can be told of
rows that were not given.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Shaped
from scipy.special import logsumexp

from evenvae.metrics.densities import log_densities
from evenvae.part import check_whole

CHUNK = 512
"""Draws whose densities under all rows are held at once."""


class RateParts(NamedTuple):
    """Theorem 1 of Takahashi et al. (2022): rate = task_information + prior_divergence + row_information.

    ``rate`` is E KL(q(z|x, s) || p(z)), ``task_information`` is I(S; Z), ``prior_divergence`` is KL(q(z) || p(z)), and
    ``row_information`` is the mean over labels of I(X; Z) within a label. ``task_entropy`` is H(S), which I(S; Z)
    cannot exceed.
    """

    rate: float
    task_information: float
    prior_divergence: float
    row_information: float
    task_entropy: float


def entropy(labels: Shaped[np.ndarray, " N"]) -> float:
    """H(S), the entropy of the labels' shares, in nats."""
    shares = np.unique(labels, return_counts=True)[1] / len(labels)
    return float(-(shares * np.log(shares)).sum())


def rate_parts(
    means: Float[np.ndarray, "N latent"],
    stds: Float[np.ndarray, "N latent"],
    labels: Shaped[np.ndarray, " N"],
    log_prior: Callable[[np.ndarray], np.ndarray],
    generator: np.random.Generator,
    samples: int = 1,
) -> RateParts:
    """The parts of the rate, by Monte Carlo with the exact mixtures of all rows.

    Every term is estimated from the same draws, so that the terms add up. The cost grows with
    N^2 * latent * samples.

    Args:
        means: of the rows' posteriors.
        stds: standard deviations of the rows' posteriors.
        labels: the task of every row.
        log_prior: gives log p(z) of draws ``(rows, latent)``.
        generator: of the draws.
        samples: draws for every row.
    """
    samples = check_whole("samples", samples)
    means, stds = np.asarray(means, float), np.asarray(stds, float)
    sums = np.zeros(4)
    for _ in range(samples):
        z = means + stds * generator.normal(size=means.shape)
        for start in range(0, len(z), CHUNK):
            rows = np.arange(start, min(start + CHUNK, len(z)))
            densities = log_densities(z[rows], means, stds)
            same = labels[rows][:, None] == labels[None, :]
            own = densities[np.arange(len(rows)), rows]
            prior = np.asarray(log_prior(z[rows]), float)
            of_all, of_label = _means(densities, np.ones_like(same)), _means(densities, same)
            sums += [np.sum(a - b) for a, b in ((own, prior), (of_label, of_all), (of_all, prior), (own, of_label))]
    rate, task, divergence, own_rows = map(float, sums / (samples * len(means)))
    return RateParts(rate, task, divergence, own_rows, entropy(labels))


def _means(densities: Float[np.ndarray, "K N"], counted: Bool[np.ndarray, "K N"]) -> Float[np.ndarray, " K"]:
    """For every draw the log of the mean density over the ``counted`` rows."""
    return logsumexp(np.where(counted, densities, -np.inf), axis=1) - np.log(counted.sum(1))


class Probe(NamedTuple):
    """What a classifier finds out about the labels.

    ``accuracy`` is the share of right predictions, ``chance`` the share of the most frequent label. ``information`` is
    H(S) minus the classifier's cross-entropy: a lower bound on I(S; Z) up to sampling error, in nats.
    """

    accuracy: float
    chance: float
    information: float


def probe(
    z: Float[np.ndarray, "N latent"], labels: Shaped[np.ndarray, " N"], classifier: Any = None, folds: int = 3
) -> Probe:
    """Predict the label from z with cross-validation.

    Labels with fewer rows than ``folds`` are left out. The result is nan where fewer than two labels remain.

    Args:
        z: one vector for every row.
        labels: of the rows.
        classifier: a scikit-learn classifier with ``predict_proba``; logistic regression if it is not given.
        folds: of the cross-validation.
    """
    # imported here, because most processes never ask this and all would wait for it
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    folds = check_whole("folds", folds, least=2)
    z, labels = np.asarray(z, float), np.asarray(labels)
    values, counts = np.unique(labels, return_counts=True)
    kept = np.isin(labels, values[counts >= folds])
    if len(np.unique(labels[kept])) < 2:
        return Probe(float("nan"), float("nan"), float("nan"))
    z, labels = z[kept], np.unique(labels[kept], return_inverse=True)[1]
    right, cross_entropy = np.zeros(len(z), bool), np.zeros(len(z))
    for train, test in StratifiedKFold(folds, shuffle=True, random_state=0).split(z, labels):
        model: Any = classifier if classifier is not None else LogisticRegression(max_iter=300)
        model = make_pipeline(StandardScaler(), model).fit(z[train], labels[train])
        probability = np.clip(model.predict_proba(z[test]), 1e-9, 1)
        right[test] = probability.argmax(1) == labels[test]
        cross_entropy[test] = -np.log(probability[np.arange(len(test)), labels[test]])
    chance = float(np.bincount(labels).max() / len(labels))
    return Probe(float(right.mean()), chance, entropy(labels) - float(cross_entropy.mean()))
