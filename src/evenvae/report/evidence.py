"""Everything that the report shows, asked of the model once."""

import dataclasses
import logging
import warnings
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Int

from evenvae import metrics, tables
from evenvae.errors import InputError
from evenvae.estimator import EvenVAE
from evenvae.fitted import FittedModel
from evenvae.fitted.evaluation import against, check_columns, evaluate
from evenvae.report import gradients
from evenvae.tables import Column, Encoded

log = logging.getLogger(__name__)

HIDDEN_SHARE = 0.2
"""Share of the observed cells that are hidden, to measure how well they are imputed."""
PLAIN = "plain"
"""The name of a model without balance."""


@dataclasses.dataclass(frozen=True)
class Imputation:
    """How well hidden cells are imputed.

    Attributes:
        hidden: True for the cells that were hidden.
        error: of every column, as `metrics.column_errors` measures it.
        baseline: error of the column's mean or most frequent level.
        purpose: of the model that imputed.
        own: whether this is the model of the report.
    """

    hidden: Bool[np.ndarray, "N D"]
    error: Float[np.ndarray, " D"]
    baseline: Float[np.ndarray, " D"]
    purpose: str
    own: bool = True


@dataclasses.dataclass(frozen=True)
class Evidence:
    """A model's answers about a table. Cells are float64 numbers and codes of levels, with NaN for missing cells.

    Attributes:
        model: the fitted estimator.
        label: its name.
        columns: the modelled columns.
        table_rows: rows of the whole table.
        fingerprint: of the whole table.
        seed: of everything that is drawn.
        places: numbers of the rows that were looked at, in the whole table, from 0.
        values: their cells.
        observed: which of them are observed.
        missing_share: share of missing cells of every column, in the whole table.
        reconstructed: the cells as the model reconstructs them.
        sampled: cells of rows that were drawn from the model.
        latent: the rows in latent space.
        scores: what ``score_samples(return_details=True)`` gives.
        evaluation: what ``evaluate`` gives, with the other model beside it where there is one.
        imputation: how well hidden cells are imputed.
        comparisons: of the columns' gradients, at the end and at the start of training.
        other: another fitted estimator to compare with.
        other_label: its name.
        beside: what its ``evaluate`` gives.
        other_comparisons: of its columns' gradients.
    """

    model: EvenVAE
    label: str
    columns: tuple[Column, ...]
    table_rows: int
    fingerprint: str
    seed: int
    places: Int[np.ndarray, " N"]
    values: Float[np.ndarray, "N D"]
    observed: Bool[np.ndarray, "N D"]
    missing_share: Float[np.ndarray, " D"]
    reconstructed: Float[np.ndarray, "N D"]
    sampled: Float[np.ndarray, "M D"]
    latent: Float[np.ndarray, "N latent"]
    scores: dict[str, np.ndarray]
    evaluation: pd.DataFrame
    imputation: Imputation
    comparisons: tuple[gradients.GradientComparison, ...]
    other: EvenVAE | None = None
    other_label: str = ""
    beside: pd.DataFrame | None = None
    other_comparisons: tuple[gradients.GradientComparison, ...] = ()

    @property
    def fitted(self) -> FittedModel:
        """What training gave."""
        return self.model.fitted_

    @property
    def history(self) -> list[dict[str, Any]]:
        """One entry for every evaluation of the validation metric."""
        return self.model.history_

    @property
    def purpose(self) -> str:
        """What the model is for."""
        return self.fitted.plan.purpose

    @property
    def balance(self) -> str:
        """Name of the balancer that the model was trained with."""
        return self.fitted.plan.balance

    @property
    def names(self) -> list[str]:
        """Names of the modelled columns."""
        return [column.name for column in self.columns]

    @property
    def trained_on_it(self) -> bool | None:
        """Whether the table is the one that the model was trained on; None where the model does not know."""
        known = self.fitted.record.fingerprint
        return None if known is None else known == self.fingerprint


