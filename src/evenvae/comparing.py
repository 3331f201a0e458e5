"""Predictions beside the truth, column by column."""

from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float

from evenvae.metrics import column_errors
from evenvae.models.space import Space
from evenvae.tables import Schema


def compared(
    space: Space,
    schema: Schema,
    truth: Float[np.ndarray, "N E"],
    predicted: Float[np.ndarray, "N E"],
    scored: Bool[np.ndarray, "N D"],
) -> pd.DataFrame:
    """Error, baseline and their ratio by column, on the ``scored`` cells; the means and the worst in ``attrs``."""
    error = errors(space, truth, predicted, scored)
    baseline = errors(space, truth, np.broadcast_to(space.baseline, truth.shape), scored)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(baseline > 0, error / baseline, np.where(error > 0, np.inf, 0.0))
    result = pd.DataFrame(
        {
            "column": [column.name for column in schema.features],
            "likelihood": [column.likelihood for column in schema.features],
            "error": error,
            "baseline": baseline,
            "ratio": np.where(np.isnan(error), np.nan, ratio),
        }
    )
    known: Any = result["ratio"].notna()
    worst = result.loc[known, "ratio"].idxmax() if known.any() else None
    result.attrs.update(
        error=float(np.nanmean(error)) if known.any() else float("nan"),
        baseline=float(np.nanmean(baseline)) if known.any() else float("nan"),
        worst_ratio=None if worst is None else float(result.loc[worst, "ratio"]),
        worst_column=None if worst is None else str(result.loc[worst, "column"]),
    )
    return result


def errors(
    space: Space, truth: Float[np.ndarray, "N E"], predicted: Float[np.ndarray, "N E"], scored: Bool[np.ndarray, "N D"]
) -> Float[np.ndarray, " D"]:
    """`column_errors`, with the root mean square over an image's pixels."""
    layout = space.layout
    nominal, steps = layout.spread(layout.nominal), layout.spread(layout.steps)
    found = column_errors(truth, predicted, layout.spread(scored), nominal, space.high - space.low, steps)
    if layout.elements == layout.features:
        return found
    return np.sqrt(np.bincount(layout.feature_of_element, found**2) / layout.sizes)
