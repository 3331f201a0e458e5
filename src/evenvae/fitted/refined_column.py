"""What refines the guesses of one column: its trees, and how much they count beside the model's own guess."""

import dataclasses

import numpy as np
from jaxtyping import Float, Int

from evenvae.errors import InputError
from evenvae.fitted.trees import NAMES, Trees

PREFIX = "refinement."
"""Before the names of the tensors of a saved model."""


@dataclasses.dataclass(frozen=True, eq=False)
class RefinedColumn:
    """The trees of a column and their weight.

    Attributes:
        place: of the column among the features.
        weight: of the trees' answer, above 0 and at most 1; the model's own guess has the rest.
        levels: codes of the levels that the trees tell apart; empty for a column of numbers.
        centre, spread: of a column of numbers, which its trees learn as ``(value - centre) / spread``.
        trees: one output for numbers and for two levels, otherwise one for every level.
    """

    place: int
    weight: float
    levels: Int[np.ndarray, " K"]
    centre: float
    spread: float
    trees: Trees

    def answer(self, features: Float[np.ndarray, "rows F"], own: Float[np.ndarray, "rows *levels"]) -> np.ndarray:
        """The trees' answer in the shape of the model's ``own``: numbers, or probabilities of all levels."""
        sums = self.trees.sums(features)
        if not len(self.levels):
            return self.centre + self.spread * sums[:, 0]
        if len(self.levels) == 2:
            sums = np.concatenate([np.zeros_like(sums), sums], axis=1)
        likely = np.exp(sums - sums.max(axis=1, keepdims=True))
        probabilities = np.zeros(own.shape)
        probabilities[:, self.levels] = likely / likely.sum(axis=1, keepdims=True)
        return probabilities

    def mixed(self, features: Float[np.ndarray, "rows F"], own: Float[np.ndarray, "rows *levels"]) -> np.ndarray:
        """The weighted mean of the trees' answer and the model's ``own``."""
        return self.weight * self.answer(features, own) + (1 - self.weight) * own


def to_tensors(refinement: tuple[RefinedColumn, ...]) -> dict[str, np.ndarray]:
    """What a saved model holds of the refined columns."""
    kept: dict[str, np.ndarray] = {}
    for number, column in enumerate(refinement):
        numbers = np.array([column.place, column.weight, column.centre, column.spread, column.trees.outputs])
        parts = {"numbers": numbers.astype(np.float64), "levels": column.levels.astype(np.int32)}
        parts |= {name: getattr(column.trees, name) for name in NAMES}
        kept |= {f"{PREFIX}{number}.{name}": part for name, part in parts.items()}
    return kept


def from_tensors(
    tensors: dict[str, np.ndarray], levels: Int[np.ndarray, " D"], features: int
) -> tuple[RefinedColumn, ...]:
    """The refined columns that `to_tensors` described.

    Args:
        tensors: of the saved model.
        levels: for every column its number of levels, 0 for numbers and -1 for images.
        features: numbers that trees may ask for.

    Raises:
        InputError: they do not fit the columns.
    """
    refinement = []
    while f"{PREFIX}{len(refinement)}.numbers" in tensors:
        before = f"{PREFIX}{len(refinement)}."
        place, weight, centre, spread, outputs = (float(number) for number in tensors[f"{before}numbers"])
        codes = tensors[f"{before}levels"]
        trees = Trees.of_arrays({name: tensors[f"{before}{name}"] for name in NAMES}, int(outputs))
        column = RefinedColumn(int(place), weight, codes, centre, spread, trees)
        column.trees.check(features)
        known = 0 <= column.place < len(levels)
        own = levels[column.place] if known else -1
        wanted = 1 if len(codes) in (0, 2) else len(codes)
        fits = own >= 0 and (len(codes) > 1) == (own > 0) and bool(((codes >= 0) & (codes < own)).all())
        if not (fits and 0 < weight <= 1 and column.trees.outputs == wanted and np.isfinite([centre, spread]).all()):
            raise InputError("The file of the model holds trees that do not fit its columns: save the model again.")
        refinement.append(column)
    return tuple(refinement)
