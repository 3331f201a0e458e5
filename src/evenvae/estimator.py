"""`EvenVAE`: the user's object, in scikit-learn's manner."""

import hashlib
import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.exceptions import NotFittedError

from evenvae import tables
from evenvae.errors import InputError
from evenvae.likelihoods import FAMILIES, Likelihood
from evenvae.metrics import column_errors
from evenvae.models import inference, make_vae
from evenvae.models.space import Space
from evenvae.priors import PRIORS
from evenvae.settings import make_plan
from evenvae.tables import Schema
from evenvae.training import (
    SLICE,
    BatchStream,
    Data,
    Network,
    Progress,
    States,
    Validation,
    stack,
    start,
    static_part,
    train,
)

log = logging.getLogger(__name__)


def likelihood_of(column: Any) -> Likelihood:
    """The likelihood of a schema column."""
    if column.likelihood == "categorical":
        return FAMILIES["categorical"](levels=max(column.cardinality, 1))
    return FAMILIES[column.likelihood]()


class EvenVAE(TransformerMixin, BaseEstimator):
    """A variational autoencoder for tables of mixed columns, trained so that no column is overlooked.

    Args:
        model: ``"vae"``.
        objective: ``"elbo"``.
        balance: how the columns' gradients are balanced: ``magnitude+direction`` as in
            ``"imtl-g+pcgrad"``, ``"none"``, or ``"auto"`` (by the purpose: balanced for ``reconstruct``,
            plain for the others, because balancing helps what is reconstructed and costs what is imputed).
        prior: ``"standard"``.
        purpose: ``"reconstruct"`` (the default), ``"impute"``, ``"score"`` or ``"sample"``: the validation
            figure by which training stops and the best state is kept. ``"impute"`` also hides cells from the
            encoder while training.
        ensemble: runs trained side by side and averaged.
        latent_size, hidden_size, depth, epochs, batch_size, learning_rate: None follows the table's size.
        validation_fraction: share of rows held out to watch; 0 watches nothing and keeps the last state.
        patience: looks at the validation figure without improvement before stopping; 0 never stops early.
        random_state: an integer, or None for a seed drawn from the system (kept in ``seed_``).
        schema: a `Schema`, a path to a schema.toml, or a dict of column name to likelihood; None infers it.
        preset: ``"default"`` or ``"paper"`` (network and training of Javaloy et al., 2021).
        network, encoder_input, init, dropout, see_mask, hide_cells, schedule, weight_decay, clip: parts of the
            presets, to be set one by one.
        statistic: what `reconstruct` and `evaluate` give for numbers: ``"mean"``, ``"median"``, ``"mode"``.
        verbose: True shows a progress bar.

    Rows go in and come out in the library they came in: pandas, polars, pyarrow, NumPy.
    """

    def __init__(
        self,
        model: str = "vae",
        objective: str = "elbo",
        balance: str = "auto",
        prior: str = "standard",
        task: Any = None,
        purpose: str | None = None,
        ensemble: int = 1,
        latent_size: int | None = None,
        hidden_size: int | None = None,
        depth: int | None = None,
        epochs: float | None = None,
        batch_size: int | None = None,
        learning_rate: float | None = None,
        validation_fraction: float = 0.1,
        patience: int | None = None,
        random_state: int | None = 0,
        schema: Any = None,
        preset: str = "default",
        network: str | None = None,
        encoder_input: str | None = None,
        init: str | None = None,
        dropout: float | None = None,
        see_mask: bool | None = None,
        hide_cells: float | None = None,
        schedule: str | None = None,
        weight_decay: float | None = None,
        clip: float | None = None,
        statistic: str = "mean",
        verbose: bool = False,
    ):
        self.model = model
        self.objective = objective
        self.balance = balance
        self.prior = prior
        self.task = task
        self.purpose = purpose
        self.ensemble = ensemble
        self.latent_size = latent_size
        self.hidden_size = hidden_size
        self.depth = depth
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.random_state = random_state
        self.schema = schema
        self.preset = preset
        self.network = network
        self.encoder_input = encoder_input
        self.init = init
        self.dropout = dropout
        self.see_mask = see_mask
        self.hide_cells = hide_cells
        self.schedule = schedule
        self.weight_decay = weight_decay
        self.clip = clip
        self.statistic = statistic
        self.verbose = verbose

    # Training

    def fit(
        self,
        X: Any,
        y: Any = None,
        *,
        callbacks: tuple[Callable[[Progress], None], ...] = (),
        checkpoint: str | Path | None = None,
        resume: bool = False,
    ) -> "EvenVAE":
        """Learn from a table.

        Args:
            X: pandas, polars or pyarrow table, or a 2-D array; holes as NaN, None, null or pd.NA.
            y: ignored.
            callbacks: called with a `Progress` after every chunk of steps.
            checkpoint: a folder to write the state of training to; with ``resume`` training goes on from it.

        Raises:
            InputError: the table or an option is wrong.
            TrainingError: the loss turned non-finite; the message names the column.
        """
        del y
        self._check_options()
        frame = tables.as_frame(X)
        self.schema_ = self._resolve_schema(frame)
        if not self.schema_.features:
            raise InputError("No column is left to learn: all are constant, empty or identifiers.")
        encoded = tables.encode(frame, self.schema_)
        self._note_input(X, frame)
        rows = len(encoded.values)
        if rows < 2:
            raise InputError(f"The table has {rows} row; at least 2 are needed to learn from.")
        self.seed_ = (
            int(np.random.SeedSequence().generate_state(1)[0]) if self.random_state is None else int(self.random_state)
        )
        likelihoods = [likelihood_of(column) for column in self.schema_.features]
        self.space_ = Space.fit(likelihoods, encoded.values, encoded.observed)
        held_out = self._held_out_rows(rows)
        self.rows_, self.held_out_ = rows, held_out
        self.plan_ = make_plan(self.get_params(deep=False), self.space_.layout, rows - held_out, held_out)
        splits = [self._split(rows, held_out, run) for run in range(self.ensemble)]
        networks = self._new_networks(encoded.values, encoded.observed)
        static = static_part(networks[0][0])
        runs = stack(
            [
                start(network, states, key, self.plan_.optimiser, self.space_.layout.features)
                for network, states, key in networks
            ]
        )
        data = Data(
            self.space_.cells(encoded.values, encoded.observed),
            encoded.observed,
            self.space_.device_scales,
            self.space_.value_bounds.astype(np.float32),
        )
        streams = [
            BatchStream(training, self.plan_.training.batch_size, (self.seed_, run))
            for run, (training, _) in enumerate(splits)
        ]
        validation = stack(
            [
                self._validation(held if len(held) else training, encoded.observed, run)
                for run, (training, held) in enumerate(splits)
            ]
        )
        callbacks = self._with_bar(callbacks)
        try:
            trained = train(
                runs,
                static,
                data,
                streams,
                validation,
                self.plan_.method,
                self.plan_.optimiser,
                self.plan_.training,
                [column.name for column in self.schema_.features],
                callbacks=callbacks,
                folder=checkpoint,
                resume=resume,
                fingerprint=self._fingerprint(encoded),
            )
        finally:
            for callback in callbacks:
                getattr(callback, "close", lambda: None)()
        self.history_ = trained.history
        self.interrupted_ = trained.interrupted
        self.n_steps_ = int(trained.runs.step.max())
        self._keep(*trained.best, alive=~np.asarray(trained.runs.failed))
        return self

    def _check_options(self) -> None:
        if not isinstance(self.ensemble, int | np.integer) or self.ensemble < 1:
            raise InputError(f"ensemble={self.ensemble!r} must be a positive whole number.")
        if not 0 <= self.validation_fraction < 1:
            raise InputError(f"validation_fraction={self.validation_fraction} must be at least 0 and below 1.")
        if self.prior not in PRIORS:
            raise InputError(f"prior={self.prior!r} is unknown; choose one of {', '.join(PRIORS)}.")
        if self.task is not None:
            raise InputError("task is not available in this version; leave it None.")
        if self.statistic not in ("mean", "median", "mode"):
            raise InputError(f"statistic={self.statistic!r} is unknown; choose one of mean, median, mode.")
        for name in ("epochs", "batch_size", "hidden_size", "latent_size", "learning_rate", "depth"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise InputError(f"{name}={value} must be positive.")

    def _resolve_schema(self, frame: Any) -> Schema:
        if self.schema is None:
            return Schema.infer(frame)
        if isinstance(self.schema, Schema):
            return self.schema.complete(frame)
        if isinstance(self.schema, dict):
            return Schema.infer(frame, overrides=self.schema)
        return Schema.from_toml(self.schema).complete(frame)

    def _note_input(self, X: Any, frame: Any) -> None:
        names = self.schema_.names
        self.n_features_in_ = len(names)
        if not isinstance(X, np.ndarray | list):
            self.feature_names_in_ = np.array(names, dtype=object)
        del frame

    def _held_out_rows(self, rows: int) -> int:
        held = round(self.validation_fraction * rows)
        return min(held, 10_000) if rows - held >= 2 and held >= 1 else 0

    def _split(self, rows: int, held_out: int, run: int) -> tuple[np.ndarray, np.ndarray]:
        order = np.random.default_rng([self.seed_, run, 1]).permutation(rows)
        return np.sort(order[held_out:]), np.sort(order[:held_out])

    def _validation(self, rows: np.ndarray, observed: np.ndarray, run: int) -> Validation:
        rows = rows[:10_000]
        size = min(SLICE, len(rows))
        count = -(-len(rows) // size)
        padded = np.concatenate([rows, np.repeat(rows[:1], count * size - len(rows))]).astype(np.int32)
        weight = (np.arange(count * size) < len(rows)).astype(np.float32)
        generator = np.random.default_rng([self.seed_, run, 2])
        hidden = generator.random((count * size, observed.shape[1])) < 0.2
        # a table without holes in some column still gets a figure for it; a single column hides half its cells
        if observed.shape[1] == 1:
            hidden = generator.random(hidden.shape) < 0.5
        shape = (count, size)
        return Validation(padded.reshape(shape), weight.reshape(shape), hidden.reshape(*shape, observed.shape[1]))

    def _new_networks(self, values: np.ndarray, observed: np.ndarray) -> list[tuple[Network, States, Any]]:
        bias = self.space_.marginal_bias(values, observed)
        made = []
        for run in range(self.ensemble):
            keys = jax.random.split(jax.random.fold_in(jax.random.key(self.seed_), run))
            network = self._network(bias, keys[0])
            objective, balancer, _ = self.plan_.method
            features = self.space_.layout.features
            states = States(
                network.model.encoder.init(),
                objective.init(features),
                None if balancer is None else balancer.init(features),
            )
            made.append((network, states, jax.random.key_data(keys[1])))
        return made

    def _network(self, bias: np.ndarray, key: Any) -> Network:
        model = make_vae(self.plan_.network, self.space_.layout, bias, key)
        return Network(model, PRIORS[self.prior](self.plan_.network.latent_size))

    def _with_bar(self, callbacks: tuple) -> tuple:
        if not self.verbose:
            return tuple(callbacks)
        from evenvae.progress import Bar

        return (*callbacks, Bar())

    def _fingerprint(self, encoded: Any) -> str:
        digest = hashlib.sha256(np.ascontiguousarray(encoded.values).tobytes())
        options = {k: repr(v) for k, v in self.get_params(deep=False).items() if k not in ("verbose", "schema")}
        digest.update(json.dumps([options, self.schema_.to_dict()], sort_keys=True, default=str).encode())
        return digest.hexdigest()

    def _keep(self, params: Any, encoder_state: Any, alive: np.ndarray) -> None:
        chosen = np.flatnonzero(alive)
        pick = lambda tree, run: jax.tree.map(lambda leaf: np.asarray(leaf)[run], tree)
        static = static_part(self._skeleton())
        self.members_ = [(eqx.combine(pick(params, run), static), pick(encoder_state, run)) for run in chosen]

    def _skeleton(self) -> Network:
        """A network of the right shape whose numbers do not matter."""
        return self._network(np.zeros(self.space_.layout.width), jax.random.key(0))

    # Questions

    def transform(self, X: Any) -> np.ndarray:
        """Posterior means, ``(rows, latent_size)``; of the first member of an ensemble."""
        cells, observed = self._ask(X)
        return self._posterior(cells, observed).mean

    def fit_transform(self, X: Any, y: Any = None, **fit_options: Any) -> np.ndarray:
        """`fit`, then `transform`."""
        return self.fit(X, y, **fit_options).transform(X)

    def inverse_transform(self, Z: Any) -> Any:
        """A table from latent coordinates ``(rows, latent_size)``: the expected numbers, the likeliest levels."""
        self._check_fitted()
        Z = np.asarray(Z, np.float32)
        if Z.ndim != 2 or Z.shape[1] != self.plan_.network.latent_size:
            raise InputError(f"Z must have shape (rows, {self.plan_.network.latent_size}), not {Z.shape}.")
        network, _ = self.members_[0]
        raw = np.asarray(inference.decode(network, Z))
        return tables.decode(self.space_.statistic(raw, "mean"), self.schema_)

    def reconstruct(self, X: Any, statistic: str | None = None) -> Any:
        """The table as the model sees it: every feature cell replaced by its reconstruction.

        ``statistic``: ``"mean"``, ``"median"`` or ``"mode"`` of numbers at the posterior's mean; levels give
        their most probable one. Ensembles are averaged for ``"mean"``; else the first member answers.
        """
        frame = tables.as_frame(X)
        cells, observed = self._ask(frame)
        values = self._reconstructed(cells, observed, statistic or self.statistic)
        return tables.decode(values, self.schema_, like=X)

    def impute(
        self, X: Any, draws: int = 1, *, statistic: str = "mean", samples: int = 50, random_state: Any = 0
    ) -> Any:
        """The table with its holes filled; observed cells are never changed.

        Args:
            X: table with holes.
            draws: 1 gives the best guess; N > 1 gives a list of N completed tables, drawn from the posterior
                of the missing cells by sampling-importance-resampling.
            statistic: ``"mean"`` (importance-weighted expectation) or ``"mode"`` (modes of q(z|x) and of the
                likelihood, as the paper imputes).
            samples: importance samples a row.
            random_state: seed of the draws.
        """
        _, completed = self.impute_values(X, draws, statistic=statistic, samples=samples, random_state=random_state)
        filled = [tables.fill(X, values, self.schema_) for values in completed]
        return filled[0] if draws == 1 else filled

    def impute_values(
        self, X: Any, draws: int = 1, *, statistic: str = "mean", samples: int = 50, random_state: Any = 0
    ) -> tuple[np.ndarray, list[np.ndarray]]:
        """What `impute` writes into the holes, as numbers: ``observed`` (N, D) and ``draws`` arrays (N, D).

        Levels are codes of the schema; the columns are the schema's features.
        """
        if draws < 1 or samples < 1:
            raise InputError(f"draws={draws} and samples={samples} must be at least 1.")
        if statistic not in ("mean", "mode"):
            raise InputError(f"statistic={statistic!r} is unknown; imputation knows mean and mode.")
        cells, observed = self._ask(X)
        if draws > 1:
            return observed, [self._draw(cells, observed, samples, [random_state or 0, i]) for i in range(draws)]
        if statistic == "mode":
            return observed, [self._reconstructed(cells, observed, "mode")]
        return observed, [self._imputed(cells, observed, samples)]

    def sample(self, n: int, given: Any = None, random_state: int | None = None) -> Any:
        """``n`` new rows, in the library of the training table."""
        self._check_fitted()
        if given is not None:
            raise InputError("given is not available in this version; leave it None.")
        if n < 1:
            raise InputError(f"n={n} must be at least 1.")
        seed = np.random.SeedSequence(random_state)
        generator = np.random.default_rng(seed)
        key = jax.random.key(int(generator.integers(2**31)))
        which = generator.integers(len(self.members_), size=n)
        values = np.empty((n, self.space_.layout.features))
        size = inference.slice_rows(self.space_.layout, 1, n)
        for member, (network, _) in enumerate(self.members_):
            rows = np.flatnonzero(which == member)
            for number, begin in enumerate(range(0, len(rows), size)):
                part = rows[begin : begin + size]
                member_key = jax.random.fold_in(jax.random.fold_in(key, member), number)
                drawn = inference.sample(network, self.space_.device_scales, member_key, size)
                values[part] = self.space_.to_raw(np.asarray(drawn)[: len(part)])
        return tables.decode(values, self.schema_)

    def score_samples(self, X: Any, samples: int = 100, return_details: bool = False) -> Any:
        """(rows,) log-likelihood of every row in nats on the raw scale; low means unusual.

        By importance sampling from the posterior (a lower bound in expectation, tight as ``samples`` grows);
        missing cells are integrated out. ``return_details`` gives a dict with ``total``, ``columns``
        (rows, D), ``standard_error`` and ``effective_samples``.
        """
        cells, observed = self._ask(X)
        details = self._log_likelihood(cells, observed, samples)
        return details if return_details else details["total"]

    def score(self, X: Any, y: Any = None) -> float:
        """Mean of `score_samples`."""
        del y
        return float(np.mean(self.score_samples(X)))

    def evaluate(self, X: Any, statistic: str | None = None) -> pd.DataFrame:
        """How well every column is reconstructed, one row a column.

        ``error``: RMSE / training range of numbers, error rate of levels, on observed cells;
        ``baseline``: the same for the column's mean or most frequent level; ``ratio`` of the two;
        ``log_likelihood``: mean of a cell's expected log-likelihood given its row, raw scale.
        The frame's ``attrs`` hold ``error``, ``baseline``, ``worst_ratio``, ``worst_column`` and the rows' mean
        ``log_likelihood`` (importance sampled).
        """
        cells, observed = self._ask(X)
        truth = self._encode(X).values
        predicted = self._reconstructed(cells, observed, statistic or self.statistic)
        ranges = self.space_.high - self.space_.low
        nominal = self.space_.layout.nominal
        error = column_errors(truth, predicted, observed, nominal, ranges)
        constant = np.broadcast_to(self.space_.baseline, truth.shape)
        baseline = column_errors(truth, constant, observed, nominal, ranges)
        details = self._log_likelihood(cells, observed, 50)
        counts = np.maximum(observed.sum(axis=0), 1)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.where(baseline > 0, error / baseline, np.where(error > 0, np.inf, 0.0))
        result = pd.DataFrame(
            {
                "column": [column.name for column in self.schema_.features],
                "likelihood": [column.likelihood for column in self.schema_.features],
                "error": error,
                "baseline": baseline,
                "ratio": np.where(np.isnan(error), np.nan, ratio),
                "log_likelihood": details["columns"].sum(axis=0) / counts,
            }
        )
        known = result["ratio"].notna()
        worst = result.loc[known, "ratio"].idxmax() if known.any() else None
        result.attrs.update(
            error=float(np.nanmean(error)),
            baseline=float(np.nanmean(baseline)),
            worst_ratio=None if worst is None else float(result.loc[worst, "ratio"]),
            worst_column=None if worst is None else str(result.loc[worst, "column"]),
            log_likelihood=float(details["total"].mean()),
        )
        return result

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Names of the latent coordinates."""
        del input_features
        self._check_fitted()
        return np.array([f"evenvae{i}" for i in range(self.plan_.network.latent_size)], dtype=object)

    # Saving

    def save(self, path: str | Path) -> None:
        """Write the model as one safetensors file: parameters, options, schema; no rows, no code."""
        self._check_fitted()
        from evenvae.saving import save

        save(self, path)

    # Shared by the questions

    def _check_fitted(self) -> None:
        if not hasattr(self, "members_"):
            raise NotFittedError("This EvenVAE is not fitted yet; call fit with a table first.")

    def _encode(self, X: Any) -> Any:
        self._check_fitted()
        return tables.encode(X, self.schema_)

    def _ask(self, X: Any) -> tuple[tuple[np.ndarray, ...], np.ndarray]:
        encoded = self._encode(X)
        return self.space_.cells(encoded.values, encoded.observed), encoded.observed

    def _sliced(self, function: Callable, cells: Any, observed: np.ndarray, samples: int) -> Any:
        size = inference.slice_rows(self.space_.layout, samples, len(observed))
        return inference.in_slices(function, cells, observed, size)

    def _posterior(self, cells: Any, observed: np.ndarray) -> Any:
        network, state = self.members_[0]
        scales = self.space_.device_scales
        return self._sliced(lambda c, m: inference.posterior(network, state, c, m, scales), cells, observed, 1)

    def _reconstructed(self, cells: Any, observed: np.ndarray, statistic: str) -> np.ndarray:
        layout, scales = self.space_.layout, self.space_.device_scales
        if statistic != "mean":
            network, _ = self.members_[0]
            mean = self._posterior(cells, observed).mean
            raw = np.concatenate([np.asarray(inference.decode(network, z)) for z in _pieces(mean)])
            return self.space_.statistic(raw, statistic)
        parts = [
            self._sliced(lambda c, m, n=network, s=state: inference.reconstruct(n, s, c, m, scales), cells, observed, 1)
            for network, state in self.members_
        ]
        averaged = [np.mean(part, axis=0) for part in zip(*parts, strict=True)]
        return self.space_.to_raw(inference.decide(layout, averaged))

    def _imputed(self, cells: Any, observed: np.ndarray, samples: int) -> np.ndarray:
        points = inference.latent_points(samples, self.plan_.network.latent_size)
        scales = self.space_.device_scales
        bounds = self.space_.value_bounds.astype(np.float32)
        parts = [
            self._sliced(
                lambda c, m, n=network, s=state: inference.impute(n, s, c, m, scales, points, bounds),
                cells,
                observed,
                samples,
            )
            for network, state in self.members_
        ]
        averaged = [np.mean(part, axis=0) for part in zip(*parts, strict=True)]
        return self.space_.to_raw(inference.decide(self.space_.layout, averaged))

    def _draw(self, cells: Any, observed: np.ndarray, samples: int, seed: list[int]) -> np.ndarray:
        points = inference.latent_points(samples, self.plan_.network.latent_size)
        generator = np.random.default_rng(seed)
        network, state = self.members_[int(generator.integers(len(self.members_)))]
        keys = iter(jax.random.split(jax.random.key(int(generator.integers(2**31))), len(observed)))
        scales = self.space_.device_scales
        function = lambda c, m: inference.impute_draw(network, state, c, m, scales, points, next(keys))
        return self.space_.to_raw(self._sliced(function, cells, observed, samples))

    def _log_likelihood(self, cells: Any, observed: np.ndarray, samples: int) -> dict[str, np.ndarray]:
        points = inference.latent_points(samples, self.plan_.network.latent_size)
        scales = self.space_.device_scales
        parts = [
            self._sliced(
                lambda c, m, n=network, s=state: inference.log_likelihood(n, s, c, m, scales, points),
                cells,
                observed,
                samples,
            )
            for network, state in self.members_
        ]
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


def _pieces(array: np.ndarray, size: int = 4096) -> list[np.ndarray]:
    return [array[begin : begin + size] for begin in range(0, len(array), size)]
