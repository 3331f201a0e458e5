"""How much a representation tells of the task, and what the rate is made of.

Rows n have posteriors N(mu_n, diag s_n^2) and labels s_n; q(z) is their mean over all rows, q(z|s) over those of a
label. All quantities are in nats, and of the rows given: where few rows' posteriors overlap, I(S; Z) is H(S), because
every z points at a single row. What can be told of rows that were not seen is for `probe` to say.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int
from scipy.special import logsumexp
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

LOG_2PI = 1.8378770664093453
CHUNK = 512


class RateParts(NamedTuple):
    """Theorem 1 of Takahashi et al. (2022): rate = task_information + prior_divergence + row_information.

    ``rate`` is E KL(q(z|x, s) || p(z)); ``task_information`` I(S; Z); ``prior_divergence`` KL(q(z) || p(z));
    ``row_information`` the mean over labels of I(X; Z) within a label. ``task_entropy`` is H(S), which
    I(S; Z) can't exceed.
    """

    rate: float
    task_information: float
    prior_divergence: float
    row_information: float
    task_entropy: float


def log_densities(
    z: Float[np.ndarray, "K latent"], means: Float[np.ndarray, "N latent"], stds: Float[np.ndarray, "N latent"]
) -> Float[np.ndarray, "K N"]:
    """log N(z_k; mu_n, diag s_n^2)."""
    precision = stds**-2
    distance = z**2 @ precision.T - 2 * z @ (means * precision).T + (means**2 * precision).sum(1)
    return -0.5 * np.maximum(distance, 0) - np.log(stds).sum(1) - 0.5 * z.shape[1] * LOG_2PI


def entropy(labels: Int[np.ndarray, " N"]) -> float:
    """H(S) of the labels' shares."""
    shares = np.unique(labels, return_counts=True)[1] / len(labels)
    return float(-(shares * np.log(shares)).sum())


def rate_parts(
    means: Float[np.ndarray, "N latent"],
    stds: Float[np.ndarray, "N latent"],
    labels: Int[np.ndarray, " N"],
    log_prior: Callable[[np.ndarray], np.ndarray],
    generator: np.random.Generator,
    samples: int = 1,
) -> RateParts:
    """By Monte Carlo with the exact mixtures of all rows; the same draws serve every term, so that they add up.

    Args:
        means, stds: the rows' posteriors.
        labels: a whole number for every row's task.
        log_prior: log p(z) of draws ``(rows, latent)``.
        generator: of the draws.
        samples: draws a row. Costs N^2 latent samples operations.
    """
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


def _means(densities: np.ndarray, counted: np.ndarray) -> np.ndarray:
    """log of the mean density over the ``counted`` components, row by row."""
    return logsumexp(np.where(counted, densities, -np.inf), axis=1) - np.log(counted.sum(1))


class Probe(NamedTuple):
    """What a classifier reads off: ``accuracy`` and ``chance`` (the most frequent label), and ``information``.

    The latter is H(S) minus the classifier's cross-entropy, a lower bound on I(S; Z) up to sampling error.
    """

    accuracy: float
    chance: float
    information: float


def probe(
    z: Float[np.ndarray, "N latent"], labels: Int[np.ndarray, " N"], classifier: Any = None, folds: int = 3
) -> Probe:
    """Cross-validated prediction of the label from z, by logistic regression unless another is given.

    Labels with fewer rows than ``folds`` are left out; nan where fewer than two labels remain.
    """
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
