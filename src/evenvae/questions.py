"""What can be asked of a fitted model: the verbs of `EvenVAE`."""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import pandas as pd
from sklearn.base import TransformerMixin
from sklearn.exceptions import NotFittedError

from evenvae import conditions, sampling, tables
from evenvae.comparing import compared
from evenvae.errors import InputError
from evenvae.metrics import hide as hide_cells
from evenvae.models import inference
from evenvae.tables.tasks import codes_given
from evenvae.task_questions import TaskQuestions
from evenvae.training import checked

SAMPLES = 100
"""Importance samples of a row's log-likelihood, wherever it is asked for."""
STATISTICS = ("typical", "mean", "median", "mode")


class Questions(TaskQuestions, TransformerMixin):
    """Mixin of `EvenVAE`; needs ``members_``, ``space_``, ``schema_`` and ``plan_`` of a fitted model."""

    members_: list[tuple[Any, Any]]
    space_: Any
    schema_: Any
    plan_: Any
    task_counts_: Any
    hole_pattern_: Any
    statistic: str
    fit: Callable[..., Any]

    def transform(self, X: Any) -> np.ndarray:
        """Posterior means, ``(rows, latent_size)``; of the first member of an ensemble.

        For ``model="hivae"`` the mean of z given the likeliest component, then the components' probabilities.
        """
        cells, observed = self._ask(X)
        return self._of_first(inference.coordinates, cells, observed)

    def posterior(self, X: Any) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation of q(z|x), ``(rows, latent_size)`` each; of the first member of an ensemble.

        What the figures of `evenvae.metrics.latent` start from. InputError for ``model="hivae"``, whose posterior is
        a mixture.
        """
        cells, observed = self._ask(X)
        if self.plan_.network.points != self.plan_.network.coordinates:
            raise InputError("posterior is of model='vae'; that of 'hivae' is a mixture, which transform describes.")
        return self._of_first(inference.normal_posterior, cells, observed)

    def fit_transform(self, X: Any, y: Any = None, **fit_options: Any) -> np.ndarray:
        """`fit`, then `transform`."""
        return self.fit(X, y, **fit_options).transform(X)

    def inverse_transform(self, Z: Any, given: Any = None) -> Any:
        """A table from latent coordinates ``(rows, latent_size)``: the expected numbers, the likeliest levels.

        ``given``, a dict of task column to value, says under which tasks; those not given stand between all.
        """
        self._check_fitted()
        Z = np.asarray(Z, np.float32)
        if Z.ndim != 2 or Z.shape[1] != self.plan_.network.coordinates:
            raise InputError(f"Z must have shape (rows, {self.plan_.network.coordinates}), not {Z.shape}.")
        network, _ = self.members_[0]
        codes = self._codes(len(Z), given)
        raw = np.asarray(inference.decode(network, Z, codes))
        return tables.decode(self.space_.statistic(raw, "typical"), self.schema_, tasks=codes)

    def reconstruct(self, X: Any, statistic: str | None = None) -> Any:
        """The table as the model sees it: every feature cell replaced by its reconstruction.

        ``statistic`` of numbers, at the posterior's mean: ``"typical"`` (the mean; the median of log-normal
        columns), ``"mean"``, ``"median"`` or ``"mode"``; levels give their most probable one. Ensembles are
        averaged for ``"typical"``; else the first member answers.
        """
        encoded = self._encode(X)
        cells = self._cells(encoded.values, encoded.observed, encoded.tasks)
        values = self._reconstructed(cells, encoded.observed, statistic or self.statistic)
        return tables.decode(values, self.schema_, like=X, tasks=encoded.tasks)

    def impute(
        self, X: Any, draws: int = 1, *, statistic: str | None = None, samples: int = 50, random_state: Any = 0
    ) -> Any:
        """The table with its holes filled; observed cells are never changed.

        Args:
            X: table with holes.
            draws: 1 gives the best guess; N > 1 gives a list of N completed tables, drawn from the posterior
                of the missing cells by sampling-importance-resampling.
            statistic: ``"importance"`` (importance-weighted expectation over ``samples`` draws of z),
                ``"point"`` (expectation at the mean of q(z|x)) or ``"mode"`` (mode of the likelihood there, as
                the paper imputes). None is ``"point"`` for a model trained with hidden cells
                (``purpose="impute"``), whose encoder answers from part of a row by itself and was measured to
                do so with less error, and ``"importance"`` for any other, whose encoder needs the correction.
            samples: importance samples a row.
            random_state: seed of the draws.
        """
        _, completed = self.impute_values(X, draws, statistic=statistic, samples=samples, random_state=random_state)
        filled = [tables.fill(X, values, self.schema_) for values in completed]
        return filled[0] if draws == 1 else filled

    def impute_values(
        self, X: Any, draws: int = 1, *, statistic: str | None = None, samples: int = 50, random_state: Any = 0
    ) -> tuple[np.ndarray, list[np.ndarray]]:
        """What `impute` writes into the holes, as numbers: ``observed`` (N, D) and ``draws`` arrays (N, D).

        Levels are codes of the schema; the columns are the schema's features.
        """
        cells, observed = self._ask(X)
        return self._completed(cells, observed, draws, statistic, samples, random_state)

    def _completed(
        self,
        cells: Any,
        observed: np.ndarray,
        draws: int = 1,
        statistic: str | None = None,
        samples: int = 50,
        random_state: Any = 0,
    ) -> tuple[np.ndarray, list[np.ndarray]]:
        if draws < 1 or samples < 1:
            raise InputError(f"draws={draws} and samples={samples} must be at least 1.")
        if statistic is None:
            statistic = "point" if self.plan_.method.hide_cells else "importance"
        if statistic not in ("importance", "point", "mode"):
            raise InputError(f"statistic={statistic!r} is unknown; imputation knows importance, point and mode.")
        if draws > 1:
            seed = random_state or 0
            # every member in turn, so that the draws differ as the members do
            turns = np.random.default_rng(seed).permutation(len(self.members_))
            return observed, [
                self._draw(cells, observed, samples, [seed, i], int(turns[i % len(turns)])) for i in range(draws)
            ]
        if statistic == "importance":
            return observed, [self._imputed(cells, observed, samples)]
        return observed, [self._reconstructed(cells, observed, "typical" if statistic == "point" else "mode")]

    def sample(
        self, n: int, given: Any = None, random_state: int | None = None, *, rules: Any = (), missing: bool = False
    ) -> Any:
        """``n`` new rows, in the library of the training table.

        Args:
            n: number of rows.
            given: what every row must have: a dict by column of a value, a pair ``(low, high)`` (None for an open end)
                or a list of values; or texts such as ``"age>=65"``. A task is given as one value; tasks that are not
                given come as often as in the training table.
            random_state: seed; None draws anew each time. Global random state is neither read nor changed.
            rules: expressions of columns (``"start <= end"``) or functions of a pandas table that give a truth value
                a row; rows that break one are drawn again.
            missing: True leaves holes as the training table has them: as many in every column, where other columns'
                values and holes make them likely (see `tables.HolePattern`). Columns in ``given`` have none; rules are
                met before cells are taken out.

        Bounds, whole numbers and levels of the training table hold in every row. Raises InputError where a condition
        names no column or value of the model, or hardly any row satisfies it.
        """
        self._check_fitted()
        if n < 1:
            raise InputError(f"n={n} must be at least 1.")
        rules = [rules] if isinstance(rules, str) or callable(rules) else list(rules)
        told, rest = conditions.apart(given, [column.name for column in self.schema_.tasks])
        wanted = codes_given(self.schema_, told, "given")
        asked = conditions.parse(rest, self.schema_)
        values, codes = sampling.draw(self, n, asked, rules, wanted, random_state)
        if missing:
            values = sampling.with_holes(self, values, codes, asked, random_state)
        return tables.decode(values, self.schema_, tasks=codes)

    def score_samples(self, X: Any, samples: int = SAMPLES, return_details: bool = False) -> Any:
        """(rows,) log-likelihood of every row in nats on the raw scale; low means unusual.

        By importance sampling from the posterior (a lower bound in expectation, tight as ``samples`` grows);
        missing cells are integrated out. ``return_details`` gives a dict with ``total``, ``columns``
        (rows, D), ``standard_error`` and ``effective_samples``.
        """
        if samples < 1:
            raise InputError(f"samples={samples} must be at least 1.")
        cells, observed = self._ask(X)
        details = self._log_likelihood(cells, observed, samples)
        return details if return_details else details["total"]

    def score(self, X: Any, y: Any = None, sample_weight: Any = None) -> float:
        """Mean of `score_samples`; rows count by ``sample_weight`` where it is given."""
        del y
        scores = self.score_samples(X)
        return float(np.average(scores, weights=checked(sample_weight, len(scores))))

    def evaluate(
        self, X: Any, statistic: str | None = None, *, hide: float = 0.0, random_state: int | None = 0
    ) -> pd.DataFrame:
        """How well every column is reconstructed, one row a column.

        ``error``: RMSE / training range of numbers, error rate of levels (mean distance / levels where they have
        an order), on the cells the model sees;
        ``baseline``: the same for the column's mean or most frequent level; ``ratio`` of the two;
        ``log_likelihood``: mean of a cell's expected log-likelihood given its row, raw scale.
        The frame's ``attrs`` hold ``error``, ``baseline``, ``worst_ratio``, ``worst_column`` and the rows' mean
        ``log_likelihood`` (importance sampled). With tasks, also what the representation tells of them: the fields of
        `metrics.RateParts`, and what a logistic regression reads off draws of z (``task_probe_accuracy``,
        ``task_probe_chance``, ``task_probe_information``) and off their means (``task_probe_accuracy_of_means``).

        With ``hide`` that share of the observed cells, drawn by ``random_state``, is kept from the model and
        imputed; ``hidden_error``, ``hidden_baseline`` and ``hidden_ratio`` tell how well (also in ``attrs``).
        """
        encoded = self._encode(X)
        truth, observed = encoded.values, encoded.observed
        if not 0 <= hide < 1:
            raise InputError(f"hide={hide} must be at least 0 and below 1: the share of observed cells to hide.")
        hidden = hide_cells(observed, hide, np.random.default_rng(random_state))
        seen = observed & ~hidden
        cells = self._cells(truth, seen, encoded.tasks)
        result = compared(
            self.space_, self.schema_, truth, self._reconstructed(cells, seen, statistic or self.statistic), seen
        )
        details = self._log_likelihood(cells, seen, SAMPLES)
        result["log_likelihood"] = details["columns"].sum(axis=0) / np.maximum(seen.sum(axis=0), 1)
        result.attrs["log_likelihood"] = float(details["total"].mean())
        result.attrs |= self._dependence(cells, seen, encoded.tasks, random_state)
        if hide:
            _, (guess,) = self._completed(cells, seen)
            apart = compared(self.space_, self.schema_, truth, guess, hidden)
            for name in ("error", "baseline", "ratio"):
                result[f"hidden_{name}"] = apart[name]
            result.attrs |= {f"hidden_{name}": apart.attrs[name] for name in ("error", "baseline")}
        return result

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Names of the latent coordinates."""
        del input_features
        self._check_fitted()
        return np.array([f"evenvae{i}" for i in range(self.plan_.network.coordinates)], dtype=object)

    # Shared by the questions

    def _check_fitted(self) -> None:
        if not hasattr(self, "members_"):
            raise NotFittedError("This EvenVAE is not fitted yet; call fit with a table first.")

    def _encode(self, X: Any) -> Any:
        self._check_fitted()
        return tables.encode(X, self.schema_)

    def _ask(self, X: Any) -> tuple[tuple[np.ndarray, ...], np.ndarray]:
        encoded = self._encode(X)
        return self._cells(encoded.values, encoded.observed, encoded.tasks), encoded.observed

    def _sliced(self, function: Callable, cells: Any, observed: np.ndarray, samples: int) -> Any:
        size = inference.slice_rows(self.space_.layout, samples, len(observed))
        return inference.in_slices(function, cells, observed, size)

    def _of_members(self, function: Callable, cells: Any, observed: np.ndarray, samples: int) -> list[Any]:
        """The answers of ``function(network, state, cells, mask)`` from every member of the ensemble."""
        return [
            self._sliced(lambda c, m, n=network, s=state: function(n, s, c, m), cells, observed, samples)
            for network, state in self.members_
        ]

    def _averaged(self, parts: list[list[np.ndarray]]) -> np.ndarray:
        """Members' expectations, averaged and decided, as raw values."""
        averaged = [np.mean(part, axis=0) for part in zip(*parts, strict=True)]
        return self.space_.to_raw(inference.decide(self.space_.layout, averaged))

    def _of_first(self, function: Callable, cells: Any, observed: np.ndarray) -> Any:
        """``function(network, state, cells, mask, scales)`` of the first member."""
        network, state = self.members_[0]
        scales = self.space_.device_scales
        return self._sliced(lambda c, m: function(network, state, c, m, scales), cells, observed, 1)

    def _reconstructed(self, cells: Any, observed: np.ndarray, statistic: str) -> np.ndarray:
        scales = self.space_.device_scales
        if statistic not in STATISTICS:
            raise InputError(f"statistic={statistic!r} is unknown; choose one of {', '.join(STATISTICS)}.")
        if statistic != "typical":
            return self.space_.statistic(self._of_first(inference.raw_at_center, cells, observed), statistic)
        parts = self._of_members(lambda n, s, c, m: inference.reconstruct(n, s, c, m, scales), cells, observed, 1)
        return self._averaged(parts)

    def _imputed(self, cells: Any, observed: np.ndarray, samples: int) -> np.ndarray:
        points = inference.latent_points(samples, self.plan_.network.points)
        scales = self.space_.device_scales
        bounds = self.space_.value_bounds.astype(np.float32)
        ask = lambda n, s, c, m: inference.impute(n, s, c, m, scales, points, bounds)
        return self._averaged(self._of_members(ask, cells, observed, samples))

    def _draw(self, cells: Any, observed: np.ndarray, samples: int, seed: list[int], member: int) -> np.ndarray:
        points = inference.latent_points(samples, self.plan_.network.points)
        generator = np.random.default_rng(seed)
        network, state = self.members_[member]
        keys = iter(jax.random.split(jax.random.key(int(generator.integers(2**31))), len(observed)))
        scales = self.space_.device_scales
        function = lambda c, m: inference.impute_draw(network, state, c, m, scales, points, next(keys))
        return self.space_.to_raw(self._sliced(function, cells, observed, samples))

    def _log_likelihood(self, cells: Any, observed: np.ndarray, samples: int) -> dict[str, np.ndarray]:
        points = inference.latent_points(samples, self.plan_.network.points)
        scales = self.space_.device_scales
        ask = lambda n, s, c, m: inference.log_likelihood(n, s, c, m, scales, points)
        parts = self._of_members(ask, cells, observed, samples)
        if len(parts) == 1:
            return {name: value.astype(np.float64) for name, value in parts[0].items()}
        # the ensemble is a mixture of its members
        totals = np.stack([part["total"] for part in parts]).astype(np.float64)
        total = np.logaddexp.reduce(totals, axis=0) - np.log(len(parts))
        share = np.exp(totals - np.logaddexp.reduce(totals, axis=0))
        errors = np.stack([part["standard_error"] for part in parts])
        return {
            "total": total,
            "columns": np.einsum("rn,rnd->nd", share, np.stack([part["columns"] for part in parts])),
            "standard_error": np.sqrt((share**2 * errors**2).sum(axis=0)),
            "effective_samples": np.sum([part["effective_samples"] for part in parts], axis=0),
        }
