"""The fitted model, and the questions that can be put to it: functions of a `FittedModel` and arrays."""

from evenvae.fitted.model import FittedModel, Member, Record

__all__ = ["FittedModel", "Member", "Record"]
