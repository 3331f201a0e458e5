"""Values at work while computed columns are computed."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Bool, Float

from evenvae.tables.derived.plan import Derivation, cells_of, on_grid
from evenvae.tables.formulas import Cells
from evenvae.tables.schema.schema import Schema


class Work:
    """Values of all features, which of them are known, and the columns by name.

    Attributes:
        values: a copy that may be changed, (N, E).
        place: where the value of each feature stands in a row, by name.
    """

    def __init__(self, values: Float[np.ndarray, "N E"], schema: Schema, known: Bool[np.ndarray, "N D"] | None):
        names = [column.name for column in schema.features]
        self.values = values.copy()
        self.place = dict(zip(names, schema.first, strict=True))
        self._known = {} if known is None else {name: known[:, i].copy() for i, name in enumerate(names)}

    def known(self, name: str) -> Bool[np.ndarray, " N"]:
        """Which cells of a column are known; all of a constant one. The array may be changed."""
        if name not in self.place:
            return np.ones(len(self.values), bool)
        return self._known.setdefault(name, np.zeros(len(self.values), bool))

    def source(self, derivation: Derivation, name: str) -> Float[np.ndarray, " N"]:
        """The values of a source, as decoding would give them."""
        column = derivation.sources[name]
        if name not in self.place:
            return np.zeros(len(self.values))
        own = self.values[:, self.place[name]]
        return np.where(self.known(name), own, on_grid(own, column, bounded=not column.formula))

    def cells(self, derivation: Derivation, instead: Mapping[str, np.ndarray] | None = None) -> dict[str, Cells]:
        """The cells of all sources, with other values ``instead`` of those of some."""
        instead = instead or {}
        return {
            name: cells_of(instead[name] if name in instead else self.source(derivation, name), column)
            for name, column in derivation.sources.items()
        }

    def computed(
        self, derivation: Derivation, instead: Mapping[str, np.ndarray] | None = None
    ) -> Float[np.ndarray, " N"]:
        """What a formula gives; NaN where it cannot be computed."""
        return derivation.computed(self.cells(derivation, instead), len(self.values))
