"""Rows of the twenty tables without holes, and the forms in which generators take and give them."""

import dataclasses

import numpy as np
import pandas as pd

from evenvae import tables
from evenvae.fitted.as_read import rounded
from twenty_tables import MOST, table_of

TARGETS = {"adult": ("sex", 1), "credit": ("default payment next month", 1), "wine": ("quality", 6)}
"""Column to be told from the others, and the code from which on it counts as positive; see `Problem.positive`."""
COMPLETE = 0.5
"""Least share of the rows that has all cells of the columns that are used."""
MOST_LEVELS = 255
"""Columns with more levels than the trees can take as levels are given to them as numbers."""


class Problem:
    """Training and test rows of a table without holes, (N, D) with levels as codes.

    Columns are left out, the emptiest first, until at least half of the rows have all their cells; then rows with
    holes are left out, and at most ``most`` of the others (None for all) are used, 80 % of them for training.
    """

    def __init__(self, name: str, seed: int, most: int | None = MOST):
        table, schema = table_of(name)
        found = schema or tables.Schema.infer(table)
        observed = tables.encode(table, found).observed
        used = list(range(observed.shape[1]))
        while observed[:, used].all(axis=1).mean() < COMPLETE:
            used.remove(min(used, key=lambda d: observed[:, d].mean()))
        columns = tuple(found.features[d] for d in used)
        names = [column.name for column in columns]
        # Arrow's types are left behind, since rows are taken by number below
        frame = tables.as_frame(table)[names].iloc[np.flatnonzero(observed[:, used].all(axis=1))]
        order = np.random.default_rng(seed).permutation(len(frame))[:most]
        cut = int(0.8 * len(order))
        if schema is None:
            self.schema = tables.Schema.infer(frame.iloc[order[:cut]])
        else:
            self.schema = dataclasses.replace(schema, columns=columns)
        encoded = tables.encode(frame.iloc[order], self.schema)
        # a test row with a level that no training row shows is of no use
        known, place = np.isfinite(encoded.values).all(axis=1), np.arange(len(order))
        self.train, self.test = encoded.values[known & (place < cut)], encoded.values[known & (place >= cut)]
        self.name = name
        self.discrete = np.array([column.discrete for column in self.schema.features])
        self.few = np.array([c.discrete and c.cardinality <= MOST_LEVELS for c in self.schema.features])

    def typed(self, values: np.ndarray) -> pd.DataFrame:
        """Rows in the table's own types."""
        return tables.decode(values, self.schema)

    def plain(self, values: np.ndarray) -> pd.DataFrame:
        """Rows as every generator takes them: numbers, and levels as text."""
        columns = {}
        for column, cells in zip(self.schema.features, values.T, strict=True):
            if column.discrete:
                texts = np.array([*map(str, column.levels), "unknown"], dtype=object)
                columns[column.name] = texts[np.where(np.isnan(cells), -1, cells).astype(int)]
            else:
                columns[column.name] = cells.astype(float)
        return pd.DataFrame(columns)

    def codes(self, rows: pd.DataFrame) -> np.ndarray:
        """Typed rows as numbers, rounded as the table's are, so that float32 does not tell them from others."""
        return self.rounded(tables.encode(rows, self.schema).values)

    def of_plain(self, rows: pd.DataFrame) -> np.ndarray:
        """Plain rows as numbers, in or out of a column's support; NaN for levels that the table does not have."""
        values = np.empty((len(rows), len(self.schema.features)))
        for d, column in enumerate(self.schema.features):
            places = {str(level): code for code, level in enumerate(column.levels)}
            cells = rows[column.name]
            values[:, d] = cells.astype(str).map(places) if column.discrete else cells.to_numpy(float)
        return self.rounded(values)

    def rounded(self, values: np.ndarray) -> np.ndarray:
        """Values of the table's decimals, in float64, so that equal cells are equal numbers wherever they come from."""
        return rounded(values, self.schema)

    def target(self) -> tuple[int, float, bool]:
        """The column to be told from the others, a value of it, and whether values above it are positive, too.

        Where `TARGETS` names none, it is the column of levels one level of which is nearest to half of the training
        rows; if no level has between a tenth and nine tenths of them, the first number above its median.
        """
        if self.name in TARGETS:
            name, least = TARGETS[self.name]
            return [column.name for column in self.schema.features].index(name), least, True
        apart = {}
        for d in np.flatnonzero(self.discrete):
            codes, counts = np.unique(self.train[:, d], return_counts=True)
            shares = np.abs(counts / counts.sum() - 0.5)
            apart[int(d), float(codes[shares.argmin()])] = float(shares.min())
        if apart and min(apart.values()) <= 0.4:
            place, level = min(apart, key=lambda pair: apart[pair])
            return place, level, False
        place = int(np.flatnonzero(~self.discrete)[0])
        return place, float(np.nextafter(np.median(self.train[:, place]), np.inf)), True

    def positive(self, values: np.ndarray) -> np.ndarray:
        """(N,) whether a row is positive in the target's column."""
        place, least, above = self.target()
        return values[:, place] >= least if above else values[:, place] == least
