"""Whether values that were read from a file are what a class says of its fields."""

import dataclasses
import math
import types
from collections.abc import Mapping
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import numpy as np
from jaxtyping import Shaped, jaxtyped

from evenvae.errors import InputError


def check_fields(cls: type, values: Mapping[str, Any], what: str, **sizes: int) -> None:
    """Check the names, types and shapes of the fields of a dataclass before it is made from a file.

    A list may stand for a tuple, as JSON has no tuples; a whole number may stand for a real one. Numbers must be
    finite, and arrays have the shapes of their annotations.

    Args:
        cls: the dataclass or named tuple.
        values: of its fields, by name.
        what: what they describe, for the message.
        sizes: of named axes of the arrays, where they are known.

    Raises:
        InputError: a field is missing, unknown or of another type or shape.
    """
    hints = get_type_hints(cls)
    for name in values:
        if name not in hints:
            raise InputError(f"{what} has an unknown field {name!r}.")
    for name in required(cls):
        if name not in values:
            raise InputError(f"{what} has no {name}.")
    with jaxtyped("context"):
        for axis, size in sizes.items():
            isinstance(np.empty(size, bool), Shaped[np.ndarray, f" {axis}"])
        for name, value in values.items():
            # named axes are known within this block alone, not in functions that it calls
            arrays = [one for one in (hints[name], *get_args(hints[name])) if isinstance(one, type)]
            fits = any(isinstance(value, one) for one in arrays) if isinstance(value, np.ndarray) else None
            if not (is_of(value, hints[name]) if fits is None else fits):
                shown = f"an array of shape {value.shape}" if isinstance(value, np.ndarray) else f"{value!r:.60}"
                raise InputError(f"{what} has {name} = {shown}, which is of another type or shape.")


def required(cls: Any) -> list[str]:
    """Names of the fields that have no default."""
    if not dataclasses.is_dataclass(cls):
        return [name for name in cls._fields if name not in cls._field_defaults]
    missing = dataclasses.MISSING
    return [f.name for f in dataclasses.fields(cls) if f.init and f.default is missing and f.default_factory is missing]


def is_of(value: Any, hint: Any) -> bool:
    """Whether a value from a file is of an annotated type."""
    origin, inner = get_origin(hint), get_args(hint)
    if hint is Any:
        return True
    if origin in (Union, types.UnionType):
        return any(is_of(value, one) for one in inner)
    if origin is Literal:
        return any(value == one and type(value) is type(one) for one in inner)
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if hint is tuple:
        return isinstance(value, tuple | list)
    if origin is tuple:
        if not isinstance(value, tuple | list):
            return False
        each = inner[:1] * len(value) if len(inner) == 2 and inner[1] is Ellipsis else inner
        return len(each) == len(value) and all(map(is_of, value, each))
    if origin in (list, dict):
        return isinstance(value, origin) and all(is_of(one, inner[0]) for one in value)
    return isinstance(value, hint) if isinstance(hint, type) else True
