"""`EvenVAE`: the user's object, in scikit-learn's manner."""

import hashlib
import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import equinox as eqx
import jax
import numpy as np
from sklearn.base import BaseEstimator

from evenvae import latents, options, tables, warming
from evenvae.errors import InputError
from evenvae.likelihoods import FAMILIES, PIXELS, Histogram, Likelihood
from evenvae.models import HIVAEConfig
from evenvae.models.space import Space
from evenvae.models.targets import squared_targets, targets
from evenvae.objectives import GECO
from evenvae.priors import PRIORS, MixturePrior
from evenvae.questions import Questions
from evenvae.settings import make_plan, resolve_latents, resolve_numbers
from evenvae.tables import Encoded, Schema, tasks
from evenvae.tables.images import event_shape
from evenvae.task_questions import distrust
from evenvae.training import (
    SLICE,
    BatchStream,
    Data,
    Network,
    Progress,
    Run,
    States,
    Trained,
    Validation,
    first_states,
    present,
    resampled,
    stack,
    standing,
    start,
    static_part,
    train,
)

log = logging.getLogger(__name__)


def likelihood_of(column: Any, model: str = "vae", numbers: str = "family") -> Likelihood:
    """The likelihood of a schema column; HI-VAE takes log(1 + x) of positive numbers, as its authors do."""
    if numbers == "histogram" and column.kind != "image" and not column.nominal:
        return Histogram()
    if column.kind == "image":
        return PIXELS[column.likelihood](event_shape(column.shape))
    family = FAMILIES[column.likelihood]
    if column.likelihood == "categorical":
        return family(levels=max(column.cardinality, 1))
    if column.likelihood == "ordinal":
        return family(levels=max(column.cardinality, 2))
    if column.likelihood == "lognormal" and model == "hivae":
        return family(offset=1.0)
    return family()


class Prepared(NamedTuple):
    """What `train` needs beside the plan: stacked runs at step 0 and what each of them learns from."""

    runs: Run
    static: Network
    data: Data
    streams: list[BatchStream]
    validation: Validation


