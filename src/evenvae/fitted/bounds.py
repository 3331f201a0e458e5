"""How far log-likelihoods may be off, on rows that the model itself has drawn."""

import functools
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float

from evenvae import threefry
from evenvae.errors import InputError
from evenvae.fitted.annealing import Known, annealed, simulate
from evenvae.fitted.asking import of_member
from evenvae.fitted.model import FittedModel
from evenvae.fitted.scoring import DRAWS, MEAN_TOLERANCE, adapted_proposals, adaptive_log_likelihood
from evenvae.part import check_seed, check_whole
from evenvae.threefry import Raw

CHAINS = 16
"""Of every row, in either direction."""


def score_bounds(model: FittedModel, n: Any = 100, temperatures: Any = 200, seed: Any = 0) -> pd.DataFrame:
    """``lower``, ``estimate``, ``standard_error`` and ``upper`` for every drawn row; see `EvenVAE.score_bounds`.

    Raises:
        InputError: the model is a HI-VAE or has tasks, or a number is wrong.
    """
    if model.plan.model != "vae" or model.schema.tasks:
        raise InputError("score_bounds is for model='vae' without task: for others the latent of a row is not known.")
    n, temperatures = check_whole("n", n), check_whole("temperatures", temperatures)
    generator = np.random.default_rng(check_seed("random_state", seed))
    keys = threefry.split(threefry.key(int(generator.integers(2**31))), 3)
    drawn = simulate(model.network(0), model.space.device_scales, n, keys[0])
    # as the density has them: neither rounded nor held inside the bounds of the training table
    values = model.space.to_raw(np.asarray(drawn.values), clip=False)
    batch = model.space.batch(values, np.ones((n, model.space.layout.features), bool))
    ask = lambda function, rows: of_member(model, function, rows, DRAWS)
    asked = adapted_proposals(ask, batch, model.plan.network.noise_size)
    rows = Known(batch, asked.proposal, np.asarray(drawn.latent))

    def bound(key: Raw, backwards: bool) -> Float[np.ndarray, " n"]:
        question = functools.partial(annealed, chains=CHAINS, temperatures=temperatures, backwards=backwards)
        return of_member(model, question, rows, CHAINS, key=key).astype(np.float64)

    details = adaptive_log_likelihood(ask, asked, MEAN_TOLERANCE)
    return pd.DataFrame(
        {
            "lower": bound(keys[1], backwards=False),
            "estimate": details["total"].astype(np.float64),
            "standard_error": details["standard_error"].astype(np.float64),
            "upper": bound(keys[2], backwards=True),
        }
    )