def gather(
    model: EvenVAE,
    X: Any,
    *,
    beside: EvenVAE | None = None,
    imputer: EvenVAE | None = None,
    rows: int = 5000,
    seed: int = 0,
    labels: tuple[str, str] = ("", ""),
) -> Evidence:
    """Ask a fitted model for everything that the report shows.

    Args:
        model: a fitted `EvenVAE`.
        X: the table to look at, in any library. Of a table with more than ``rows`` rows a random sample is looked at,
            in the order of the table.
        beside: another fitted model of the same columns, to compare with. If it is not given, it is the pilot, where
            the fit has kept one.
        imputer: another fitted model of the same columns, which imputes the hidden cells instead of ``model``.
        rows: most rows to look at, at least 2.
        seed: of the sample of rows, the hidden cells, the drawn rows and the batches of the gradients.
        labels: names of the two models; an empty one is replaced by a name that follows from the model's balance, or
            that tells a model from its pilot.

    Raises:
        InputError: the table or the other model has other columns, a column holds images, or ``rows`` is below 2.
    """
    if rows < 2:
        raise InputError(f"rows={rows} must be at least 2.")
    if beside is None and model.pilot_ is not None:
        beside, labels = model.pilot_, (labels[0] or _beside_pilot(model), labels[1])
    schema = model.schema_
    columns = schema.features
    pictured = next((column.name for column in columns if column.is_image), None)
    if pictured is not None:
        raise InputError(
            f"The report is of numbers and levels, and column {pictured!r} holds images. Use evenvae.plots for images."
        )
    frame = tables.as_frame(X, schema.names if tables.library_of(X) == "numpy" else None)
    whole = tables.encode(frame, schema)
    count = len(frame)
    places = np.arange(count)
    if count > rows:
        places = np.sort(np.random.default_rng([seed, 1]).choice(count, rows, replace=False))
    part, encoded = frame.iloc[places], whole.take(places)
    other_frame, other_comparisons = None, ()
    with warnings.catch_warnings():
        # the encoding above has given the same warnings already
        warnings.simplefilter("ignore", tables.TableWarning)
        for other in (beside, imputer):
            if other is not None:
                check_columns(schema, other.schema_)
        if beside is not None:
            by_other = tables.encode(part, beside.schema_)
            other_frame = evaluate(beside.fitted_, by_other, beside.point_estimate)
            # the other model may know other tasks
            as_other = dataclasses.replace(encoded, tasks=by_other.tasks)
            other_comparisons = gradients.comparisons(beside.fitted_, as_other, seed)
        own = evaluate(model.fitted_, encoded, model.point_estimate)
        return Evidence(
            model=model,
            label=labels[0] or _label(model),
            columns=columns,
            table_rows=count,
            fingerprint=tables.fingerprint(whole),
            seed=seed,
            places=places,
            values=encoded.values,
            observed=encoded.observed,
            missing_share=1 - whole.observed.mean(axis=0),
            reconstructed=tables.encode(model.reconstruct(part), schema).values,
            sampled=tables.encode(model.sample(max(len(part), 1000), random_state=seed), schema).values,
            latent=np.asarray(model.transform(part), float),
            scores=model.score_samples(part, return_details=True),
            evaluation=own if other_frame is None else against(own, other_frame),
            imputation=imputation(model, encoded, seed, imputer),
            comparisons=gradients.comparisons(model.fitted_, encoded, seed),
            other=beside,
            other_label=labels[1] or ("" if beside is None else _label(beside)),
            beside=other_frame,
            other_comparisons=other_comparisons,
        )


def imputation(model: EvenVAE, encoded: Encoded, seed: int, imputer: EvenVAE | None = None) -> Imputation:
    """Hide a share of the observed cells and measure how well they are imputed.

    Args:
        model: of the report.
        encoded: the rows.
        seed: of the hidden cells.
        imputer: another model that imputes instead of ``model``; it may know other tasks, so it is told none.
    """
    values, observed = encoded.values, encoded.observed
    hidden = metrics.hide(observed, HIDDEN_SHARE, np.random.default_rng([seed, 2]))
    asked = imputer or model
    tasks = encoded.tasks if imputer is None else None
    remaining = tables.decode(np.where(hidden, np.nan, values), asked.schema_, tasks=tasks)
    _, (found,) = asked.impute_values(remaining)
    space = asked.fitted_.space
    error = lambda guess: metrics.column_errors(values, guess, hidden, space.layout.discrete, space.high - space.low)
    baseline = np.broadcast_to(space.baseline, values.shape)
    return Imputation(hidden, error(found), error(baseline), asked.fitted_.plan.purpose, own=imputer is None)


def _beside_pilot(model: EvenVAE) -> str:
    """The name of a model beside its pilot, which is called plain."""
    own = _label(model)
    return "as it was asked for" if own == PLAIN else own


def _label(model: EvenVAE) -> str:
    balance = model.fitted_.plan.balance
    return PLAIN if balance == "none" else f"balanced ({balance})"
