"""Warnings about the pieces of a table, each given once."""

import re
import warnings
from collections.abc import Callable
from typing import Any, TypeVar

Answer = TypeVar("Answer")


class WarnedOnce:
    """Calls a function of one piece after another, and gives warnings that differ in their numbers alone once."""

    def __init__(self) -> None:
        self.said: set[str] = set()

    def call(self, function: Callable[..., Answer], *given: Any) -> Answer:
        """The function's answer."""
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            answer = function(*given)
        for warning in caught:
            kind = re.sub(r"\d[\d.,]*", "#", str(warning.message))
            if kind not in self.said:
                self.said.add(kind)
                warnings.warn(warning.message, warning.category, stacklevel=3)
        return answer
