"""`EvenVAE`: the user's object, in scikit-learn's manner."""

import contextlib
import importlib
import logging
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from jaxtyping import Float
from sklearn.base import TransformerMixin
from sklearn.exceptions import NotFittedError

from evenvae import tables
from evenvae.balancing import Balancer
from evenvae.compilation import keep_programs
from evenvae.errors import InputError
from evenvae.fitted import (
    bounds,
    card_text,
    conditions,
    embedding,
    evaluation,
    fitting,
    notebook_view,
    sampling,
    saving,
    translation,
)
from evenvae.fitted import imputation as imputing
from evenvae.fitted.card import card as card_of
from evenvae.fitted.model import FittedModel
from evenvae.fitted.pilot import plain_options
from evenvae.fitted.reconstruction import PointEstimate, reconstruct
from evenvae.fitted.rules import read as read_rules
from evenvae.fitted.scoring import SAMPLES, log_likelihood, mean_log_likelihood
from evenvae.forked import refuse_if_forked
from evenvae.io.watching import watched
from evenvae.models.network_options import HIVAENetwork, Network
from evenvae.objectives import Objective
from evenvae.options import Imputation, Options, Privacy, Sampling
from evenvae.options.by_name import OptionsByName
from evenvae.options.unknown import refuse_unknown_options
from evenvae.part import Part, check_flag, check_path, check_seed
from evenvae.tables import Encoded, Schema
from evenvae.tables.derived.computing import without_bounds
from evenvae.tables.missingness import DrawnPart
from evenvae.tables.tasks import codes_given
from evenvae.training import Progress, Training, leads, validate
from evenvae.training.settings import Purpose

log = logging.getLogger(__name__)


