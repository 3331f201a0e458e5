"""How far a representation tells the task of a row, and how far the optimal prior can be trusted."""

from typing import Any

import numpy as np

from evenvae import threefry
from evenvae.fitted import kernels
from evenvae.fitted.asking import of_member
from evenvae.fitted.model import FittedModel
from evenvae.metrics import probe, rate_parts
from evenvae.models.batch import Batch
from evenvae.priors import SATURATED

MOST_ROWS = 2000
"""Rows behind the figures of dependence, whose cost grows with their square."""


def task_dependence(model: FittedModel, batch: Batch, seed: Any) -> dict[str, float]:
    """What the representation tells of the tasks: by the first member, on at most 2000 rows whose tasks are known.

    The fields of `metrics.RateParts`, and what a logistic regression finds in draws of z (``task_probe_accuracy``,
    ``task_probe_chance``, ``task_probe_information``) and in their means (``task_probe_accuracy_of_means``). Empty for
    a model without tasks.
    """
    codes = np.asarray(batch.tasks)
    known = np.flatnonzero((codes >= 0).all(axis=1)) if codes.shape[1] else np.arange(0)
    if len(known) < 2:
        return {}
    generator = np.random.default_rng(seed)
    if len(known) > MOST_ROWS:
        known = np.sort(generator.choice(known, MOST_ROWS, replace=False))
    labels = np.unique(codes[known], axis=0, return_inverse=True)[1].reshape(-1)
    means, stds = of_member(model, kernels.posterior, batch.take(known))
    network, _ = model.members[0]
    parts = rate_parts(means, stds, labels, lambda z: kernels.log_prior(network, np.float32(z)), generator)
    # of draws, as I(S; Z) is; means alone may tell a task by less than their own uncertainty
    found = probe(means + stds * generator.normal(size=means.shape), labels)
    return {
        **parts._asdict(),
        "task_probe_accuracy": found.accuracy,
        "task_probe_chance": found.chance,
        "task_probe_information": found.information,
        "task_probe_accuracy_of_means": probe(means, labels).accuracy,
        "task_rows": len(known),
    }


def normaliser(model: FittedModel) -> dict[str, float]:
    """log Z of an unnormalised prior, on which likelihoods depend, and the effective draws behind it; else empty."""
    figures = kernels.normaliser_figures(model.members[0].network, threefry.key(0))
    return {name: float(value) for name, value in figures.items()}


def warn_of_saturation(history: list[dict[str, Any]]) -> str | None:
    """The warning for a density ratio that saturated by the end of training; None where it did not."""
    accuracies = [value for value in history[-1].get("ratio_accuracy", []) if value is not None] if history else []
    if not accuracies or max(accuracies) <= SATURATED:
        return None
    return (
        f"the density ratio of the optimal prior distinguishes draws of the posteriors from a normal distribution with "
        f"accuracy {max(accuracies):.2f}: the two hardly overlap, so that likelihoods under this prior are not "
        "reliable; use fewer latent coordinates, a larger objective.beta, or prior='vamp'"
    )
