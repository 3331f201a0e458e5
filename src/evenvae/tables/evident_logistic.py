"""A logistic regression that takes no more inputs, and follows them no closer, than held-out rows confirm."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.special import expit, log_expit, logit

SIZES = (1, 3, 10, 30)
"""Numbers of inputs that are tried: those that are most correlated with the outcome."""
PENALTIES = (3.0, 0.1)
"""Weights of the L2 penalty that are tried."""
FOLDS = 5
MOST_TRIED = 2_000
"""More rows are not used for the choice of size and penalty."""
PATIENCE = 2
"""Sizes that are tried after the best one."""
DOUBT = 1.5
"""Standard errors by which a regression must beat an intercept alone."""
SMOOTHED = 0.5
"""Added to the cases of either outcome, so that no held-out row is impossible under the share of the others."""
MOST_STEPS, ACCURACY = 50, 1e-4
"""Newton's method ends where a step lowers the loss, in nats, by less than this."""


class Candidate(NamedTuple):
    """How many inputs a regression takes, and the weight of its penalty."""

    size: int
    penalty: float


class Logistic(NamedTuple):
    """log p / (1 - p) = intercept + inputs @ coefficients."""

    coefficients: Float[np.ndarray, " F"]
    intercept: float

    def logits(self, inputs: Float[np.ndarray, "n F"]) -> Float[np.ndarray, " n"]:
        """log p / (1 - p) of rows."""
        return inputs @ self.coefficients + self.intercept


def fit_logistic(
    inputs: Float[np.ndarray, "N F"], outcome: Float[np.ndarray, " N"], weight: Float[np.ndarray, " N"]
) -> Logistic:
    """The regression that is likeliest on held-out rows, among those of several sizes and penalties.

    An intercept alone is preferred where no regression is clearly better (the standard errors of `DOUBT`; compare
    Breiman et al., 1984, section 3.4.3), so that what happens by chance is not explained. Penalties apply to
    standardised inputs, so that the rare and the frequent are treated alike.

    Args:
        inputs: finite numbers; F may be 0.
        outcome: 0 or 1. Where all are the same, the intercept is infinite.
        weight: of the rows, above 0; their scale does not matter.
    """
    # it takes long to import, and most uses of a table do not need it
    from threadpoolctl import threadpool_limits

    weight = weight / weight.mean()
    with np.errstate(divide="ignore"):
        alone = float(logit(np.average(outcome, weights=weight)))
    coefficients = np.zeros(inputs.shape[1])
    center = weight @ inputs / len(weight)
    spread = np.sqrt(weight @ (inputs - center) ** 2 / len(weight))
    varied = np.flatnonzero(spread > 1e-9)
    if not len(varied) or min(outcome.sum(), (1 - outcome).sum()) < 2:
        return Logistic(coefficients, alone)
    standard = (inputs[:, varied] - center[varied]) / spread[varied]
    # threads make so small a problem slower, and much slower where the cores are busy
    with threadpool_limits(1):
        chosen = _chosen(standard, outcome, weight)
        if chosen is None:
            return Logistic(coefficients, alone)
        kept = _ranked(standard, outcome, weight)[: chosen.size]
        found = _penalised(standard[:, kept], outcome, weight, chosen.penalty)
    coefficients[varied[kept]] = found.coefficients / spread[varied[kept]]
    return Logistic(coefficients, float(found.intercept - center @ coefficients))


def _chosen(
    inputs: Float[np.ndarray, "N F"], outcome: Float[np.ndarray, " N"], weight: Float[np.ndarray, " N"]
) -> Candidate | None:
    """The candidate that is likeliest on held-out rows; None for an intercept alone."""
    rows, thinned = _thinned(outcome)
    inputs, outcome, weight = inputs[rows], outcome[rows], (weight * thinned)[rows]
    folds = int(min(FOLDS, outcome.sum(), (1 - outcome).sum()))
    fold = _folds(outcome, folds)
    splits = [(fold != number, fold == number) for number in range(folds)]
    rankings = [_ranked(inputs[rest], outcome[rest], weight[rest]) for rest, _ in splits]
    alone = np.empty(len(outcome))
    for rest, held in splits:
        cases = np.array([weight[rest] @ (1 - outcome[rest]), weight[rest] @ outcome[rest]]) + SMOOTHED
        alone[held] = np.log(cases / cases.sum())[outcome[held].astype(int)]
    best, gain, in_vain = None, np.zeros(len(outcome)), 0
    for size in sorted({min(size, inputs.shape[1]) for size in SIZES}):
        tried = np.empty((len(PENALTIES), len(outcome)))
        for (rest, held), ranking in zip(splits, rankings, strict=True):
            tried[:, held] = _held_out(inputs[:, ranking[:size]], outcome, weight, rest, held)
        gains = weight * (tried - alone)
        place = int(gains.sum(axis=1).argmax())
        if best is None or gains[place].sum() > gain.sum():
            best, gain, in_vain = Candidate(size, PENALTIES[place]), gains[place], 0
            continue
        in_vain += 1
        if in_vain == PATIENCE:
            break
    return best if gain.sum() > DOUBT * np.sqrt(len(gain)) * gain.std() else None


