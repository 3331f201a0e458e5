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
from sklearn.base import BaseEstimator

from evenvae import latents, options, tables, warming
from evenvae.errors import InputError
from evenvae.preparing import Preparing
from evenvae.priors import PRIORS
from evenvae.questions import Questions
from evenvae.settings import resolve_latents
from evenvae.tables import Encoded, Schema, tasks
from evenvae.task_questions import distrust
from evenvae.training import Progress, Trained, present, static_part, train

log = logging.getLogger(__name__)


class EvenVAE(Preparing, Questions, BaseEstimator):
    """A variational autoencoder for tables of mixed columns, trained so that no column is overlooked.

    Args:
        model: ``"vae"``, or ``"hivae"``: a mixture prior and a private slice of the decoder for every column.
        objective: ``"elbo"``; ``"beta"``, the same with ``beta`` given; ``"iwae"`` or ``"dreg"``: importance-weighted
            bounds, nearer to the likelihood; ``"geco"`` or ``"geco-iwae"``: the least KL at which cells are
            reconstructed as well as asked.
        constraint: what geco holds: ``"row"`` (the default; a row's cells together) or ``"column"`` (each column).
        target: nats a cell that geco allows, in model space (numbers standardised).
        gain: the same as nats below the column's marginal; None is 0.5 where ``target`` is not given either.
        kappa: the same for images of the likelihood ``squared``: their squared error is to be kappa^2.
        multiplier_rate: how fast geco's multipliers move; None is 0.01 a step and nat (with ``kappa``, a step and
            kappa^2).
        importance_samples: draws of the latent for every row of a batch; None is 20 for iwae and dreg, 1 else.
        components: components of the HI-VAE's prior (None is 10), or of a learned mixture.
        balance: how the columns' gradients are balanced: ``magnitude+direction`` as in
            ``"imtl-g+pcgrad"``, ``"none"``, or ``"auto"``: for ``reconstruct`` ``gradnorm+pcgrad``, by which the mean
            error over nine tables is 0.49 of plain's, the worst column 0.87 and the log-likelihood a row 1.7 nats lower
            in the median (HI-VAE ``gradnorm``); plain for the other purposes, because balancing helps what is
            reconstructed and costs what is imputed.
        prior: ``"standard"``; or learned: ``"optimal"`` (a density ratio trained beside the model), ``"vamp"`` (a
            mixture of ``components`` normals) or ``"exemplar"`` (training rows' posteriors). See the tasks page.
        task: column, or list of columns, that say which site, sensor or year a row belongs to. Encoder and decoder are
            told, the column itself is not modelled, so that `transform` gives what rows of all tasks share.
        purpose: ``"reconstruct"`` (the default), ``"impute"``, ``"score"`` or ``"sample"``: the validation
            figure by which training stops and the best state is kept. ``"impute"`` also hides cells from the
            encoder while training and weighs the KL by 0.1; ``"sample"`` also sets ``numbers`` and ``latents``.
        ensemble: runs trained side by side and averaged.
        bootstrap: True trains every run on a bootstrap copy of the table (rows weighed at random), so that runs differ
            as they would on other samples of the population: for draws of `impute` whose spread is to be honest.
        latent_size, hidden_size, depth, epochs, batch_size, learning_rate: None follows the table's size.
        validation_fraction: share of rows held out to watch; 0 watches nothing and keeps the last state.
        patience: looks at the validation figure without improvement before stopping; 0 never stops early.
        random_state: an integer, or None for a seed drawn from the system (kept in ``seed_``).
        schema: a `Schema`, a path to a schema.toml, or a dict of column name to likelihood; None infers it.
        preset: ``"default"`` or ``"paper"`` (network and training of Javaloy et al., 2021).
        beta: weight of the KL; None is 0.1 for ``purpose="impute"``, and for ``"sample"`` with ``latents="fitted"``;
            1 else.
        network, encoder_input, init, dropout, see_mask, hide_cells, schedule, weight_decay, clip: parts of the
            presets, to be set one by one; ``network="conv"`` is for images.
        numbers: ``"family"`` (each by its column's likelihood) or ``"histogram"`` (the probabilities of 64 bins, which
            can say any distribution); None is ``"histogram"`` for ``purpose="sample"``, which needs it, and
            ``"family"`` else.
        latents: from where `sample` draws latents: ``"prior"``, or ``"fitted"``, a mixture of normals fitted to the
            training rows' posteriors after training; None is ``"fitted"`` for ``purpose="sample"``. Models with
            tasks or images draw from the prior.
        statistic: what `reconstruct` and `evaluate` give for numbers: ``"typical"`` (the mean; the median of
            log-normal columns, whose mean runs off where the family does not fit), or ``"mean"``, ``"median"``,
            ``"mode"``.
        warm_start: True goes on from what the last `fit` learned: same columns, scales, network, members.
        verbose: True shows a progress bar.

    Rows go in and come out in the library they came in: pandas, polars, pyarrow, NumPy. Images are an array (N, H, W)
    or (N, H, W, C), uint8 or floats in [0, 1]; or a column of such arrays, one feature among others.
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
        bootstrap: bool = False,
        importance_samples: int | None = None,
        components: int | None = None,
        constraint: str | None = None,
        target: float | None = None,
        gain: float | None = None,
        kappa: float | None = None,
        multiplier_rate: float | None = None,
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
        beta: float | None = None,
        schedule: str | None = None,
        weight_decay: float | None = None,
        clip: float | None = None,
        numbers: str | None = None,
        latents: str | None = None,
        statistic: str = "typical",
        warm_start: bool = False,
        verbose: bool = False,
    ):
        self.model = model
        self.objective = objective
        self.balance = balance
        self.prior = prior
        self.task = task
        self.purpose = purpose
        self.ensemble = ensemble
        self.bootstrap = bootstrap
        self.importance_samples = importance_samples
        self.components = components
        self.constraint = constraint
        self.target = target
        self.gain = gain
        self.kappa = kappa
        self.multiplier_rate = multiplier_rate
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
        self.beta = beta
        self.schedule = schedule
        self.weight_decay = weight_decay
        self.clip = clip
        self.numbers = numbers
        self.latents = latents
        self.statistic = statistic
        self.warm_start = warm_start
        self.verbose = verbose

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        # latent coordinates are computed and given in float32, whatever comes in
        tags.transformer_tags.preserves_dtype = []
        return tags

    # Training

    def fit(
        self,
        X: Any,
        y: Any = None,
        *,
        sample_weight: Any = None,
        callbacks: tuple[Callable[[Progress], None], ...] = (),
        checkpoint: str | Path | None = None,
        resume: bool = False,
    ) -> "EvenVAE":
        """Learn from a table.

        Args:
            X: pandas, polars or pyarrow table, or a 2-D array; holes as NaN, None, null or pd.NA.
            y: ignored.
            sample_weight: (rows,) how much each row counts, at least 0; their scale does not matter. Rows are drawn as
                often as they weigh; those of weight 0 are as if they were not there.
            callbacks: called with a `Progress` after every chunk of steps, as those of `evenvae.tracking`; one that
                has a ``close`` is closed at the end, however it comes.
            checkpoint: a folder to write the state of training to; with ``resume`` training goes on from it.

        Raises:
            InputError: the table or an option is wrong.
            TrainingError: the loss turned non-finite; the message names the column.
        """
        del y
        encoded, weight = self._read(X, sample_weight)
        prepared = self._prepare(encoded, weight)
        callbacks = self._with_bar(callbacks)
        try:
            trained = train(
                *prepared,
                self.plan_.method,
                self.plan_.optimiser,
                self.plan_.training,
                [column.name for column in self.schema_.features],
                callbacks=callbacks,
                options=self._options_used(),
                folder=checkpoint,
                resume=resume,
                fingerprint=self._fingerprint(encoded, weight),
            )
        finally:
            for callback in callbacks:
                getattr(callback, "close", lambda: None)()
        self._finish(trained)
        self.hole_pattern_ = tables.HolePattern.of(encoded, self.schema_, weight)
        if resolve_latents(self.get_params(deep=False), self.space_.layout) == "fitted":
            self.latents_ = latents.fit(self, prepared.data.cells, encoded.observed, weight)
        return self

    def _read(self, X: Any, sample_weight: Any = None) -> tuple[Encoded, np.ndarray | None]:
        """The feature cells of the rows that count, and their weights; sets the schema."""
        self._check_options()
        frame = tables.as_frame(X)
        there, weight = present(sample_weight, len(frame))
        frame: Any = frame[there]
        if len(frame) < 2:
            raise InputError(f"The table has {len(frame)} row; at least 2 are needed to learn from (n_samples=1).")
        self.schema_ = warming.schema(self) or tasks.declare(Schema.of(self.schema, frame), frame, self.task)
        if not self.schema_.features:
            raise InputError("No column is left to learn: all are constant, empty or identifiers.")
        self._note_input(X)
        return tables.encode(frame, self.schema_), weight

    def _finish(self, trained: Trained) -> None:
        """Keep what training gave."""
        self.history_ = trained.history
        self.interrupted_ = trained.interrupted
        self.n_steps_ = int(trained.runs.step.max())
        said = distrust(trained.history)
        if said:
            log.warning(said)
        self._keep(*trained.best, alive=~np.asarray(trained.runs.failed))

    def _check_options(self) -> None:
        options.check(self.get_params(deep=False))
        if self.prior not in PRIORS:
            raise InputError(f"prior={self.prior!r} is unknown; choose one of {', '.join(PRIORS)}.")

    def _note_input(self, X: Any) -> None:
        names = self.schema_.names
        self.n_features_in_ = len(names)
        if not isinstance(X, np.ndarray | list):
            self.feature_names_in_ = np.array(names, dtype=object)

    def _with_bar(self, callbacks: tuple) -> tuple:
        if not self.verbose:
            return tuple(callbacks)
        from evenvae.progress import Bar

        return (*callbacks, Bar())

    def _options_used(self) -> dict[str, Any]:
        given = {name: value for name, value in self.get_params(deep=False).items() if value is not None}
        for name in ("schema", "verbose"):
            given.pop(name, None)
        return {**given, **self.plan_.used(), "balance": self.plan_.balance, "random_state": self.seed_}

    def _fingerprint(self, encoded: Any, weight: np.ndarray | None) -> str:
        digest = hashlib.sha256(tables.fingerprint(encoded).encode())
        if weight is not None:
            digest.update(weight.tobytes())
        given = {k: repr(v) for k, v in self.get_params(deep=False).items() if k not in ("verbose", "schema")}
        digest.update(json.dumps([given, self.schema_.to_dict()], sort_keys=True, default=str).encode())
        return digest.hexdigest()

    def _keep(self, params: Any, encoder_state: Any, alive: np.ndarray) -> None:
        chosen = np.flatnonzero(alive)
        self.latents_ = None
        pick = lambda tree, run: jax.tree.map(lambda leaf: np.asarray(leaf)[run], tree)
        static = static_part(self._skeleton())
        self.members_ = [(eqx.combine(pick(params, run), static), pick(encoder_state, run)) for run in chosen]

    # Saving

    def save(self, path: str | Path) -> None:
        """Write the model as one safetensors file: parameters, options, schema; no rows, no code."""
        self._check_fitted()
        from evenvae.saving import save

        save(self, path)
