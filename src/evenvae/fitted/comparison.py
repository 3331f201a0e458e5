"""Two fitted models on the same rows: who reconstructs, imputes and predicts better, and whether that is chance."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float

from evenvae.fitted.evaluation import check_columns, errors, ratio_of
from evenvae.fitted.imputation import impute
from evenvae.fitted.model import FittedModel
from evenvae.fitted.reconstruction import reconstruct
from evenvae.fitted.scoring import MeanEstimate, mean_log_likelihood
from evenvae.metrics import corrected_paired_t_test, holm
from evenvae.metrics import hide as hide_cells
from evenvae.models.space import Space
from evenvae.part import check_seed, check_share
from evenvae.tables import Encoded, fingerprint

HIDDEN = 0.2
"""Share of the observed cells that are hidden, to measure how well they are imputed."""


def compare_models(
    first: tuple[FittedModel, Encoded],
    second: tuple[FittedModel, Encoded],
    hide: Any = HIDDEN,
    seed: Any = 0,
) -> pd.DataFrame:
    """How two models do on the same rows, column by column, with paired tests over the rows.

    Args:
        first: a model and the rows by its schema.
        second: another model of the same columns, and the same rows by its own schema.
        hide: share of the observed cells that are hidden from both and imputed; with 0 nothing is imputed.
        seed: of the hidden cells.

    Returns:
        One row for every column: ``error_a`` and ``error_b`` (as `EvenVAE.evaluate` gives them, of all cells that both
        models see), ``ratio`` (b over a), ``p``; with ``hide`` also ``hidden_a``, ``hidden_b``, ``hidden_ratio`` and
        ``hidden_p``. The p-values are those of paired t-tests over the rows' errors, adjusted for the number of columns
        by Holm's method. They are nan where the two models measure a column's error in other ways, as one that takes it
        for numbers and one that takes it for levels.

        ``attrs`` hold the means over columns (``error_a``, ``error_b``, ``hidden_a``, ``hidden_b``), the log-likelihood
        of a row under each (``log_likelihood_a``, ``log_likelihood_b``, in nats), ``log_likelihood_gain`` (b less a)
        with its standard error over rows, ``log_likelihood_gain_error``, and ``log_likelihood_p``; ``rows``; and
        ``trained_on_a`` and ``trained_on_b``, whether these are the rows that a model was trained on.

    Raises:
        InputError: the models have other columns, or ``hide`` and ``seed`` are not what they must be.
    """
    sides = sides_of([first, second], hide, seed)
    alike = alike_columns(sides)
    features = first[0].schema.features
    result = pd.DataFrame({"column": [c.name for c in features], "likelihood": [c.likelihood for c in features]})
    attrs: dict[str, Any] = {"rows": len(sides[0].observed)}
    for prefix in ("error", "hidden") if sides[0].hidden.any() else ("error",):
        found = [side.imputed() if prefix == "hidden" else side.reconstructed() for side in sides]
        for letter, (error, _) in zip("ab", found, strict=True):
            result[f"{prefix}_{letter}"] = error
            attrs[f"{prefix}_{letter}"] = float(np.nanmean(error)) if np.isfinite(error).any() else float("nan")
        stem = "" if prefix == "error" else "hidden_"
        result[f"{stem}ratio"] = ratio_of(found[1][0], found[0][0], both_zero=1.0)
        result[f"{stem}p"] = holm(_by_column(found[0][1], found[1][1], alike))
    result.attrs.update(attrs | _likelihoods(sides))
    return result


def sides_of(asked: Sequence[tuple[FittedModel, Encoded]], hide: Any, seed: Any) -> "list[Side]":
    """Models that are asked about the same cells of the same rows: those that all of them see.

    Args:
        asked: models of the same columns, each with the rows by its own schema.
        hide: share of these cells that are hidden from all of them.
        seed: of the hidden cells.

    Raises:
        InputError: the models have other columns, or ``hide`` and ``seed`` are not what they must be.
    """
    check_share("hide", hide)
    schemas = [model.schema for model, _ in asked]
    names = [column.name for column in schemas[0].features]
    orders = []
    for schema in schemas:
        check_columns(schemas[0], schema)
        # a model may have been trained on the columns in another order
        own = [column.name for column in schema.features]
        orders.append(np.array([own.index(name) for name in names]))
    observed = np.logical_and.reduce(
        [encoded.observed[:, order] for (_, encoded), order in zip(asked, orders, strict=True)]
    )
    hidden = hide_cells(observed, float(hide or 0), np.random.default_rng(check_seed("seed", seed)))
    return [
        Side(model, encoded, order, observed, hidden) for (model, encoded), order in zip(asked, orders, strict=True)
    ]


def alike_columns(sides: "Sequence[Side]") -> Bool[np.ndarray, " D"]:
    """Which columns have their errors measured in one way by all the models."""
    return np.array([len(set(kinds)) == 1 for kinds in zip(*(side.kinds() for side in sides), strict=True)])


class Side:
    """One of the models, with its rows; everything that it gives is in the order of the first model's columns."""

    def __init__(
        self,
        model: FittedModel,
        encoded: Encoded,
        order: np.ndarray,
        observed: Bool[np.ndarray, "N D"],
        hidden: Bool[np.ndarray, "N D"],
    ):
        own = np.argsort(order)
        self.model, self.encoded, self.order = model, encoded, order
        self.observed, self.hidden = observed[:, own], hidden[:, own]

    def kinds(self) -> list[tuple[bool, int]]:
        """Of every column, whether it holds levels, and how many steps they have where they are ordered."""
        layout = self.model.space.layout
        return [(bool(layout.discrete[d]), int(layout.steps[d])) for d in self.order]

    def reconstructed(self) -> tuple[Float[np.ndarray, " D"], Float[np.ndarray, "N D"]]:
        """The error of every column, and what each cell adds to it, where all cells are seen."""
        seen = self.observed
        return self._judged(reconstruct(self.model, self.model.batch(self.encoded, seen)), seen)

    def imputed(self) -> tuple[Float[np.ndarray, " D"], Float[np.ndarray, "N D"]]:
        """The same of the hidden cells."""
        (guess,) = impute(self.model, self.model.batch(self.encoded, self.observed & ~self.hidden))
        return self._judged(guess, self.hidden)

    def log_likelihood(self) -> tuple[MeanEstimate, dict[str, np.ndarray]]:
        """The mean over rows, and the details of the rows."""
        return mean_log_likelihood(self.model, self.model.batch(self.encoded, self.observed))

    @property
    def trained_on(self) -> bool | None:
        """Whether these are the rows that the model was trained on; None where it does not tell."""
        known = self.model.record.fingerprint
        return known == fingerprint(self.encoded) if known else None

    def _judged(self, guess: np.ndarray, scored: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        truth, space = self.encoded.values, self.model.space
        by_row = row_errors(space, truth, guess, scored)
        return errors(space, truth, guess, scored)[self.order], by_row[:, self.order]


def row_errors(
    space: Space, truth: Float[np.ndarray, "N E"], predicted: Float[np.ndarray, "N E"], scored: Bool[np.ndarray, "N D"]
) -> Float[np.ndarray, "N D"]:
    """What a cell adds to the error of its column: squared error / range^2, 0 or 1 for levels, steps of ordered levels.

    An image's is the mean over its pixels. Cells that are not ``scored`` have nan.
    """
    layout = space.layout
    discrete, steps = layout.spread(layout.discrete), layout.spread(layout.steps)
    reach = space.high - space.low
    with np.errstate(divide="ignore", invalid="ignore"):
        numbers = ((truth - predicted) / np.where(reach > 0, reach, np.nan)) ** 2
        found = np.where(discrete, (truth != predicted).astype(float), numbers)
        found = np.where(steps > 0, np.abs(truth - predicted) / np.maximum(steps, 1), found)
    if layout.elements > layout.features:
        found = np.add.reduceat(found, layout.first, axis=1) / layout.sizes
    return np.where(scored, found, np.nan)


def _by_column(
    first: Float[np.ndarray, "N D"], second: Float[np.ndarray, "N D"], alike: Bool[np.ndarray, " D"]
) -> Float[np.ndarray, " D"]:
    """The p-value of every column's paired test; nan for fewer than two rows and columns that are not ``alike``."""
    found = np.full(len(alike), np.nan)
    for d in np.flatnonzero(alike):
        differences = (second - first)[:, d]
        differences = differences[np.isfinite(differences)]
        if differences.size > 1:
            found[d] = corrected_paired_t_test(differences, 0.0)[1]
    return found


def _likelihoods(sides: list[Side]) -> dict[str, Any]:
    """Nats a row under each model, and their difference with its standard error and p-value."""
    from scipy import stats

    means, quick = zip(*(side.log_likelihood() for side in sides), strict=True)
    differences = quick[1]["total"] - quick[0]["total"]
    rows = len(differences)
    spread = differences.std(ddof=1) / np.sqrt(rows) if rows > 1 else np.nan
    gain = means[1].value - means[0].value
    # rows differ, and each of the two means is estimated from draws
    error = float(np.sqrt(spread**2 + means[0].standard_error ** 2 + means[1].standard_error ** 2))
    t = gain / error if error > 0 else np.nan
    return {
        "log_likelihood_a": means[0].value,
        "log_likelihood_b": means[1].value,
        "log_likelihood_gain": gain,
        "log_likelihood_gain_error": error,
        "log_likelihood_p": float(2 * stats.t.sf(abs(t), rows - 1)) if error > 0 else float(gain == 0),
        **{f"trained_on_{letter}": side.trained_on for letter, side in zip("ab", sides, strict=True)},
    }
