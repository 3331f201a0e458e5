"""Two kinds of models on the same rows, each fitted with several seeds: whether more than the seeds is different."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float

from evenvae.errors import InputError
from evenvae.fitted.comparison import HIDDEN, Side, alike_columns, sides_of
from evenvae.fitted.evaluation import ratio_of
from evenvae.fitted.model import FittedModel
from evenvae.metrics import corrected_paired_t_test, holm
from evenvae.tables import Encoded

FEWEST = 2
"""Models of a kind, without which nothing is known of how much a seed changes."""
Asked = Sequence[tuple[FittedModel, Encoded]]
"""Models, each with the rows by its own schema."""


def compare_seeds(first: Asked, second: Asked, hide: Any = HIDDEN, seed: Any = 0) -> pd.DataFrame:
    """How two kinds of models do on the same rows, column by column, with tests over the seeds of the fits.

    The p-values say whether other seeds would show the same difference, on this table and these rows; not whether other
    rows or other tables would. Where both kinds were fitted with the same seeds the t-tests are paired by seed, because
    fits of one seed hold out the same rows; else they are Welch's.

    Args:
        first: models of one kind, at least two, each with the rows by its own schema.
        second: models of another kind and of the same columns.
        hide: share of the observed cells that are hidden from all models and imputed; with 0 nothing is imputed.
        seed: of the hidden cells.

    Returns:
        A table like that of `compare_models`, with means over the seeds in the place of a model's errors. ``attrs``
        also hold ``seeds_a`` and ``seeds_b``, and ``paired``; ``log_likelihood_gain_error`` is the standard error over
        the seeds.

    Raises:
        InputError: there are fewer than two models of a kind, or two of them were fitted with the same seed to the same
            rows; or whatever `compare_models` raises.
    """
    for asked in (first, second):
        _check_seeds(asked)
    # models of the same seeds stand in the same order
    first, second = (sorted(asked, key=lambda one: one[0].record.seed) for asked in (first, second))
    seeds = [[model.record.seed for model, _ in asked] for asked in (first, second)]
    paired = seeds[0] == seeds[1] and len(set(seeds[0])) == len(seeds[0])
    sides = sides_of([*first, *second], hide, seed)
    alike = alike_columns(sides)
    groups = [sides[: len(first)], sides[len(first) :]]
    features = first[0][0].schema.features
    result = pd.DataFrame({"column": [c.name for c in features], "likelihood": [c.likelihood for c in features]})
    attrs: dict[str, Any] = {"rows": len(sides[0].observed), "paired": paired}
    for prefix in ("error", "hidden") if sides[0].hidden.any() else ("error",):
        found = [np.stack([_errors(side, prefix) for side in group]) for group in groups]
        for letter, errors in zip("ab", found, strict=True):
            mean = errors.mean(axis=0)
            result[f"{prefix}_{letter}"] = mean
            attrs[f"{prefix}_{letter}"] = float(np.nanmean(mean)) if np.isfinite(mean).any() else float("nan")
        stem = "" if prefix == "error" else "hidden_"
        result[f"{stem}ratio"] = ratio_of(
            result[f"{prefix}_b"].to_numpy(), result[f"{prefix}_a"].to_numpy(), both_zero=1.0
        )
        p = [seed_test(found[0][:, d], found[1][:, d], paired)[1] if alike[d] else np.nan for d in range(len(alike))]
        result[f"{stem}p"] = holm(np.array(p))
    likelihoods = [np.array([side.log_likelihood()[0].value for side in group]) for group in groups]
    error, p = seed_test(likelihoods[0], likelihoods[1], paired)
    means = [float(values.mean()) for values in likelihoods]
    attrs |= {
        "log_likelihood_a": means[0],
        "log_likelihood_b": means[1],
        "log_likelihood_gain": means[1] - means[0],
        "log_likelihood_gain_error": error,
        "log_likelihood_p": p,
    }
    for letter, group, own in zip("ab", groups, seeds, strict=True):
        attrs[f"seeds_{letter}"] = own
        attrs[f"trained_on_{letter}"] = any(side.trained_on for side in group)
    result.attrs.update(attrs)
    return result


def seed_test(first: Float[np.ndarray, " A"], second: Float[np.ndarray, " B"], paired: bool) -> tuple[float, float]:
    """The standard error of the difference of two means over seeds, and the two-sided p-value of a t-test.

    Args:
        first: a figure of every model of one kind.
        second: the same of another kind; in the order of the first one's seeds where they are ``paired``.
        paired: whether it is a paired t-test, or Welch's for unequal variances (Welch, 1947).

    Returns:
        Both nan where a figure is unknown. Where no seed changes anything, p is 1 for equal means, and 0 for others.
    """
    from scipy import stats

    if not (np.isfinite(first).all() and np.isfinite(second).all()):
        return float("nan"), float("nan")
    if paired:
        differences = second - first
        return float(differences.std(ddof=1) / len(differences) ** 0.5), corrected_paired_t_test(differences, 0.0)[1]
    error = float(np.sqrt(first.var(ddof=1) / len(first) + second.var(ddof=1) / len(second)))
    if error == 0:
        return 0.0, float(first.mean() == second.mean())
    found: Any = stats.ttest_ind(second, first, equal_var=False)
    return error, float(found.pvalue)


def _errors(side: Side, prefix: str) -> Float[np.ndarray, " D"]:
    return (side.imputed() if prefix == "hidden" else side.reconstructed())[0]


def _check_seeds(asked: Asked) -> None:
    if len(asked) < FEWEST:
        raise InputError(
            "A test over seeds needs at least two models of each kind, fitted with different seeds; better are five."
        )
    known = [(model.record.seed, model.record.fingerprint) for model, _ in asked]
    for one in known:
        if known.count(one) > 1:
            raise InputError(
                f"Two models of one kind were fitted with seed {one[0]} to the same rows, which says nothing of seeds; "
                "fit each with a seed of its own."
            )
