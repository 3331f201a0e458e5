"""GECO's multipliers and constraints over the steps of training."""

from typing import Any

import numpy as np

from evenvae.errors import InputError
from evenvae.estimator import EvenVAE
from evenvae.plots.canvas import figure


def paths(model: EvenVAE, run: int = 0, unit: str = "nats a cell") -> Any:
    """Multipliers on a logarithmic axis, and below them moving averages of the constraints, whose target is 0.

    Args:
        model: fitted with ``objective="geco"`` or ``"geco-iwae"``.
        run: place of the member in an ensemble.
        unit: of the constraint: nats a cell, nats an image for images, squared errors with kappa.

    Returns:
        A matplotlib figure with a line for every constraint.

    Raises:
        InputError: the objective has no multipliers.
    """
    history = model.history_
    name = model.fitted_.plan.method.objective.name
    if not history or "multiplier" not in history[0]:
        raise InputError(f"objective={name!r} has no multipliers to draw; they are geco's.")
    step = [record["step"] for record in history]
    multiplier = np.array([record["multiplier"][run] for record in history])
    constraint = np.array([record["constraint"][run] for record in history])
    names = [column.name for column in model.schema_.features] if multiplier.shape[1] > 1 else [None]
    drawn = figure(figsize=(6, 4.5))
    above, below = drawn.subplots(2, 1, sharex=True)
    for place, name in enumerate(names):
        above.plot(step, multiplier[:, place], lw=1, label=name)
        below.plot(step, constraint[:, place], lw=1)
    above.set_yscale("log")
    above.set_ylabel("multiplier")
    below.axhline(0, color="black", lw=0.5)
    # the first steps lie far above all others
    spread = np.abs(constraint[len(constraint) // 5 :]).max(initial=1e-9)
    below.set_ylim(-1.2 * spread, 1.2 * spread)
    below.set_ylabel(f"above the target,\n{unit}")
    below.set_xlabel("step")
    if names[0] is not None:
        above.legend(fontsize=7, ncols=3)
    return drawn
