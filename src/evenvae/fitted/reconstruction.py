"""A table as the model sees it."""

from typing import Any, Literal, get_args

import numpy as np
from jaxtyping import Float

from evenvae.fitted import kernels
from evenvae.fitted.asking import averaged, known, of_member, of_members, statistic
from evenvae.fitted.model import FittedModel
from evenvae.models.batch import Batch
from evenvae.part import check_choice

PointEstimate = Literal["default", "mean", "median", "mode"]


def reconstruct(model: FittedModel, batch: Batch, point_estimate: Any = "default") -> Float[np.ndarray, "N E"]:
    """Every cell as the model reconstructs it at the location of its row's posterior, as raw values.

    Args:
        model: to ask.
        batch: the rows, as `FittedModel.batch` gives them.
        point_estimate: of numbers: ``"default"`` (the mean; the median for log-normal columns, whose mean is far off
            where the family does not fit), ``"mean"``, ``"median"`` or ``"mode"``. Levels give their most probable one.
            The members of an ensemble are averaged for ``"default"``; otherwise the first one answers.

    Raises:
        InputError: an unknown point estimate, or the model answers a column with NaN.
    """
    check_choice("point_estimate", point_estimate, get_args(PointEstimate))
    if point_estimate != "default":
        parameters = of_member(model, kernels.parameters_at_location, batch)
        return known(model, statistic(model.space, parameters, point_estimate))
    return known(model, averaged(model, of_members(model, kernels.reconstruct, batch)))
