"""What is known of a fitted model: on what it was trained, how, with which software, and how well it went."""

import dataclasses
import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import equinox as eqx
import jax
import numpy as np

from evenvae.fitted.model import FittedModel
from evenvae.fitted.privacy import guarantee
from evenvae.options.options import to_json
from evenvae.tables.shown import values_of

PACKAGES = ("evenvae", "jax", "equinox", "optax", "numpy", "scikit-learn")
METRICS = {
    "reconstruct": "mean error of cells that the model sees",
    "impute": "mean error of hidden cells",
    "score": "negative evidence lower bound, nats per row",
    "sample": "negative evidence lower bound, nats per row",
}
"""The validation metric of every purpose, in words; lower is better."""


@dataclasses.dataclass(frozen=True)
class CardColumn:
    """A column of the training table, the validation metric of which is None where it was not modelled or measured."""

    column: str
    taken_for: str
    because: str
    values: str
    note: str
    metric: float | None


@dataclasses.dataclass(frozen=True)
class Card:
    """The model card as data; `dataclasses.asdict` of it is what JSON can hold.

    Attributes:
        rows: of the training table.
        held_out: how many of them were held out for validation.
        fingerprint: SHA-256 of the encoded training table; None for files that do not hold it.
        model: ``"vae"`` or ``"hivae"``.
        parameters: numbers that one member has learned.
        members: of the ensemble.
        objective, prior, balance, purpose: by which the model was trained.
        privacy: what the fit guarantees of single rows, in words; ``"none"`` for all but private fits.
        steps, most_steps: taken, and planned.
        interrupted: whether Ctrl-C ended the training.
        seed: of the training.
        metric: the validation metric in words; lower is better.
        best: its best value, that of the best member; None where nothing was measured.
        pilot: whether a plain model is kept beside it.
        refined: the columns whose imputations trees refine.
        matched: whether rows are drawn with the marginals of the table.
        polish: how many rows are drawn for every row that trees keep; None where every drawn row is given.
        columns: of the table, the modelled and the others.
        options: as they were given.
        settings: that followed from them.
        versions: of the software that trained it; empty for files that do not hold them.
    """

    rows: int
    held_out: int
    fingerprint: str | None
    model: str
    parameters: int
    members: int
    objective: str
    prior: str
    balance: str
    purpose: str
    privacy: str
    steps: int
    most_steps: int
    interrupted: bool
    seed: int
    metric: str
    best: float | None
    pilot: bool
    refined: tuple[str, ...]
    matched: bool
    polish: float | None
    columns: tuple[CardColumn, ...]
    options: dict[str, Any]
    settings: dict[str, Any]
    versions: dict[str, str]


def card(model: FittedModel, given: Mapping[str, Any]) -> Card:
    """The card of a model.

    Args:
        model: to describe.
        given: the options of the estimator that made it.
    """
    record, plan, features = model.record, model.plan, model.schema.features
    best, by_column = best_metrics(model)
    metrics = dict(zip((column.name for column in features), by_column, strict=True)) if by_column else {}
    return Card(
        rows=record.rows,
        held_out=record.held_out,
        fingerprint=record.fingerprint,
        model=plan.model,
        parameters=parameters_of(model),
        members=len(model.members),
        objective=plan.method.objective.name,
        prior=plan.to_dict()["prior"]["part"],
        balance=plan.balance,
        purpose=plan.purpose,
        privacy=guarantee(plan),
        steps=record.steps,
        most_steps=plan.training.steps,
        interrupted=record.interrupted,
        seed=record.seed,
        metric=METRICS[plan.purpose],
        best=best,
        pilot=model.pilot is not None,
        refined=tuple(features[column.place].name for column in model.refinement),
        matched=model.marginal_shifts is not None,
        polish=None if model.polish is None else model.polish.times,
        columns=tuple(
            CardColumn(
                column.name,
                column.likelihood or column.role,
                column.reason,
                values_of(column),
                column.note,
                metrics.get(column.name),
            )
            for column in model.schema.columns
        ),
        options={name: _plain(value) for name, value in to_json(given).items()},
        settings={name: _plain(value) for name, value in plan.used().items()},
        versions=dict(sorted(record.versions.items())),
    )


def parameters_of(model: FittedModel) -> int:
    """Numbers that one member has learned."""
    leaves = jax.tree.leaves(eqx.filter(model.members[0].network, eqx.is_inexact_array))
    return int(sum(np.size(leaf) for leaf in leaves))


def best_metrics(model: FittedModel) -> tuple[float | None, list[float | None]]:
    """The validation metric of the best member at its best step, and the same of every column; None where unknown."""
    history = model.record.history
    values = np.array([record["validation"] for record in history], float)
    if not values.size or np.isnan(values).all():
        return None, []
    step, member = np.unravel_index(np.nanargmin(values), values.shape)
    columns = np.array(history[int(step)]["validation_columns"], float)[int(member)]
    return float(values[step, member]), [float(value) if np.isfinite(value) else None for value in columns]


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that a fit depends on."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _plain(value: Any) -> Any:
    """What JSON holds, as it is; anything else as text."""
    if isinstance(value, Mapping):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value if value is None or isinstance(value, str | bool | int | float) else str(value)
