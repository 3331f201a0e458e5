"""Steps that follow training, without which a model is kept where Ctrl-C ends them."""

import dataclasses
import logging
from collections.abc import Callable

from evenvae.fitted.model import FittedModel

log = logging.getLogger(__name__)


def unless_interrupted(model: FittedModel, step: str, with_it: Callable[[], FittedModel]) -> FittedModel:
    """The model with what a step after its training adds to it.

    Without it, and with a warning, where Ctrl-C ended the step; the record then says that training was interrupted, so
    that it is resumed. A model that was interrupted itself gets none.

    Args:
        model: after training.
        step: what it does, for the warning.
        with_it: does it.
    """
    if model.record.interrupted:
        return model
    try:
        return with_it()
    except KeyboardInterrupt:
        log.warning("interrupted while %s; the model itself is whole, and is kept without", step)
        return model.replaced(record=dataclasses.replace(model.record, interrupted=True))
