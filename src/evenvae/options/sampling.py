"""The options of how new rows are drawn."""

import dataclasses
from numbers import Real
from typing import get_args

from evenvae.part import Part, check_choice, check_count, check_flag_or_none, check_number
from evenvae.training.plan import Latents, Numbers

MOST_TIMES = 10
"""Rows that are drawn at most for every row that is kept."""


@dataclasses.dataclass(frozen=True)
class Sampling(Part):
    """How `EvenVAE.sample` draws rows. What is None follows the preset and the purpose.

    Args:
        numbers: ``"family"`` models every column of numbers by the family in its schema; ``"histogram"`` by the
            probabilities of 64 bins, which can take the shape of any distribution. Default ``"histogram"`` for
            ``purpose="sample"``, which needs it, and ``"family"`` otherwise.
        latents: ``"prior"`` keeps the prior, ``"fitted"`` replaces it, in every question, by a mixture of normals that
            is fitted to the posteriors of the training rows after training; ``"flow"`` by a flow that is fitted to them
            by flow matching, which takes up to a minute and follows shapes that normals do not. Default ``"fitted"``
            for ``purpose="sample"`` and for the recipe of ``balance="auto"``; models with tasks or images keep the
            prior.
        polish: how many rows are drawn for every row that is given, such as 2. After training, trees learn to tell
            training rows from drawn ones, and rows that look like those of the table are kept more often; conditions
            and rules hold as ever. It needs LightGBM while fitting (``pip install 'evenvae[trees]'``) and a
            ``validation_fraction`` above 0, and is for tables without images. Default None: every drawn row is given.
        rounds: in how many rounds a model with sight (see `Network`) draws the columns of a row, in random order, each
            round given those before. Default 16; 1 draws all columns at once from a latent, as models without sight do.
        match_marginals: whether the heads are shifted after training until drawn columns of levels and of histograms
            hold every level, and every bin, as often as the table does. It changes rows that are drawn and nothing
            else. Default True for ``purpose="sample"`` without tasks, images and privacy.
    """

    numbers: Numbers | None = None
    latents: Latents | None = None
    rounds: int | None = None
    polish: float | None = None
    match_marginals: bool | None = None

    def __post_init__(self) -> None:
        check_choice("sampling.numbers", self.numbers, get_args(Numbers))
        check_count("sampling.rounds", self.rounds)
        check_flag_or_none("sampling.match_marginals", self.match_marginals)
        check_number(
            "sampling.polish", self.polish, Real, 1 + 2**-52, MOST_TIMES, f"a number above 1, at most {MOST_TIMES}"
        )
        check_choice("sampling.latents", self.latents, [name for name in get_args(Latents) if name != "sampled"])
