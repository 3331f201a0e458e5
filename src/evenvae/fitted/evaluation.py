"""Predictions beside the truth, column by column."""

import dataclasses
from collections.abc import Sequence
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float

from evenvae.errors import InputError
from evenvae.fitted.imputation import impute
from evenvae.fitted.model import FittedModel
from evenvae.fitted.privacy import privacy
from evenvae.fitted.reconstruction import reconstruct
from evenvae.fitted.scoring import mean_log_likelihood
from evenvae.fitted.task_dependence import normaliser, task_dependence
from evenvae.metrics import column_errors
from evenvae.metrics import hide as hide_cells
from evenvae.models.space import Space
from evenvae.part import check_number, check_seed
from evenvae.tables import Encoded, Schema


def evaluate(
    model: FittedModel,
    encoded: Encoded,
    point_estimate: Any = "default",
    hide: Any = 0.0,
    seed: Any = 0,
    beside: tuple[FittedModel, Encoded] | None = None,
    train: Encoded | None = None,
) -> pd.DataFrame:
    """How well every column is reconstructed; see `EvenVAE.evaluate`.

    ``beside`` is another model of the same columns, and the same rows by its schema. The cells that are hidden from
    the two are the same. ``train`` are the training rows, where it is asked what the model tells about them.

    Raises:
        InputError: ``hide`` is not a share below 1, the seed no whole number, or the point estimate unknown.
    """
    truth, observed = encoded.values, encoded.observed
    check_number("hide", np.nan if hide is None else hide, Real, 0, 1 - 2**-53, "a share of at least 0 and below 1")
    hide, seed = float(hide), check_seed("random_state", seed)
    if seed is None:
        seed = int(np.random.SeedSequence().generate_state(1)[0])
    hidden = hide_cells(observed, hide, np.random.default_rng(seed))
    seen = observed & ~hidden
    batch = model.batch(encoded, seen)
    result = compare(model.space, model.schema, truth, reconstruct(model, batch, point_estimate), seen)
    mean, details = mean_log_likelihood(model, batch)
    result["log_likelihood"] = details["columns"].sum(axis=0) / np.maximum(seen.sum(axis=0), 1)
    result.attrs |= {
        "log_likelihood": mean.value,
        "log_likelihood_error": mean.standard_error,
        "log_likelihood_reliable": mean.reliable,
    }
    result.attrs |= normaliser(model) | task_dependence(model, batch, seed)
    if hide:
        (guess,) = impute(model, batch)
        apart = compare(model.space, model.schema, truth, guess, hidden)
        for name in ("error", "baseline", "ratio"):
            result[f"hidden_{name}"] = apart[name]
        result.attrs |= {f"hidden_{name}": apart.attrs[name] for name in ("error", "baseline")}
    if model.plan.privacy is not None:
        result.attrs["guarantee"] = dataclasses.asdict(model.plan.privacy)
    if train is not None:
        figures = privacy(model, encoded, train, seed)
        for name, of_columns in figures.by_column._asdict().items():
            # tasks are no rows of the table
            result[f"guess_{name}"] = of_columns[: len(result)]
        result.attrs["privacy"] = figures.summary()
    return result if beside is None else against(result, evaluate(*beside, point_estimate, hide, seed))


def against(result: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    """An evaluation beside that of another model on the same rows.

    Returns:
        ``result`` with the columns ``other_error`` and ``regret`` (error over the other's; where the other's is 0, 1 or
        infinity) and, in ``attrs``, ``worst_regret``, ``worst_regret_column`` and ``log_likelihood_gain``, in nats a
        row.
    """
    names = list(result["column"])
    result["other_error"] = other.set_index("column")["error"].reindex(names).to_numpy()
    result["regret"] = ratio_of(result["error"].to_numpy(), result["other_error"].to_numpy(), both_zero=1.0)
    worst, column = worst_of(names, result["regret"].to_numpy())
    result.attrs |= {
        "worst_regret": worst,
        "worst_regret_column": column,
        "log_likelihood_gain": result.attrs["log_likelihood"] - other.attrs["log_likelihood"],
    }
    return result


def ratio_of(
    error: Float[np.ndarray, " D"], other: Float[np.ndarray, " D"], both_zero: float = 0.0
) -> Float[np.ndarray, " D"]:
    """``error / other``; where ``other`` is 0, infinity, or ``both_zero`` if the error is 0, too."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(other > 0, error / other, np.where(error > 0, np.inf, both_zero))
    return np.where(np.isnan(error) | np.isnan(other), np.nan, ratio)


def worst_of(names: Sequence[str], ratio: Float[np.ndarray, " D"]) -> tuple[float | None, str | None]:
    """The largest ratio and the name of its column, both None where no ratio is known."""
    if np.isnan(ratio).all():
        return None, None
    place = int(np.nanargmax(ratio))
    return float(ratio[place]), str(names[place])


def check_columns(schema: Schema, other: Schema) -> None:
    """InputError where two models have different columns."""
    ours, theirs = ([column.name for column in one.features] for one in (schema, other))
    strange = sorted(set(ours) ^ set(theirs))
    if strange:
        raise InputError(
            f"The other model has other columns ({', '.join(strange[:5])}). Compare models of the same columns."
        )


def compare(
    space: Space,
    schema: Schema,
    truth: Float[np.ndarray, "N E"],
    predicted: Float[np.ndarray, "N E"],
    scored: Bool[np.ndarray, "N D"],
) -> pd.DataFrame:
    """Error, baseline and their ratio by column, on the ``scored`` cells; means and worst column in ``attrs``."""
    error = errors(space, truth, predicted, scored)
    baseline = errors(space, truth, np.broadcast_to(space.baseline, truth.shape), scored)
    result = pd.DataFrame(
        {
            "column": [column.name for column in schema.features],
            "likelihood": [column.likelihood for column in schema.features],
            "error": error,
            "baseline": baseline,
            "ratio": ratio_of(error, baseline),
        }
    )
    worst, column = worst_of(list(result["column"]), result["ratio"].to_numpy())
    result.attrs.update(
        error=float("nan") if worst is None else float(np.nanmean(error)),
        baseline=float("nan") if worst is None else float(np.nanmean(baseline)),
        worst_ratio=worst,
        worst_column=column,
    )
    return result


def errors(
    space: Space, truth: Float[np.ndarray, "N E"], predicted: Float[np.ndarray, "N E"], scored: Bool[np.ndarray, "N D"]
) -> Float[np.ndarray, " D"]:
    """`column_errors`, with the root mean square over an image's pixels."""
    layout = space.layout
    discrete, steps = layout.spread(layout.discrete), layout.spread(layout.steps)
    found = column_errors(truth, predicted, layout.spread(scored), discrete, space.high - space.low, steps)
    if layout.elements == layout.features:
        return found
    return np.sqrt(np.bincount(layout.feature_of_element, found**2) / layout.sizes)
