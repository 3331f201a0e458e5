"""Everything the report shows, asked of the model once."""

import dataclasses
import logging
import warnings
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Int

from evenvae import metrics, tables
from evenvae.errors import InputError
from evenvae.report import gradients
from evenvae.tables import Column

log = logging.getLogger(__name__)

HIDDEN_SHARE = 0.2


@dataclasses.dataclass(frozen=True)
class Imputation:
    """A seeded share of observed cells was hidden; errors (D,) as `metrics.column_errors` measures them.

    ``purpose`` is that of the model that was asked, ``own`` whether it is the model of the report.
    """

    hidden: Bool[np.ndarray, "N D"]
    error: Float[np.ndarray, " D"]
    baseline: Float[np.ndarray, " D"]
    purpose: str
    own: bool = True


@dataclasses.dataclass(frozen=True)
class Evidence:
    """A model's answers about a table, in numbers: float64 cells with NaN for holes, codes for levels.

    ``places`` are the rows' numbers in the table given, from 0; ``scores`` is what
    ``score_samples(return_details=True)`` gives; ``evaluation`` and ``beside`` are ``evaluate``'s frames.
    """

    model: Any
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
    stories: tuple[gradients.Story, ...]
    other: Any = None
    other_label: str = ""
    beside: pd.DataFrame | None = None
    other_stories: tuple[gradients.Story, ...] = ()

    @property
    def names(self) -> list[str]:
        """Names of the modelled columns."""
        return [column.name for column in self.columns]

    @property
    def trained_on_it(self) -> bool | None:
        """Whether the table is the one the model was trained on; None where the model does not know."""
        known = getattr(self.model, "fingerprint_", None)
        return None if known is None else known == self.fingerprint


def gather(
    model: Any,
    X: Any,
    *,
    beside: Any = None,
    imputer: Any = None,
    rows: int = 5000,
    seed: int = 0,
    labels: tuple[str, str] = ("", ""),
) -> Evidence:
    """Ask a fitted model all that the report shows.

    Args:
        model: a fitted `EvenVAE`.
        X: the table to look at, in any library; a table with more than ``rows`` rows is represented by a seeded
            sample of them, in their order.
        beside: another fitted model of the same columns, to compare with.
        imputer: another fitted model of the same columns, asked for the hidden cells in place of ``model``.
        rows: most rows to look at, at least 2.
        seed: of the sample of rows, the hidden cells, the drawn rows and the noise of the gradients.
        labels: names of the two models; their balances where empty.

    Raises:
        InputError: the table or the other model has other columns, or ``rows`` is below 2.
    """
    if rows < 2:
        raise InputError(f"rows={rows} must be at least 2.")
    schema = model.schema_
    columns = schema.features
    pictured = next((column.name for column in columns if column.kind == "image"), None)
    if pictured is not None:
        raise InputError(f"The report is of numbers and levels, and column {pictured!r} holds images: evenvae.pictures "
                         "shows those.")  # fmt: skip
    frame = tables.as_frame(X, schema.names if tables.library_of(X) == "numpy" else None)
    whole = tables.encode(frame, schema)
    count = len(frame)
    places = np.arange(count)
    if count > rows:
        places = np.sort(np.random.default_rng([seed, 1]).choice(count, rows, replace=False))
    part = frame.iloc[places]
    values, observed = whole.values[places], whole.observed[places]
    codes = None if whole.tasks is None else whole.tasks[places]
    other_frame, other_stories = None, ()
    with warnings.catch_warnings():
        # said once, by the encoding above
        warnings.simplefilter("ignore", tables.TableWarning)
        for other in (beside, imputer):
            if other is not None:
                _same_columns(model, other)
        if beside is not None:
            other_frame = beside.evaluate(part)
            other_codes = tables.encode(part, beside.schema_).tasks
            other_stories = gradients.stories(beside, values, observed, seed, other_codes)
        return Evidence(
            model=model,
            label=labels[0] or _label(model),
            columns=columns,
            table_rows=count,
            fingerprint=tables.fingerprint(whole),
            seed=seed,
            places=places,
            values=values,
            observed=observed,
            missing_share=1 - whole.observed.mean(axis=0),
            reconstructed=tables.encode(model.reconstruct(part), schema).values,
            sampled=tables.encode(model.sample(max(len(part), 1000), random_state=seed), schema).values,
            latent=np.asarray(model.transform(part), float),
            scores=model.score_samples(part, return_details=True),
            evaluation=model.evaluate(part),
            imputation=dataclasses.replace(
                imputation(imputer or model, values, observed, seed, None if imputer else codes), own=imputer is None
            ),
            stories=gradients.stories(model, values, observed, seed, codes),
            other=beside,
            other_label=labels[1] or ("" if beside is None else _label(beside)),
            beside=other_frame,
            other_stories=other_stories,
        )


def imputation(
    model: Any, values: np.ndarray, observed: np.ndarray, seed: int, codes: np.ndarray | None = None
) -> Imputation:
    """Hide a fifth of the observed cells and see how well they are found again; ``codes`` are the rows' tasks."""
    hidden = metrics.hide(observed, HIDDEN_SHARE, np.random.default_rng([seed, 2]))
    holes = tables.decode(np.where(hidden, np.nan, values), model.schema_, tasks=codes)
    _, (found,) = model.impute_values(holes)
    space = model.space_
    score = lambda guess: metrics.column_errors(values, guess, hidden, space.layout.nominal, space.high - space.low)
    constant = np.broadcast_to(space.baseline, values.shape)
    return Imputation(hidden, score(found), score(constant), model.plan_.training.purpose)


def _label(model: Any) -> str:
    balance = model.plan_.balance
    return "plain" if balance == "none" else f"balanced ({balance})"


def _same_columns(model: Any, other: Any) -> None:
    ours, theirs = ([column.name for column in m.schema_.features] for m in (model, other))
    strange = sorted(set(ours) ^ set(theirs))
    if strange:
        raise InputError(
            f"The model beside has other columns ({', '.join(strange[:5])}); compare models trained on the same ones."
        )
