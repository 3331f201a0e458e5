"""Callbacks by a short text, as the command line gives it."""

from evenvae.errors import InputError
from evenvae.tracking.flow import MLflow
from evenvae.tracking.tensorboard import TensorBoard


def parse(text: str) -> MLflow | TensorBoard:
    """The callback for a text.

    Args:
        text: ``"tensorboard:DIR"``, ``"mlflow:URI"``, or ``"mlflow"`` for the address in MLFLOW_TRACKING_URI.

    Raises:
        InputError: the text has another form, or the callback cannot be made.
    """
    kind, _, place = text.partition(":")
    if kind == "tensorboard":
        if not place:
            raise InputError(f"{text!r} has no folder: write tensorboard:DIR, as in tensorboard:runs/first.")
        return TensorBoard(place)
    if kind == "mlflow":
        return MLflow(place or None)
    raise InputError(f"{text!r} is no tracker: write tensorboard:DIR or mlflow:URI, as in mlflow:sqlite:///runs.db.")
