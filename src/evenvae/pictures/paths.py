"""How GECO's multipliers and constraints went while training."""

from typing import Any

import numpy as np

from evenvae.errors import InputError
from evenvae.pictures.canvas import figure


def paths(model: Any, run: int = 0, unit: str = "nats a cell") -> Any:
    """Multipliers (logarithmic) above, broken nats below (moving averages; 0 is the target), by training step.

    Args:
        model: fitted with ``objective="geco"`` or ``"geco-iwae"``.
        run: which member of an ensemble.
        unit: what the constraint is counted in; for images it is nats an image, with kappa squared errors.

    Returns:
        A matplotlib figure with a line for every constraint.
    """
    history = model.history_
    if not history or "multiplier" not in history[0]:
        raise InputError(f"objective={model.objective!r} has no multipliers to draw; they are geco's.")
    step = [record["step"] for record in history]
    multiplier = np.array([record["multiplier"][run] for record in history])
    broken = np.array([record["constraint"][run] for record in history])
    names = [column.name for column in model.schema_.features] if multiplier.shape[1] > 1 else [None]
    drawn = figure(figsize=(6, 4.5))
    above, below = drawn.subplots(2, 1, sharex=True)
    for place, name in enumerate(names):
        above.plot(step, multiplier[:, place], lw=1, label=name)
        below.plot(step, broken[:, place], lw=1)
    above.set_yscale("log")
    above.set_ylabel("multiplier")
    below.axhline(0, color="black", lw=0.5)
    # the first steps are far above anything that follows
    spread = np.abs(broken[len(broken) // 5 :]).max(initial=1e-9)
    below.set_ylim(-1.2 * spread, 1.2 * spread)
    below.set_ylabel(f"above the target,\n{unit}")
    below.set_xlabel("step")
    if names[0] is not None:
        above.legend(fontsize=7, ncols=3)
    return drawn