class EvenVAE(Questions, BaseEstimator):
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
            ``"imtl-g+pcgrad"``, ``"none"``, or ``"auto"`` (by the purpose: balanced for ``reconstruct``,
            plain for the others, because balancing helps what is reconstructed and costs what is imputed).
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

    def _likelihoods(self) -> list[Likelihood]:
        """Every feature's likelihood, by its schema and the options."""
        numbers = resolve_numbers(self.get_params(deep=False))
        return [likelihood_of(column, self.model, numbers) for column in self.schema_.features]

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

    def _prepare(self, encoded: Encoded, weight: np.ndarray | None = None) -> Prepared:
        """Space, splits, plan and new networks for the rows of ``encoded``; needs ``schema_``."""
        rows = len(encoded.values)
        self.fingerprint_ = tables.fingerprint(encoded)
        self.seed_ = (
            int(np.random.SeedSequence().generate_state(1)[0]) if self.random_state is None else int(self.random_state)
        )
        counting = standing(weight, self.schema_.elements)
        constants = encoded.values[counting], encoded.observed[counting]
        self.space_ = warming.space(self) or Space.fit(self._likelihoods(), *constants)
        held_out = self._held_out_rows(rows)
        self.rows_, self.held_out_ = rows, held_out
        levels = tuple(column.cardinality for column in self.schema_.tasks)
        self.plan_ = make_plan(self.get_params(deep=False), self.space_.layout, rows - held_out, held_out, levels)
        self.task_counts_ = None if encoded.tasks is None else tasks.TaskCounts.of(encoded.tasks, weight)
        splits = [self._split(rows, held_out, run) for run in range(self.ensemble)]
        networks = warming.continued(self, self._new_networks(*constants))
        static = static_part(networks[0][0])
        runs = stack(
            [
                start(network, states, key, self.plan_.optimiser, self.space_.layout.features)
                for network, states, key in networks
            ]
        )
        data = Data(
            self._cells(encoded.values, encoded.observed, encoded.tasks),
            encoded.observed,
            self.space_.device_scales,
            self.space_.value_bounds.astype(np.float32),
        )
        streams, watched = [], []
        for run, (training, held) in enumerate(splits):
            own = self._weight_of_run(weight, rows, run)
            of = lambda part, own=own: None if own is None else own[part]
            streams.append(BatchStream(training, self.plan_.training.batch_size, (self.seed_, run), of(training)))
            held = held if len(held) else training
            watched.append(self._validation(held, encoded.observed, run, of(held)))
        validation = stack(watched)
        return Prepared(runs, static, data, streams, validation)

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

    def _held_out_rows(self, rows: int) -> int:
        held = round(self.validation_fraction * rows)
        return min(held, 10_000) if rows - held >= 2 and held >= 1 else 0

    def _split(self, rows: int, held_out: int, run: int) -> tuple[np.ndarray, np.ndarray]:
        order = np.random.default_rng([self.seed_, run, 1]).permutation(rows)
        return np.sort(order[held_out:]), np.sort(order[:held_out])

    def _weight_of_run(self, weight: np.ndarray | None, rows: int, run: int) -> np.ndarray | None:
        return resampled(weight, rows, np.random.default_rng([self.seed_, run, 3])) if self.bootstrap else weight

    def _validation(self, rows: np.ndarray, observed: np.ndarray, run: int, own: np.ndarray | None) -> Validation:
        rows = rows[:10_000]
        size = min(SLICE, len(rows))
        count = -(-len(rows) // size)
        padded = np.concatenate([rows, np.repeat(rows[:1], count * size - len(rows))]).astype(np.int32)
        weight = (np.arange(count * size) < len(rows)).astype(np.float32)
        weight[: len(rows)] *= 1.0 if own is None else own[: len(rows)]
        generator = np.random.default_rng([self.seed_, run, 2])
        hidden = generator.random((count * size, observed.shape[1])) < 0.2
        # a table without holes in some column still gets a figure for it; a single column hides half its cells
        if observed.shape[1] == 1:
            hidden = generator.random(hidden.shape) < 0.5
        shape = (count, size)
        return Validation(padded.reshape(shape), weight.reshape(shape), hidden.reshape(*shape, observed.shape[1]))

    def _new_networks(self, values: np.ndarray, observed: np.ndarray) -> list[tuple[Network, States, Any]]:
        bias = self.space_.marginal_bias(values, observed)
        wanted = self._targets(values, observed)
        made = []
        for run in range(self.ensemble):
            keys = jax.random.split(jax.random.fold_in(jax.random.key(self.seed_), run))
            network = self._network(bias, keys[0])
            made.append((network, first_states(network, self.plan_.method, wanted), jax.random.key_data(keys[1])))
        return made

    def _targets(self, values: np.ndarray, observed: np.ndarray) -> np.ndarray | None:
        if not isinstance(self.plan_.method.objective, GECO):
            return None
        if self.kappa is not None:
            try:
                return squared_targets(self.space_, float(self.kappa))
            except ValueError as error:
                raise InputError(f"kappa={self.kappa}: {error}, as in schema={{'image': 'squared'}}.") from error
        if self.target is not None:
            return np.full(self.space_.layout.features, float(self.target))
        return targets(self.space_, values, observed, 0.5 if self.gain is None else float(self.gain))

    def _network(self, bias: np.ndarray, key: Any) -> Network:
        config = self.plan_.network
        model = config.build(self.space_.layout, bias, key)
        if isinstance(config, HIVAEConfig):
            prior_key = jax.random.fold_in(key, 1)
            return Network(model, MixturePrior.of(config.components, config.latent_size, prior_key))
        prior_key = jax.random.fold_in(key, 1)
        prior = PRIORS[self.prior].of(config.latent_size, config.hidden_size, self.components, prior_key)
        return Network(model, prior)

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

    def _skeleton(self) -> Network:
        """A network of the right shape whose numbers do not matter."""
        return self._network(np.zeros(self.space_.layout.width), jax.random.key(0))

    # Saving

    def save(self, path: str | Path) -> None:
        """Write the model as one safetensors file: parameters, options, schema; no rows, no code."""
        self._check_fitted()
        from evenvae.saving import save

        save(self, path)
