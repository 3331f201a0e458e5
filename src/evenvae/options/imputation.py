"""The options of how missing cells are filled."""

import dataclasses
from typing import Literal, get_args

from evenvae.part import Part, check_choice

Refine = Literal["none", "trees"]


@dataclasses.dataclass(frozen=True)
class Imputation(Part):
    """How `EvenVAE.impute` finds its best guess. What is None is left off.

    Args:
        refine: ``"trees"`` grows gradient-boosted trees for every column of numbers or levels after training. They see
            the other cells of a row and how the model completes them, and are averaged with the model's own guess as
            held-out rows advise; a column that they do not help keeps the model's guess. Draws stay the model's own.
            It needs LightGBM while fitting (``pip install 'evenvae[trees]'``) and a ``validation_fraction`` above 0.
            Default ``"none"``.
    """

    refine: Refine | None = None

    def __post_init__(self) -> None:
        check_choice("imputation.refine", self.refine, get_args(Refine))

    @property
    def trees(self) -> bool:
        """Whether trees are asked for."""
        return self.refine == "trees"
