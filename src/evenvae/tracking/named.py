"""Trackers by a short text, as the command line gives them."""

from typing import Any

from evenvae.errors import InputError
from evenvae.tracking.flow import MLflow
from evenvae.tracking.tensorboard import TensorBoard


def parse(text: str) -> Any:
    """``"tensorboard:DIR"`` or ``"mlflow:URI"`` (``"mlflow"``: where MLFLOW_TRACKING_URI says) to a callback.

    Raises InputError for any other text, and what the trackers raise.
    """
    kind, _, place = text.partition(":")
    if kind == "tensorboard":
        if not place:
            raise InputError(f"{text!r} names no folder: write tensorboard:DIR, as in tensorboard:runs/first.")
        return TensorBoard(place)
    if kind == "mlflow":
        return MLflow(place or None)
    raise InputError(f"{text!r} is no tracker: write tensorboard:DIR or mlflow:URI, as in mlflow:sqlite:///runs.db.")
