"""The pilot: a plain model of the same rows that a fit trains and keeps, to tell which columns pay for the balance.

It is what one would fit by hand to compare with: the network, the epochs, the seed, the rows and the held-out rows of
the fit, with the plain sum of the columns' losses, the evidence lower bound with a KL of weight 1, the standard prior
and no fitted latents. Of an ensemble it is a single run, that of the first member's split.
"""

import dataclasses
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from evenvae.errors import InputError, TrainingError
from evenvae.fitted.model import FittedModel
from evenvae.objectives import ELBO
from evenvae.options.parts import part_of
from evenvae.training import Plan, checkpoint

log = logging.getLogger(__name__)

FOLDER = "pilot"
"""Below the folder of a fit's checkpoint: that of the pilot's."""


def plain_options(given: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a pilot by name, from those of the fit, all of which must be valid."""
    objective = part_of("objective", given["objective"])
    training: Any = part_of("training", given["training"])
    plain = objective.replaced(beta=1.0) if isinstance(objective, ELBO) else ELBO(beta=1.0)
    return {
        **given,
        "objective": plain,
        "balance": "none",
        "prior": "standard",
        "training": training.replaced(cycle=None) if training.cycle else given["training"],
        "sampling": part_of("sampling", given["sampling"]).replaced(latents="prior"),
        "ensemble": 1,
        "pilot": False,
        "imputation": None,
    }


def refuse_plain(plan: Plan, plain: Plan) -> None:
    """Refuse a pilot that would be trained as the fit itself is.

    Args:
        plan: of the fit.
        plain: of its pilot.

    Raises:
        InputError: the two differ in nothing but the number of members.
    """
    if dataclasses.replace(plan, ensemble=1).to_dict() == plain.to_dict():
        raise InputError(
            f"pilot=True has nothing to compare with: this fit (purpose={plan.purpose!r}) is plain itself, with "
            "balance='none', a KL of weight 1 and the standard prior. Leave pilot out, or choose another balance or "
            "objective."
        )


def folder_of(folder: str | Path | None, *, wanted: bool, resume: bool) -> Path | None:
    """The folder for the pilot's checkpoints, before anything is trained; None where the fit has none.

    A state that an earlier fit left there is removed unless the fit is to ``resume``: the checkpoint of the fit itself
    is about to be replaced, and the two belong together.

    Args:
        folder: of the fit's own checkpoints.
        wanted: whether there is to be a pilot; only then the folder is made.
        resume: whether the fit continues from its checkpoint.

    Raises:
        InputError: the folder cannot be made.
    """
    if folder is None:
        return None
    own = Path(folder) / FOLDER
    if wanted:
        checkpoint.prepare(own)
    if not resume:
        checkpoint.remove(own)
    return own


def with_pilot(model: FittedModel, train: Callable[[], FittedModel]) -> FittedModel:
    """The model with the pilot that ``train`` gives.

    Without one, and with a warning, where the pilot's loss turned non-finite or Ctrl-C ended its training: columns are
    not to be compared with half a pilot. The record then says that training was interrupted, so that it is resumed. A
    model that was interrupted itself gets no pilot.
    """
    if model.record.interrupted:
        return model
    try:
        pilot = train()
        interrupted = pilot.record.interrupted
    except KeyboardInterrupt:
        interrupted = True
    except TrainingError as error:
        log.warning("the pilot could not be trained, and the model is kept without it: %s", error)
        return model
    if interrupted:
        log.warning("it was the pilot that was interrupted; the model itself is whole, and is kept without a pilot")
        return model.replaced(record=dataclasses.replace(model.record, interrupted=True))
    return model.replaced(pilot=pilot.replaced(missingness=model.missingness))
