"""Whether a row's score tells that the row was trained on."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from evenvae.errors import InputError

FALSE_ALARMS = 0.01
"""Share of hold-out rows that an attacker may take for training rows."""
NORMAL_95 = 1.96
"""Half the width of a 95 % interval, in standard errors."""


class Attack(NamedTuple):
    """How well scores tell members, the training rows, from others, the hold-out rows.

    Attributes:
        auc: the chance that a member has a higher score than another row; 0.5 tells nothing.
        standard_error: of the AUC, over draws of members and other rows.
        low, high: a 95 % interval of the AUC.
        found_share: share of the members that are found where 1 % of the other rows are taken for members; 0.01 tells
            nothing. An attack may find a few rows for certain although its AUC is near 0.5 (Carlini et al., 2022).
    """

    auc: float
    standard_error: float
    low: float
    high: float
    found_share: float


def attack(members: Float[np.ndarray, " m"], others: Float[np.ndarray, " n"]) -> Attack:
    """The attack that takes rows with high scores for members.

    The AUC is that of Mann and Whitney, ties counting half; its standard error is that of DeLong, DeLong and
    Clarke-Pearson (1988).

    Args:
        members: scores of rows that were trained on.
        others: scores of rows of the same population that were not.

    Raises:
        InputError: there are fewer than two of either, or a score is NaN.
    """
    members, others = np.asarray(members, float), np.asarray(others, float)
    if min(len(members), len(others)) < 2:
        raise InputError(
            f"Membership is judged by {len(members)} training and {len(others)} hold-out rows; give at least 2 of each."
        )
    if np.isnan(members).any() or np.isnan(others).any():
        raise InputError("A row's score is NaN; an attack needs the scores of all rows.")
    above = _share_below(members, others)
    below = 1 - _share_below(others, members)
    error = float(np.sqrt(above.var(ddof=1) / len(members) + below.var(ddof=1) / len(others)))
    auc = float(above.mean())
    threshold = np.quantile(others, 1 - FALSE_ALARMS, method="higher")
    return Attack(
        auc,
        error,
        max(auc - NORMAL_95 * error, 0.0),
        min(auc + NORMAL_95 * error, 1.0),
        float(np.mean(members > threshold)),
    )


def _share_below(scores: Float[np.ndarray, " m"], among: Float[np.ndarray, " n"]) -> Float[np.ndarray, " m"]:
    """For every score the share of the others that lie below it; ties count half."""
    from scipy.stats import rankdata

    ranks = rankdata(np.concatenate([scores, among]))[: len(scores)]
    return (ranks - rankdata(scores)) / len(among)
