"""The options of how new rows are drawn."""

import dataclasses
from typing import get_args

from evenvae.part import Part, check_choice, check_count
from evenvae.training.plan import Latents, Numbers


@dataclasses.dataclass(frozen=True)
class Sampling(Part):
    """How `EvenVAE.sample` draws rows. What is None follows the preset and the purpose.

    Args:
        numbers: ``"family"`` models every column of numbers by the family in its schema; ``"histogram"`` by the
            probabilities of 64 bins, which can take the shape of any distribution. Default ``"histogram"`` for
            ``purpose="sample"``, which needs it, and ``"family"`` otherwise.
        latents: ``"prior"`` keeps the prior, ``"fitted"`` replaces it, in every question, by a mixture of normals that
            is fitted to the posteriors of the training rows after training. Default ``"fitted"`` for
            ``purpose="sample"`` and for the recipe of ``balance="auto"``; models with tasks or images keep the prior.
        rounds: in how many rounds a model with sight (see `Network`) draws the columns of a row, in random order, each
            round given those before. Default 8; 1 draws all columns at once from a latent, as models without sight do.
    """

    numbers: Numbers | None = None
    latents: Latents | None = None
    rounds: int | None = None

    def __post_init__(self) -> None:
        check_choice("sampling.numbers", self.numbers, get_args(Numbers))
        check_count("sampling.rounds", self.rounds)
        check_choice("sampling.latents", self.latents, [name for name in get_args(Latents) if name != "sampled"])
