"""`EvenImputer`: missing cells filled, where scikit-learn's IterativeImputer is used."""

import numbers
from typing import Any

import narwhals as nw
import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.exceptions import NotFittedError
from sklearn.impute import MissingIndicator
from sklearn.utils.validation import _check_feature_names_in

from evenvae import tables
from evenvae.errors import InputError
from evenvae.estimator import EvenVAE
from evenvae.options.parts import part_of
from evenvae.options.resolution import families_of
from evenvae.part import check_flag, check_number
from evenvae.tables import Schema
from evenvae.training import nonzero_rows


class EvenImputer(TransformerMixin, BaseEstimator):
    """Fills missing cells by a variational autoencoder; it can replace `sklearn.impute.IterativeImputer`.

    Numbers, levels, texts and dates are filled alike. An array gives an array, a frame gives a frame of its own
    library, unless ``set_output`` says otherwise. A constant column is filled with its constant; cells of free text
    stay missing.

    Parameters:
        estimator: an `EvenVAE` to clone and fit; None is ``EvenVAE(purpose="impute")``. Its options are reached as
            ``estimator__epochs``, those of its parts as ``estimator__network__width``.
        missing_values: what marks a missing cell beside NaN and None; a number other than NaN works for arrays and
            pandas.
        sample_posterior: False fills in the best guess; True draws from the posterior of the missing cells, as
            multiple imputation needs it. Another ``random_state`` gives another draw.
        add_indicator: append a column for every column with missing cells at `fit`: True where a cell was missing.
        keep_empty_features: True fills columns that were empty at `fit` with 0, False leaves them out.
        random_state: an integer, a ``RandomState``, or None for the estimator's own seed.
        verbose: True shows a progress bar.

    Attributes:
        estimator_: the fitted `EvenVAE`; None where no column could be learned.
        indicator_: the fitted `MissingIndicator`, or None.
        n_features_in_, feature_names_in_: as in scikit-learn.

    See Also:
        EvenVAE: the model behind it, which also samples, scores and embeds.
    """

    def __init__(
        self,
        estimator: Any = None,
        *,
        missing_values: Any = np.nan,
        sample_posterior: bool = False,
        add_indicator: bool = False,
        keep_empty_features: bool = False,
        random_state: Any = None,
        verbose: bool = False,
    ):
        self.estimator = estimator
        self.missing_values = missing_values
        self.sample_posterior = sample_posterior
        self.add_indicator = add_indicator
        self.keep_empty_features = keep_empty_features
        self.random_state = random_state
        self.verbose = verbose

    def fit(self, X: Any, y: Any = None, *, sample_weight: Any = None) -> "EvenImputer":
        """Learn from a table with missing cells, ``(rows, columns)``; ``sample_weight`` (rows,) as in `EvenVAE.fit`.

        Raises:
            InputError: the table is wrong, or the estimator is not an `EvenVAE`.
        """
        del y
        for name in ("sample_posterior", "add_indicator", "keep_empty_features", "verbose"):
            check_flag(name, getattr(self, name))
        model = EvenVAE(purpose="impute") if self.estimator is None else clone(self.estimator)
        if not isinstance(model, EvenVAE):
            raise InputError(f"estimator={self.estimator!r} is not an EvenVAE; pass one, or None for the default.")
        if part_of("privacy", model.privacy).given():
            raise InputError(
                "EvenImputer looks for identifiers and empty columns in rows, which privacy.epsilon does not cover: "
                "fit EvenVAE(privacy=...) itself and call its impute."
            )
        X = self._with_missing_cells(tables.collected(X))
        frame = tables.as_frame(X)
        rows, _ = nonzero_rows(sample_weight, len(frame))
        frame: Any = frame[rows]
        self._seed = self._chosen_seed(model)
        model.set_params(random_state=self._seed, verbose=self.verbose or model.verbose)
        families = families_of(model.model, model.preset, model.task)
        if model.schema is None:
            # which columns are identifiers does not depend on the families
            learned = self._numbers_to_learn(frame, Schema.infer(frame, families="paper"))
            schema = Schema.infer(frame, families=families, overrides=learned)
            model.set_params(schema=schema)
        else:
            schema = Schema.of(model.schema, frame, families)
        self.n_features_in_ = len(schema.names)
        if hasattr(self, "feature_names_in_"):
            del self.feature_names_in_
        if tables.library_of(X) != "numpy":
            self.feature_names_in_ = np.array(schema.names, dtype=object)
        self._empty = [column.name for column in schema.columns if column.rule == "empty"]
        self._schema = schema
        self.estimator_ = model.fit(X, sample_weight=sample_weight) if schema.features else None
        self.indicator_ = (
            MissingIndicator(error_on_new=False).fit(_missing_as_nan(frame)) if self.add_indicator else None
        )
        return self

    def transform(self, X: Any) -> Any:
        """The table with its missing cells filled; observed cells are never changed."""
        if not hasattr(self, "_schema"):
            raise NotFittedError("This EvenImputer is not fitted yet; call fit with a table first.")
        X = self._with_missing_cells(tables.collected(X))
        numpy = tables.library_of(X) == "numpy"
        frame = tables.as_frame(X, self._schema.names if numpy else None)
        filled = self._filled(X, frame)
        zeros = self._empty if self.keep_empty_features else []
        left_out = [] if self.keep_empty_features else self._empty
        if numpy:
            return self._finished_array(np.array(filled), frame, zeros, left_out)
        table = nw.from_native(filled, eager_only=True)
        # names need not be texts
        for name in [name for name in table.columns if str(name) in zeros]:
            if table[name].null_count():
                table = table.with_columns(nw.lit(0).alias(name))
        table = table.drop([name for name in table.columns if str(name) in left_out])
        if self.indicator_ is not None:
            flags = self.indicator_.transform(_missing_as_nan(frame))
            names = self.indicator_.get_feature_names_out(self._schema.names)
            space = nw.get_native_namespace(table)
            new = [nw.new_series(n, flags[:, i], backend=space) for i, n in enumerate(names)]
            if hasattr(filled, "index"):
                new = [nw.from_native(s.to_native().set_axis(filled.index), series_only=True) for s in new]
            table = table.with_columns(*new)
        return table.to_native()

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Names of the columns that `transform` gives."""
        if not hasattr(self, "_schema"):
            raise NotFittedError("This EvenImputer is not fitted yet; call fit with a table first.")
        names = np.asarray(_check_feature_names_in(self, input_features), dtype=object)
        empty = set() if self.keep_empty_features else set(self._empty)
        kept = [name for name, own in zip(names, self._schema.names, strict=True) if own not in empty]
        if self.indicator_ is not None:
            kept += list(self.indicator_.get_feature_names_out(names))
        return np.array(kept, dtype=object)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        return tags

    # Parts of the above

    def _chosen_seed(self, model: EvenVAE) -> Any:
        if self.random_state is None:
            return model.random_state
        if isinstance(self.random_state, np.random.RandomState):
            return int(self.random_state.randint(2**31 - 1))
        allowed = "a whole number, 0 or more, a RandomState, or None for the estimator's own seed"
        check_number("random_state", self.random_state, numbers.Integral, 0, float("inf"), allowed)
        return int(self.random_state)

    def _with_missing_cells(self, X: Any) -> Any:
        """NaN where ``missing_values`` stands."""
        value = self.missing_values
        if value is None or (isinstance(value, numbers.Real) and np.isnan(float(value))):
            return X
        library = tables.library_of(X)
        if library == "numpy":
            array = np.asarray(X)
            holes = array == value
            array = array.astype(object if array.dtype.kind in "OUS" else np.result_type(array.dtype, np.float32))
            array[holes] = np.nan
            return array
        if library == "pandas":
            return X.mask(value == X)
        raise InputError(f"missing_values={value!r} works for arrays and pandas; use null in a {library} table.")

    def _numbers_to_learn(self, frame: Any, schema: Schema) -> dict[str, str]:
        """Numbers that are taken for identifiers are learned all the same where there is something to fill."""
        numpy = schema.library == "numpy"
        return {
            column.name: "normal"
            for column in schema.columns
            if column.role == "identifier" and column.kind == "number" and (numpy or frame[column.name].isna().any())
        }

    def _filled(self, X: Any, frame: Any) -> Any:
        if self.estimator_ is None:
            return tables.fill(X, np.zeros((len(frame), 0)), self._schema)
        if self.sample_posterior:
            return self.estimator_.impute(X, draws=2, random_state=self._seed)[0]
        return self.estimator_.impute(X)

    def _finished_array(self, array: np.ndarray, frame: Any, zeros: list[str], left_out: list[str]) -> np.ndarray:
        names = list(frame.columns)
        for name in zeros:
            array[frame[name].isna().to_numpy(), names.index(name)] = 0
        kept = np.delete(array, [names.index(name) for name in left_out], axis=1)
        if self.indicator_ is None:
            return kept
        flags = np.asarray(self.indicator_.transform(_missing_as_nan(frame)))
        return np.hstack([kept, flags.astype(kept.dtype)])


def _missing_as_nan(frame: Any) -> np.ndarray:
    """Zeros, with NaN where a cell is missing: what `MissingIndicator` looks at."""
    cells = np.zeros(frame.shape)
    cells[frame.isna().to_numpy()] = np.nan
    return cells