class EvenVAE(TransformerMixin, OptionsByName):
    """A variational autoencoder for tables of mixed columns, trained so that no column is overlooked.

    What is set daily is an argument here. Everything else belongs to a part: ``network=Network(width=128)``,
    ``training=Training(batch_size=64)``, ``objective=GECO(gain=0.5)``, ``prior=Vamp(components=32)``,
    ``sampling=Sampling(numbers="family")``, ``imputation=Imputation(refine="trees")``. An option that is None follows
    the preset, the purpose or the size of the table. `get_params` and `set_params` reach the options of parts as
    ``network__width``.

    Parameters:
        model: ``"vae"``; or ``"hivae"``, with a mixture prior and a private slice of the decoder for every column.
        objective: ``"elbo"``; ``"iwae"`` or ``"dreg"``, importance-weighted bounds, which are nearer to the likelihood;
            ``"geco"`` or ``"geco-iwae"``, the least KL at which cells are reconstructed as well as asked; or one of
            `ELBO`, `IWAE`, `DReG`, `GECO` with its own options, such as ``ELBO(beta=4)``.
        balance: how the columns' gradients are balanced: ``magnitude+direction`` as in ``"imtl-g+pcgrad"``,
            ``"none"``, or ``"auto"``. For ``purpose="reconstruct"`` it is a recipe: ``power-norm[gamma=0.5]`` with a KL
            of weight 0.1, at most 30 % of a row's cells hidden in training, and a density that is fitted to the latents
            and takes the prior's place (see `evenvae.options.recipe`; without ELBO, with tasks or ``preset="paper"`` it
            is ``gradnorm+pcgrad`` alone, for HI-VAE ``gradnorm``). For other purposes it is ``none``, because balancing
            helps what is reconstructed and costs what is imputed.
        prior: ``"standard"``; or a prior that is learned: ``"optimal"`` (a density ratio trained beside the model;
            ``"implicit"`` is the same as first published), ``"vamp"`` (a mixture of normals) or ``"exemplar"`` (the
            posteriors of training rows); or one of `Standard`, `Optimal`, `Implicit`, `Vamp`, `Exemplar` with its own
            options.
        task: a column, or a list of columns, that say which site, sensor or year a row belongs to. Encoder and decoder
            are told, the column itself is not modelled, so that `transform` gives what rows of all tasks share.
        purpose: ``"reconstruct"`` (the default), ``"impute"``, ``"score"`` or ``"sample"``: the validation metric by
            which training stops and the best state is kept. ``"impute"`` and ``"sample"`` also hide cells while
            training, show the decoder the others (see `Network`), and weigh the KL by 0.1; ``"sample"`` also sets the
            options of `Sampling`.
        preset: ``"default"``; ``"paper"``: network and training of Javaloy, Meghdadi and Valera (2021); or
            ``"implicit"``: those of Takahashi et al. (2019), for ``prior="implicit"``.
        ensemble: runs that are trained side by side and averaged.
        epochs: passes over the table. None takes 150, for ``purpose="impute"`` 75 at twice the learning rate, with at
            least 1500 and at most 20,000 steps.
        latent_size: coordinates of the latent.
        validation_fraction: share of the rows that is held out to validate; with 0 the last state is kept.
        random_state: an integer, or None for a seed drawn from the system (kept in ``seed_``).
        schema: a `Schema`, the path of a schema.toml, or a dict from column to likelihood; None infers it.
        network: a `Network` (or, for HI-VAE, a `HIVAENetwork`), or the name of a kind of network.
        training: a `Training`.
        sampling: a `Sampling`.
        imputation: an `Imputation`; ``Imputation(refine="trees")`` lets gradient-boosted trees refine `impute`.
        privacy: a `Privacy`; ``Privacy(epsilon=8)`` trains with differential privacy, which needs a whole ``schema``
            and changes other defaults (see docs/privacy.md).
        point_estimate: what `reconstruct` and `evaluate` give for numbers unless they are asked otherwise:
            ``"default"`` (the mean; the median for log-normal columns), ``"mean"``, ``"median"`` or ``"mode"``.
        warm_start: True continues from what the last `fit` learned. Columns, scales, network and number of members
            must be the same.
        pilot: True also trains a plain model of the same rows, with the same network, epochs, seed and held-out rows,
            but ``balance="none"``, a KL of weight 1 and the standard prior. `evaluate` and the report then say which
            columns have a larger error than under plain training. It takes about the time of another plain fit (see
            docs/guide.md). A fit that is plain itself is refused.
        verbose: True shows a progress bar.

    Attributes:
        fitted_: the `evenvae.fitted.FittedModel`, to which the functions of that package put their questions.
        schema_: the `Schema` of the training table.
        history_: a list with one dict for every evaluation of the validation metric.
        seed_: the seed that was used.
        n_steps_: optimiser steps taken.
        interrupted_: whether Ctrl-C ended the training, a step after it, or the training of the pilot.
        refined_: a dict from the columns that trees refine to the trees' weights; empty without ``refine="trees"``.
        pilot_: the plain model, itself a fitted `EvenVAE`; None where there is none.
        n_features_in_: number of columns of the training table.
        feature_names_in_: their names, where the table had names.

    See Also:
        EvenImputer: fills missing cells where scikit-learn's ``IterativeImputer`` is used.
        evenvae.search: tries combinations of balancers and keeps the best.

    Tables come in and go out in the same library: pandas, polars, pyarrow, NumPy. Images are an array (N, H, W) or
    (N, H, W, C), uint8 or floats in [0, 1]; or a column of such arrays.

    Example:
        >>> import pandas as pd
        >>> from evenvae import EvenVAE, Network
        >>> table = pd.DataFrame({"age": [31, 45, 28, 60] * 20, "city": ["Bonn", "Celle", None, "Bonn"] * 20})
        >>> model = EvenVAE(purpose="impute", epochs=2, network=Network(width=16)).fit(table)
        >>> bool(model.impute(table).isna().any().any())
        False
        >>> model.sample(3, random_state=1).columns.tolist()
        ['age', 'city']
    """

    @refuse_unknown_options
    def __init__(
        self,
        *,
        model: Literal["vae", "hivae"] = "vae",
        objective: Literal["elbo", "beta", "iwae", "dreg", "geco", "geco-iwae"] | Objective = "elbo",
        balance: str | Balancer = "auto",
        prior: Literal["standard", "vamp", "exemplar", "optimal", "implicit"] | Part = "standard",
        task: str | list[str] | None = None,
        purpose: Purpose | None = None,
        preset: Literal["default", "paper", "implicit"] = "default",
        ensemble: int = 1,
        epochs: float | None = None,
        latent_size: int | None = None,
        validation_fraction: float = 0.1,
        random_state: int | None = 0,
        schema: Schema | str | Path | Mapping[str, Any] | None = None,
        network: Literal["residual", "mlp", "paper", "conv"] | Network | HIVAENetwork | None = None,
        training: Training | None = None,
        sampling: Sampling | None = None,
        imputation: Imputation | None = None,
        privacy: Privacy | None = None,
        point_estimate: PointEstimate = "default",
        warm_start: bool = False,
        pilot: bool = False,
        verbose: bool = False,
    ):
        self.model = model
        self.objective = objective
        self.balance = balance
        self.prior = prior
        self.task = task
        self.purpose = purpose
        self.preset = preset
        self.ensemble = ensemble
        self.epochs = epochs
        self.latent_size = latent_size
        self.validation_fraction = validation_fraction
        self.random_state = random_state
        self.schema = schema
        self.network = network
        self.training = training
        self.sampling = sampling
        self.imputation = imputation
        self.privacy = privacy
        self.point_estimate = point_estimate
        self.warm_start = warm_start
        self.pilot = pilot
        self.verbose = verbose

    # What notebooks show, model hubs read, and pictures

    def _repr_html_(self) -> str:
        given = self.get_params(deep=False)
        if hasattr(self, "fitted_"):
            return notebook_view.model_html(self.fitted_, given)
        return notebook_view.unfitted_html(given, EvenVAE().get_params(deep=False))

    def _repr_mimebundle_(self, **options: Any) -> dict[str, str]:
        # scikit-learn's own would win over `_repr_html_`
        del options
        return {"text/plain": repr(self), "text/html": self._repr_html_()}

    @property
    def plot(self) -> Any:
        """Pictures of this model: ``model.plot.columns(table)`` draws one; see `evenvae.plots.accessor.Pictures`."""
        # plots stand above the estimator, so they are found by name, as pandas finds those of its tables
        return importlib.import_module("evenvae.plots.accessor").Pictures(self)

    def card(self, title: str = "EvenVAE model", license: str | None = None) -> str:
        """The model card as Markdown, with the front matter that model hubs read: a README.md for the model's file.

        Args:
            title: the heading.
            license: an identifier of SPDX, such as ``"cc-by-4.0"``; None leaves it to whoever owns the data.
        """
        return card_text.markdown(card_of(self._fitted(), self.get_params(deep=False)), title, license)

    # scikit-learn's contract

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        # latent coordinates are computed and given in float32, whatever comes in
        tags.transformer_tags.preserves_dtype = []
        return tags

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Names of the latent coordinates."""
        del input_features
        size = embedding.representation_size(self._fitted())
        return np.array([f"evenvae{i}" for i in range(size)], dtype=object)

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
            X: pandas, polars or pyarrow table, a relation of DuckDB or anything else that gives its rows by Arrow (see
                `tables.interchange.collected`), or a 2-D array; missing cells are NaN, None, null or pd.NA. Or the path
                of a table: a file, a folder of files, or a pattern such as ``year/*.parquet``; or what
                `tables.open_files` gives for it. A table that is larger than memory is then read piece by piece
                (docs/large_tables.md).
            y: ignored.
            sample_weight: (rows,) how much each row counts, at least 0; their scale does not matter. Rows are drawn as
                often as they weigh; rows of weight 0 are left out.
            callbacks: called with a `Progress` after every chunk of steps, as those of `evenvae.tracking` are; not of
                the pilot's. A callback that has a method ``close`` is closed at the end, also after an error.
            checkpoint: a folder to write the state of training to; with ``resume`` training continues from it.
            resume: continue from the state in ``checkpoint``, if there is one. A fit that was done without a pilot or
                trees is not trained again to get them.

        In several processes that ``jax.distributed.initialize`` has joined, each calls this with the same table and
        options. They share every batch and each has the model in the end; callbacks and files are left to the first.

        Ctrl-C ends the training and keeps what was learned. Where it ends what follows (matched marginals, trees,
        the pilot), the model is whole and is kept without them.

        Raises:
            InputError: the table or an option is wrong.
            TrainingError: the loss turned non-finite; the message names the column.
        """
        del y
        refuse_if_forked()
        keep_programs()
        fitting.check_call(callbacks, checkpoint, resume)
        given = self.get_params(deep=False)
        previous = self.fitted_ if self.warm_start and hasattr(self, "fitted_") else None
        pilot_callbacks: tuple[Callable[[Progress], None], ...] = ()
        watching = contextlib.ExitStack()
        if self.verbose:
            from evenvae.training.progress_bar import Bar

            bar = Bar()
            callbacks, pilot_callbacks = (*callbacks, bar), (bar.of_another("pilot"),)
            watching.enter_context(watched(bar.show))
        try:
            X = tables.in_memory_if_small(X)
            model = fitting.fit(
                Options.of(given),
                X,
                given,
                sample_weight=sample_weight,
                callbacks=tuple(callbacks),
                pilot_callbacks=pilot_callbacks,
                checkpoint=checkpoint,
                resume=resume,
                previous=previous,
            )
        finally:
            watching.close()
            for callback in callbacks:
                getattr(callback, "close", lambda: None)()
        return self._keep(model, named=not isinstance(X, np.ndarray | list))

    def fit_transform(self, X: Any, y: Any = None, **fit_options: Any) -> Float[np.ndarray, "rows latent_size"]:
        """`fit`, then `transform`."""
        return self.fit(X, y, **fit_options).transform(X)

    def _keep(self, model: FittedModel, *, named: bool) -> "EvenVAE":
        self.fitted_ = model
        self.schema_ = model.schema
        self.history_ = model.record.history
        self.seed_ = model.record.seed
        self.n_steps_ = model.record.steps
        self.interrupted_ = model.record.interrupted
        columns = model.schema.features
        self.refined_ = {columns[column.place].name: column.weight for column in model.refinement}
        self.pilot_ = None
        if model.pilot is not None:
            self.pilot_ = EvenVAE(**plain_options(self.get_params(deep=False)))._keep(model.pilot, named=named)
        self.n_features_in_ = len(model.schema.names)
        if named:
            self.feature_names_in_ = np.array(model.schema.names, dtype=object)
        elif hasattr(self, "feature_names_in_"):
            del self.feature_names_in_
        return self

    def _fitted(self) -> FittedModel:
        refuse_if_forked()
        keep_programs()
        if not hasattr(self, "fitted_"):
            raise NotFittedError("This EvenVAE is not fitted yet; call fit with a table first.")
        return self.fitted_

    # Latent space

    def transform(self, X: Any) -> Float[np.ndarray, "rows latent_size"]:
        """Posterior means; of the first member of an ensemble.

        For ``model="hivae"`` the mean of z given the likeliest component, then the probabilities of the components.
        """
        model, encoded = self._ask(X)
        return embedding.representation(model, model.batch(encoded))

    def posterior(self, X: Any) -> tuple[Float[np.ndarray, "rows latent_size"], Float[np.ndarray, "rows latent_size"]]:
        """Mean and standard deviation of q(z|x); of the first member of an ensemble.

        The functions of `evenvae.metrics.latent` start from them.

        Raises:
            InputError: ``model="hivae"``, whose posterior is a mixture.
        """
        model, encoded = self._ask(X)
        return embedding.posterior(model, model.batch(encoded))

    def inverse_transform(self, Z: Any, given: Mapping[str, Any] | None = None) -> Any:
        """A table from latent coordinates ``(rows, latent_size)``: the expected numbers, the likeliest levels.

        ``given``, a dict from task column to value, says under which tasks; a task that is not given is taken as the
        mean of all.
        """
        model = self._fitted()
        try:
            places = np.asarray(Z, np.float32)
        except (TypeError, ValueError):
            raise InputError("Z must be an array of numbers of shape (rows, latent_size).") from None
        if places.ndim != 2:
            raise InputError(f"Z must have shape (rows, latent_size), not {places.shape}.")
        wanted = codes_given(model.schema, given, "given")
        tasks = np.full((len(places), len(model.schema.tasks)), -1, np.int32)
        tasks[:, list(wanted)] = list(wanted.values())
        return tables.decode_derived(embedding.decode(model, places, tasks), model.schema, tasks=tasks)

    # Questions about rows

    def reconstruct(self, X: Any, point_estimate: PointEstimate | None = None) -> Any:
        """The table as the model sees it: every modelled cell is replaced by its reconstruction.

        ``point_estimate`` of numbers, at the posterior's mean: ``"default"`` (the mean; the median for log-normal
        columns), ``"mean"``, ``"median"`` or ``"mode"``. Levels give their most probable one. The members of an
        ensemble are averaged for ``"default"``; otherwise the first one answers.
        """
        X = tables.collected(X)
        model, encoded = self._ask(X)
        values = reconstruct(model, model.batch(encoded), point_estimate or self.point_estimate)
        return tables.decode(values, model.schema, like=X, tasks=encoded.tasks)

    def impute(
        self,
        X: Any,
        draws: int = 1,
        *,
        method: imputing.Method | None = None,
        samples: int = imputing.SAMPLES,
        random_state: Any = 0,
    ) -> Any:
        """The table with its missing cells filled; observed cells are never changed.

        Args:
            X: table with missing cells.
            draws: 1 gives the best guess; N > 1 gives a list of N completed tables, drawn from the posterior of the
                missing cells: in turn, where the decoder sees cells, else by sampling-importance-resampling.
            method: of the best guess: ``"importance"`` (importance-weighted expectation over ``samples`` draws of
                z), ``"point"`` (expectation at the mean of q(z|x)) or ``"mode"`` (mode of the likelihood there, as the
                paper imputes). None is ``"point"`` for a model trained with hidden cells, whose
                encoder answers from part of a row by itself and was measured to do so with less error, and
                ``"importance"`` for any other, whose encoder needs the correction. With ``imputation.refine="trees"``
                None is the refined guess, and a method that is named the model's alone.
            samples: importance samples for every row.
            random_state: seed of the draws.
        """
        X = tables.collected(X)
        _, completed = self.impute_values(X, draws, method=method, samples=samples, random_state=random_state)
        filled = [tables.fill(X, values, self.fitted_.schema) for values in completed]
        return filled[0] if draws == 1 else filled

    def impute_values(
        self,
        X: Any,
        draws: int = 1,
        *,
        method: imputing.Method | None = None,
        samples: int = imputing.SAMPLES,
        random_state: Any = 0,
    ) -> tuple[np.ndarray, list[np.ndarray]]:
        """What `impute` makes of the table, as numbers: ``observed`` (N, D) and ``draws`` completed arrays (N, D).

        Levels are codes of the schema; the columns are the schema's features.
        """
        model, encoded = self._ask(X)
        batch = model.batch(encoded)
        seed = 0 if random_state is None else random_state
        found = imputing.impute(model, batch, draws, method, samples, seed)
        return encoded.observed, [np.where(np.isnan(values), encoded.values, values) for values in found]

    def score_samples(
        self, X: Any, samples: int = SAMPLES, return_details: bool = False, *, tolerance: float | None = None
    ) -> Any:
        """(rows,) log-likelihood of every row in nats on the raw scale; low means unusual.

        It is estimated by importance sampling: a lower bound in expectation, tight as the number of draws grows.
        Missing cells are integrated out. By default there are ``samples`` draws from the posterior q(z|x), which are
        quick. To compare models give a ``tolerance``, such as 0.1: rows are then asked until their standard error is
        that small (in nats), by draws that adapt to the row. It takes ten to fifty times as long, and is far nearer to
        the truth for models that tell rows well apart; see `evenvae.fitted.scoring`.

        ``return_details`` gives a dict with ``total``, ``columns`` (rows, D), ``standard_error``,
        ``effective_samples``, ``samples`` (the number of draws) and ``reliable`` (whether the estimate can be relied
        on).
        """
        check_flag("return_details", return_details)
        model, encoded = self._ask(X)
        details = log_likelihood(model, model.batch(encoded), samples, tolerance)
        return details if return_details else details["total"]

    def score(self, X: Any, y: Any = None, sample_weight: Any = None) -> float:
        """The mean log-likelihood of a row in nats, comparable between models; higher is better.

        It is the mean of `score_samples` with what its quick draws miss, as a random part of the rows tells that is
        asked with a tolerance. `evaluate` says its standard error. Rows count by ``sample_weight`` where it is given.
        """
        del y
        model, encoded = self._ask(X)
        weight = validate(sample_weight, len(encoded.values))
        return mean_log_likelihood(model, model.batch(encoded), weight)[0].value

    def score_bounds(self, n: int = 100, *, temperatures: int = 200, random_state: int | None = 0) -> pd.DataFrame:
        """Between which bounds the log-likelihoods of rows lie that the model has drawn: how far `score` may be off.

        A table with one row for each of ``n`` drawn rows, in nats: ``lower`` and ``upper`` by annealed importance
        sampling over so many ``temperatures`` (both are bounds in expectation), ``estimate`` and its
        ``standard_error`` as `score_samples` gives them with a tolerance of 0.1. More temperatures bring the bounds
        together. Of an ensemble the first member is asked; see `evenvae.fitted.bounds`.

        Raises:
            InputError: the model is a HI-VAE, or has tasks.
        """
        return bounds.score_bounds(self._fitted(), n, temperatures, random_state)

    def evaluate(
        self,
        X: Any,
        point_estimate: PointEstimate | None = None,
        *,
        hide: float = 0.0,
        beside: "EvenVAE | None" = None,
        train: Any = None,
        random_state: int | None = 0,
    ) -> pd.DataFrame:
        """How well every column is reconstructed: a table with one row for every column.

        ``error``: RMSE / training range for numbers, error rate for levels (mean distance / levels where they have an
        order), on the cells that the model sees; ``baseline``: the same for the column's mean or most frequent level;
        ``ratio`` of the two; ``log_likelihood``: the mean expected log-likelihood of a cell given its row, raw scale.
        The ``attrs`` of the table hold ``error``, ``baseline``, ``worst_ratio``, ``worst_column`` and the rows' mean
        ``log_likelihood``, which is that of `score`, with its standard error ``log_likelihood_error`` and the share of
        rows whose estimate can be relied on, ``log_likelihood_reliable``. With tasks, also what the representation
        tells of them; see `evenvae.fitted.task_dependence`.

        ``beside`` is another fitted model of the same columns, such as one with ``balance="none"``; if it is not given,
        it is the pilot, where the fit has kept one. ``other_error`` is its error, ``regret`` the ratio of the two
        errors; ``attrs`` hold ``worst_regret``, ``worst_regret_column`` and ``log_likelihood_gain``, the nats a row by
        which this model is better.

        With ``hide`` that share of the observed cells, drawn by ``random_state``, is hidden from the model and
        imputed; ``hidden_error``, ``hidden_baseline`` and ``hidden_ratio`` say how well (also in ``attrs``).

        With ``train``, the table that the model was fitted on, it is also judged what the model and rows drawn from it
        tell about training rows. X must then be rows of the same population that the model has not seen.
        ``attrs["privacy"]`` holds distances to the closest training record, copies and the AUC of two membership
        attacks (`evenvae.fitted.privacy.PrivacyFigures`); ``guess_train_error``, ``guess_holdout_error``,
        ``guess_advantage`` and ``guess_standard_error`` say how much better the column of a training row can be guessed
        from drawn rows than that of a row of X (`evenvae.metrics.privacy.Disclosure`). See docs/privacy.md.
        """
        X = tables.collected(X)
        model, encoded = self._ask(X)
        asked: Any = point_estimate or self.point_estimate
        other = None if model.pilot is None else (model.pilot, encoded)
        if beside is not None:
            evaluation.check_columns(model.schema, beside.schema_)
            other = beside._ask(X)
        learned = None if train is None else tables.encode(train, model.schema)
        found = evaluation.evaluate(model, encoded, asked, hide, random_state, other, learned)
        return notebook_view.Evaluation.of(found)

    def translate(self, X: Any, to: Mapping[str, Any]) -> Any:
        """The rows as they would look under other tasks: encoded under their own, decoded under those in ``to``.

        Args:
            X: table with the task columns.
            to: dict from task column to value; task columns that it leaves out stay as they are.

        Raises:
            InputError: a column that is not a task of the model, or a task that was not seen in training.
        """
        X = tables.collected(X)
        model, encoded = self._ask(X)
        wanted = codes_given(model.schema, to, "to")
        if not wanted:
            raise InputError(f"to={to!r} names no task; give a dict of task column to value, as in {{'site': 'A'}}.")
        codes = np.full(len(model.schema.tasks), -1, np.int32)
        codes[list(wanted)] = list(wanted.values())
        values = translation.translate(model, model.batch(encoded), codes)
        return tables.decode_derived(values, model.schema, like=X, tasks=np.where(codes < 0, encoded.tasks, codes))

    def sample(
        self, n: int, given: Any = None, random_state: int | None = None, *, rules: Any = (), missing: bool = False
    ) -> Any:
        """``n`` new rows, in the library of the training table.

        Args:
            n: number of rows.
            given: what every row must have: a dict from column to a value, a pair ``(low, high)`` (None for an open
                end) or a list of values; or texts such as ``"age>=65"``. A task is given as one value; tasks that are
                not given occur as often as in the training table.
            random_state: seed; None draws anew each time. The global random state is neither read nor changed.
            rules: formulas of columns (``"start <= end"``; see `evenvae.tables.formulas.parsing`), or functions of a
                pandas table that give a truth value for every row; rows that break one are drawn again. A formula that
                meets a missing cell is not true, unless it says what holds there, as ``age > 40 or age is missing``.
            missing: True leaves cells missing as the training table has them: as many in every column, where
                other columns' values and missing cells make them likely (see `tables.MissingnessModel`). With ``given``
                and rules there may be more or fewer, as the other columns say. Columns in ``given`` are never missing;
                rules are checked before cells are taken out.

        Bounds, whole numbers and levels of the training table hold in every row, and columns that are functions of
        others (``Column.formula`` in the schema) are computed from them. Conditions and rules hold after that.

        Raises:
            InputError: a condition names no column or value of the model, a rule has something that is not allowed, or
                hardly any row satisfies them.
        """
        return next(self.sample_pieces(n, given, random_state, rules=rules, missing=missing, size=None))

    def sample_pieces(
        self,
        n: int,
        given: Any = None,
        random_state: int | None = None,
        *,
        rules: Any = (),
        missing: bool = False,
        size: int | None = 2**16,
    ) -> Iterator[Any]:
        """The rows of `sample`, in tables of at least ``size`` rows but for the last, so that any number can be drawn.

        All other arguments are those of `sample`, and so are the rows for a ``random_state``. None for ``size`` gives
        one table.
        """
        model = self._fitted()
        seed = check_seed("random_state", random_state)
        check_flag("missing", missing)
        told, rest = conditions.split_tasks(given, [column.name for column in model.schema.tasks])
        wanted = codes_given(model.schema, told, "given")
        asked = conditions.parse(rest, model.schema)
        tested = read_rules(rules, model.schema)
        if seed is None and size is not None:
            # what is left empty is drawn for each piece, from one seed for all
            seed = int(np.random.default_rng().integers(2**63))
        before, schema = 0, without_bounds(model.schema)
        for values, codes in sampling.gathered(sampling.sampled(model, n, asked, tested, wanted, seed), size):
            empty, part = None, None if size is None else DrawnPart(before, n)
            if missing:
                empty = sampling.empty_constants(model, len(values), seed, part)
                values = sampling.with_missing_cells(model, values, codes, asked, seed, part)
            yield tables.decode(values, schema, tasks=codes, empty=empty, before=before)
            before += len(values)

    def _ask(self, X: Any) -> tuple[FittedModel, Encoded]:
        model = self._fitted()
        return model, tables.encode(X, model.schema)

    # Saving

    def save(self, path: str | Path) -> None:
        """Write the model as one safetensors file: parameters, options, schema; no rows, no code.

        Of several processes that trained it together the first one writes.
        """
        check_path("path", path)
        model = self._fitted()
        if leads():
            saving.write(model, path, self.get_params(deep=False), named=hasattr(self, "feature_names_in_"))


def load(path: str | Path) -> EvenVAE:
    """A model that `EvenVAE.save` wrote. Loading cannot run code.

    Raises:
        InputError: the file is missing, cut short, altered, not a model, or of a newer version.
    """
    refuse_if_forked()
    keep_programs()
    check_path("path", path)
    model, given, named = saving.read(path)
    unknown = set(given) - set(EvenVAE().get_params(deep=False))
    if unknown:
        raise InputError(f"{path} holds options this EvenVAE does not know: {', '.join(sorted(unknown))}.")
    return EvenVAE(**given)._keep(model, named=named)
