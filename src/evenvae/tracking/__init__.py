"""Tracking of training: callbacks for `EvenVAE.fit` that write to TensorBoard and MLflow."""

from evenvae.tracking.flow import MLflow
from evenvae.tracking.named import parse
from evenvae.tracking.scalars import of_members, of_record
from evenvae.tracking.tensorboard import TensorBoard

__all__ = ["MLflow", "TensorBoard", "of_members", "of_record", "parse"]