def _thinned(outcome: Float[np.ndarray, " N"]) -> tuple[Int[np.ndarray, " rows"], Float[np.ndarray, " N"]]:
    """At most `MOST_TRIED` rows, and how many each of them stands for; the rarer outcome keeps most of its rows."""
    generator = np.random.default_rng(0)
    chosen, stands_for = [], np.ones(len(outcome))
    of_value = sorted((np.flatnonzero(outcome == value) for value in (0.0, 1.0)), key=len)
    left = MOST_TRIED
    for rows, others in zip(of_value, (1, 0), strict=True):
        count = min(len(rows), left // (1 + others))
        chosen.append(generator.permutation(rows)[:count])
        stands_for[rows] = len(rows) / count
        left -= count
    return np.sort(np.concatenate(chosen)), stands_for


def _held_out(
    inputs: Float[np.ndarray, "N size"],
    outcome: Float[np.ndarray, " N"],
    weight: Float[np.ndarray, " N"],
    rest: Bool[np.ndarray, " N"],
    held: Bool[np.ndarray, " N"],
) -> Float[np.ndarray, "penalties held"]:
    """The log-likelihoods of the rows ``held``, learned from the rows ``rest`` under every penalty."""
    sign = 2 * outcome[held] - 1
    found, start = [], None
    for penalty in PENALTIES:
        # each starts from the one before it, which is near
        start = _penalised(inputs[rest], outcome[rest], weight[rest], penalty, start)
        found.append(log_expit(sign * start.logits(inputs[held])))
    return np.stack(found)


def _penalised(
    inputs: Float[np.ndarray, "n size"],
    outcome: Float[np.ndarray, " n"],
    weight: Float[np.ndarray, " n"],
    penalty: float,
    start: Logistic | None = None,
) -> Logistic:
    """The regression under an L2 penalty on its coefficients, by Newton's method with shortened steps.

    scikit-learn finds the same, but needs most of its time for checks where the problem is as small as here.
    """
    columns = np.column_stack([inputs, np.ones(len(inputs))])
    # the intercept is all but free: its penalty only keeps the curvature above 0
    penalties = np.append(np.full(inputs.shape[1], penalty), 1e-6)
    place = np.zeros(len(penalties)) if start is None else np.append(start.coefficients, start.intercept)
    sign = 2 * outcome - 1

    def loss(place: Float[np.ndarray, " P"]) -> float:
        return float(-weight @ log_expit(sign * (columns @ place)) + penalties @ place**2 / 2)

    now = loss(place)
    for _ in range(MOST_STEPS):
        probability = expit(columns @ place)
        slope = (weight * (probability - outcome)) @ columns + penalties * place
        curvature = (columns.T * (weight * probability * (1 - probability))) @ columns + np.diag(penalties)
        step = np.linalg.solve(curvature, slope)
        length, then = 1.0, loss(place - step)
        while then > now and length > 1e-6:
            length /= 2
            then = loss(place - length * step)
        if now - then < ACCURACY:
            break
        place, now = place - length * step, then
    return Logistic(place[:-1], float(place[-1]))


def _ranked(
    inputs: Float[np.ndarray, "n F"], outcome: Float[np.ndarray, " n"], weight: Float[np.ndarray, " n"]
) -> Int[np.ndarray, " F"]:
    """The inputs, those with the largest covariance with the outcome first."""
    share = np.average(outcome, weights=weight)
    return np.argsort(-np.abs((weight * (outcome - share)) @ inputs), kind="stable")


def _folds(outcome: Float[np.ndarray, " N"], folds: int) -> Int[np.ndarray, " N"]:
    """The fold of every row, by chance, but with equal shares of either outcome."""
    generator = np.random.default_rng(0)
    fold = np.empty(len(outcome), int)
    for value in (0.0, 1.0):
        rows = generator.permutation(np.flatnonzero(outcome == value))
        fold[rows] = np.arange(len(rows)) % folds
    return fold
