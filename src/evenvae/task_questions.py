"""What can be asked of a model that knows tasks: translation, and how far its representation tells the task."""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from evenvae import tables
from evenvae.errors import InputError
from evenvae.metrics import probe, rate_parts
from evenvae.models import inference
from evenvae.priors import SATURATED, OptimalPrior
from evenvae.tables.tasks import codes_given

MOST_ROWS = 2000
"""Rows behind the figures of dependence, whose cost grows with their square."""


class TaskQuestions:
    """Mixin of `Questions`; needs what that needs."""

    members_: list[tuple[Any, Any]]
    space_: Any
    schema_: Any
    _encode: Callable[..., Any]
    _averaged: Callable[..., Any]
    _of_members: Callable[..., Any]
    _of_first: Callable[..., Any]

    def translate(self, X: Any, to: Any) -> Any:
        """The rows as they would look under other tasks: encoded under their own, decoded under those in ``to``.

        Args:
            X: table with the task columns.
            to: dict of task column to value; task columns that it leaves out stay as they are.

        Raises:
            InputError: a column that is no task of the model, or a task that was not seen in training.
        """
        encoded = self._encode(X)
        wanted = codes_given(self.schema_, to, "to")
        if not wanted:
            raise InputError(f"to={to!r} names no task; give a dict of task column to value, as in {{'site': 'A'}}.")
        codes = np.full(len(self.schema_.tasks), -1, np.int32)
        codes[list(wanted)] = list(wanted.values())
        cells, scales = self._cells(encoded.values, encoded.observed, encoded.tasks), self.space_.device_scales
        ask = lambda n, s, c, m: inference.translate(n, s, c, m, scales, codes)
        values = self._averaged(self._of_members(ask, cells, encoded.observed, 1))
        return tables.decode(values, self.schema_, like=X, tasks=np.where(codes < 0, encoded.tasks, codes))

    def _cells(self, values: np.ndarray, observed: np.ndarray, codes: np.ndarray | None) -> tuple[np.ndarray, ...]:
        """What the network is given of some rows: the columns' cells, then the codes of their tasks."""
        cells = self.space_.cells(values, observed)
        return cells if codes is None else (*cells, codes)

    def _codes(self, rows: int, given: Any) -> np.ndarray | None:
        """(rows, T) codes of the tasks in ``given``, -1 where it names none; None for a model without tasks."""
        wanted = codes_given(self.schema_, given, "given")
        if not self.schema_.tasks:
            return None
        codes = np.full((rows, len(self.schema_.tasks)), -1, np.int32)
        codes[:, list(wanted)] = list(wanted.values())
        return codes

    def _dependence(self, cells: Any, observed: np.ndarray, codes: np.ndarray | None, seed: Any) -> dict[str, Any]:
        """What `evaluate` says of tasks and the prior: of the first member, on at most 2000 rows of known tasks."""
        found = self._normaliser()
        known = np.flatnonzero((codes >= 0).all(axis=1)) if codes is not None else np.arange(0)
        if codes is None or len(known) < 2:
            return found
        generator = np.random.default_rng(seed)
        if len(known) > MOST_ROWS:
            known = np.sort(generator.choice(known, MOST_ROWS, replace=False))
        labels = np.unique(codes[known], axis=0, return_inverse=True)[1].reshape(-1)
        picked = tuple(np.asarray(block)[known] for block in cells)
        means, stds = self._of_first(inference.posterior, picked, observed[known])
        network, _ = self.members_[0]
        parts = rate_parts(means, stds, labels, lambda z: inference.log_prior(network, np.float32(z)), generator)
        # of draws, as I(S; Z) is; means alone may tell a task by less than their own uncertainty
        read = probe(means + stds * generator.normal(size=means.shape), labels)
        return found | {
            **parts._asdict(),
            "task_probe_accuracy": read.accuracy,
            "task_probe_chance": read.chance,
            "task_probe_information": read.information,
            "task_probe_accuracy_of_means": probe(means, labels).accuracy,
            "task_rows": len(known),
        }

    def _normaliser(self) -> dict[str, float]:
        """log Z of the optimal prior that likelihoods lean on, and the effective draws behind it."""
        prior = self.members_[0][0].prior
        if not isinstance(prior, OptimalPrior):
            return {}
        log_normaliser, effective = prior.normaliser(jax.random.key(0))
        return {"log_normaliser": float(log_normaliser), "normaliser_effective_samples": float(effective)}


def distrust(history: list[dict[str, Any]]) -> str | None:
    """What is to be said of a density ratio that saturated by the end of training; None where it did not."""
    accuracies = [value for value in history[-1].get("ratio_accuracy", []) if value is not None] if history else []
    if not accuracies or max(accuracies) <= SATURATED:
        return None
    return (
        f"the optimal prior's density ratio tells draws of the posteriors from a normal with accuracy "
        f"{max(accuracies):.2f}: the two hardly overlap, so that likelihoods under this prior are not to be trusted; "
        "take fewer latent coordinates, a larger beta, or prior='vamp'"
    )
