"""`EvenVAE.plot`: the pictures of the report, one at a time, on axes of matplotlib."""

from typing import Any

import numpy as np

from evenvae import tables
from evenvae.errors import InputError
from evenvae.estimator import EvenVAE
from evenvae.part import check_choice, check_seed, check_whole
from evenvae.plots.canvas import axes, check_installed
from evenvae.plots.drawing import draw, size_of
from evenvae.report import associations, latent, learned, marginals, missingness, training_curves
from evenvae.report.evidence import imputation
from evenvae.report.parts import OTHER, RECONSTRUCTED, Figure
from evenvae.tables import Column, Encoded
from evenvae.tables.suggestions import nearest

ROWS = 5000
"""Rows of a table that are looked at; of more a random sample."""


class Pictures:
    """Pictures of a fitted model, as the report shows them.

    Every method draws on the axes ``ax`` that it is given, or on those of a new figure, and returns the axes. A model
    keeps no rows, so that most pictures need a table. They need the extra ``pictures`` (matplotlib).

    Args:
        model: a fitted `EvenVAE`.

    Every method raises InputError where matplotlib is not installed.

    Example:
        >>> model.plot.columns(table)  # doctest: +SKIP
        >>> figure, (left, right) = plt.subplots(1, 2)  # doctest: +SKIP
        >>> model.plot.latent(table, colour="age", ax=left)  # doctest: +SKIP
        >>> model.plot.training(ax=right)  # doctest: +SKIP
    """

    def __init__(self, model: EvenVAE):
        self.model = model

    def columns(self, X: Any = None, *, beside: EvenVAE | None = None, ax: Any = None) -> Any:
        """Error of every column over that of its best constant, the worst one on top; at 1 nothing was learned.

        Args:
            X: a table.
            beside: another model of the same columns, in grey. Default: the pilot, if any.
            ax: axes to draw on.
        """
        found = self.model.evaluate(self._table(X, "columns"), beside=beside)
        ratio = found["ratio"].to_numpy(float)
        order = np.argsort(-np.nan_to_num(ratio, nan=-1.0), kind="stable")
        ratios = [("this model", RECONSTRUCTED, ratio[order])]
        if "other_error" in found:
            baseline = found["baseline"].to_numpy(float)
            with np.errstate(divide="ignore", invalid="ignore"):
                other = np.where(baseline > 0, found["other_error"].to_numpy(float) / baseline, np.nan)
            ratios.insert(0, ("the other" if beside is not None else "plain pilot", OTHER, other[order]))
        names = found["column"].to_numpy()[order].tolist()
        return self._drawn(learned.ratio_bars(names, ratios), ax)

    def training(self, what: str = "validation", *, ax: Any = None) -> Any:
        """How training went, over its steps.

        Args:
            what: ``"validation"``, the metric by which training stops, with the step that was kept; or ``"loss"``, with
                the KL.
            ax: axes to draw on.
        """
        check_choice("what", what, ("validation", "loss"))
        if not self._fitted().history_:
            raise InputError("Training ended before its first evaluation, so there is nothing to draw.")
        return self._drawn(training_curves.curve(what, self.model), ax)

    def latent(self, X: Any = None, colour: str | None = None, *, random_state: Any = 0, ax: Any = None) -> Any:
        """A map of the rows: a dot is a row, placed by two principal components of its latent coordinates.

        Args:
            X: a table.
            colour: the column that colours the dots. Default: the one that is reconstructed best.
            random_state: seed of the sample of rows, of large tables.
            ax: axes to draw on.
        """
        frame, encoded = self._rows(X, "latent", random_state, latent.POINTS)
        names = [column.name for column in self._columns()]
        if colour is None:
            ratio = self.model.evaluate(frame)["ratio"].to_numpy(float)
            colour = names[int(np.nan_to_num(ratio, nan=np.inf).argmin())]
        column = self._column(colour, "colour")
        flat, _ = latent.flattened(np.asarray(self.model.transform(frame), float))
        data, layout = latent.dots(flat, latent.colours(column, encoded.values[:, names.index(column.name)]))
        return self._drawn(Figure("latent", data, layout, height=440, title=f"Rows, coloured by {column.name}"), ax)

    def pairs(self, X: Any = None, show: str = "difference", *, random_state: Any = 0, ax: Any = None) -> Any:
        """How strongly columns are associated: Spearman's rho, Cramér's V or the correlation ratio of every pair.

        Args:
            X: a table.
            show: ``"real"`` rows, ``"sampled"`` ones, or the ``"difference"``, sampled less real.
            random_state: seed of the drawn rows, and of the sample of rows of large tables.
            ax: axes to draw on.
        """
        check_choice("show", show, ("real", "sampled", "difference"))
        frame, encoded = self._rows(X, "pairs", random_state)
        columns = self._columns()[: associations.COLUMNS]
        found = {}
        if show != "sampled":
            found["real"] = associations.matrix(encoded.values[:, : len(columns)], columns)
        if show != "real":
            drawn = self.model.sample(max(len(frame), 1000), random_state=check_seed("random_state", random_state))
            values = tables.encode(drawn, self.model.schema_).values
            found["sampled"] = associations.matrix(values[:, : len(columns)], columns)
        values = found["sampled"] - found["real"] if show == "difference" else found[show]
        data, layout = associations.heat_data([column.name for column in columns], values)
        title = {"difference": "sampled less real"}.get(show, f"{show} rows")
        height = associations.heat_height(len(columns))
        return self._drawn(Figure("pairs", data, layout, height=height, title=f"Associations, {title}"), ax)

    def missing(self, X: Any = None, *, ax: Any = None) -> Any:
        """The share of missing cells of every column that has some, those with most on top.

        Args:
            X: a table.
            ax: axes to draw on.

        Raises:
            InputError: no cell is missing.
        """
        share = 1 - self._encoded(self._table(X, "missing")).observed.mean(axis=0)
        if not share.any():
            raise InputError("No cell of the table is missing, so there is nothing to draw.")
        return self._drawn(missingness.shares([column.name for column in self._columns()], share), ax)

    def imputation(self, X: Any = None, *, random_state: Any = 0, ax: Any = None) -> Any:
        """How well hidden cells are imputed: a fifth is hidden, and the error compared with that of the best constant.

        Args:
            X: a table.
            random_state: seed of the hidden cells, and of the sample of rows of large tables.
            ax: axes to draw on.
        """
        _, encoded = self._rows(X, "imputation", random_state)
        found = imputation(self.model, encoded, check_seed("random_state", random_state) or 0)
        return self._drawn(missingness.errors([column.name for column in self._columns()], found), ax)

    def values(self, X: Any = None, column: str | None = None, *, random_state: Any = 0, ax: Any = None) -> Any:
        """The values of a column in real, reconstructed and drawn rows.

        Args:
            X: a table.
            column: its name. Default: the first one.
            random_state: seed of the drawn rows, and of the sample of rows of large tables.
            ax: axes to draw on.
        """
        frame, encoded = self._rows(X, "values", random_state)
        names = [one.name for one in self._columns()]
        own = self._column(names[0] if column is None else column, "column")
        place, schema = names.index(own.name), self.model.schema_
        drawn = self.model.sample(max(len(frame), 1000), random_state=check_seed("random_state", random_state))
        seen = [
            encoded.values,
            *(tables.encode(rows, schema).values for rows in (self.model.reconstruct(frame), drawn)),
        ]
        found = marginals.marginal(own, *(values[:, place] for values in seen))
        figure = marginals.figure(place, own, found)
        return self._drawn(Figure(figure.name, figure.data, {**figure.layout, "showlegend": True}, 300, own.name), ax)

    def _fitted(self) -> EvenVAE:
        # here and not where the accessor is made: `dir(model)`, which completes names, looks at every attribute
        check_installed()
        # says that it is not fitted, as every question does
        self.model.get_feature_names_out()
        return self.model

    def _table(self, X: Any, name: str) -> Any:
        if X is None:
            raise InputError(f"plot.{name} needs rows to look at, and a model keeps none: model.plot.{name}(table).")
        self._fitted()
        return X

    def _encoded(self, X: Any) -> Encoded:
        return tables.encode(X, self.model.schema_)

    def _rows(self, X: Any, name: str, random_state: Any, most: int = ROWS) -> tuple[Any, Encoded]:
        """At most so many rows of a table, as pandas and as numbers."""
        X, schema = self._table(X, name), self.model.schema_
        frame = tables.as_frame(X, schema.names if tables.library_of(X) == "numpy" else None)
        most = check_whole("rows", most)
        if len(frame) > most:
            seed = check_seed("random_state", random_state)
            frame = frame.iloc[np.sort(np.random.default_rng(seed).choice(len(frame), most, replace=False))]
        return frame, self._encoded(frame)

    def _columns(self) -> tuple[Column, ...]:
        columns = self._fitted().schema_.features
        pictured = next((column.name for column in columns if column.is_image), None)
        if pictured is not None:
            raise InputError(f"These pictures are of numbers and levels, and column {pictured!r} holds images; see "
                             "evenvae.plots.")  # fmt: skip
        return columns

    def _column(self, name: str, argument: str) -> Column:
        columns = {column.name: column for column in self._columns()}
        if name not in columns:
            raise InputError(f"{argument}={name!r} is no column of the model; {nearest(str(name), columns)}.")
        return columns[name]

    def _drawn(self, figure: Figure, ax: Any) -> Any:
        return draw(figure, axes(size_of(figure)) if ax is None else ax)
