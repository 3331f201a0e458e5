"""How much the answers of trees count beside a model's own guesses, by cells whose truth is known."""

import numpy as np
from jaxtyping import Float

WEIGHTS = np.linspace(0, 1, 21)
"""Of the trees of a column of levels."""
LEAST_PROBABILITY = 1e-6
"""Of a level, where its logarithm counts."""
EVIDENCE = 0.5
"""Standard errors by which trees must be better. They mostly are: of the gains between a half and one, all that were
looked at were gains on new rows, too."""


def weight_of_numbers(
    answers: Float[np.ndarray, "rounds n"],
    own: Float[np.ndarray, "rounds n"],
    truth: Float[np.ndarray, " n"],
    weight: Float[np.ndarray, " n"],
) -> float:
    """The weight of the trees' ``answers`` beside the model's ``own`` at which the squared error is least.

    Args:
        answers: of the trees, for every round of hiding.
        own: of the model.
        truth: of the cells.
        weight: of the cells' rows.
    """
    apart, wanted = answers - own, truth - own
    squares = float((weight * apart**2).sum())
    if not 0 < squares < np.inf:
        return 0.0
    best = float(np.clip((weight * apart * wanted).sum() / squares, 0, 1))
    return best if _evident(wanted**2 - (wanted - best * apart) ** 2, weight) else 0.0


def weight_of_levels(
    answers: Float[np.ndarray, "rounds n levels"],
    own: Float[np.ndarray, "rounds n levels"],
    truth: Float[np.ndarray, " n"],
    weight: Float[np.ndarray, " n"],
) -> float:
    """The weight of the trees' ``answers`` beside the model's ``own`` at which the true levels are likeliest.

    Args:
        answers: probabilities by the trees, for every round of hiding.
        own: probabilities by the model.
        truth: codes of the cells' levels.
        weight: of the cells' rows.
    """
    true = truth.astype(int)[None, :, None]
    theirs, ours = (np.take_along_axis(part, true, axis=2)[..., 0] for part in (answers, own))
    likely = [np.log(np.maximum(w * theirs + (1 - w) * ours, LEAST_PROBABILITY)) for w in WEIGHTS]
    best = int(np.argmax([(weight * part).sum() for part in likely]))
    return float(WEIGHTS[best]) if best and _evident(likely[best] - likely[0], weight) else 0.0


def _evident(gains: Float[np.ndarray, "rounds n"], weight: Float[np.ndarray, " n"]) -> bool:
    """Whether the mean gain of the cells is more than chance often makes it, see `EVIDENCE`."""
    by_cell = gains.mean(axis=0)
    mean = np.average(by_cell, weights=weight)
    error = np.sqrt((weight**2 * (by_cell - mean) ** 2).sum()) / weight.sum()
    return bool(mean > EVIDENCE * error)
