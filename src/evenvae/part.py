"""What the options of a part of a model have in common: a frozen dataclass that scikit-learn can look into."""

import dataclasses
import difflib
import os
from collections.abc import Iterable
from numbers import Integral, Real
from typing import Any, TypeVar

from evenvae.errors import InputError

P = TypeVar("P", bound="Part")


class Part:
    """Base of the frozen dataclasses that hold the options of one part: network, training, objective or prior.

    A field that is None is not set: the preset, the purpose or the size of the table decides it. scikit-learn reads
    the fields by `get_params`, so that ``network__width`` of an estimator is the field ``width`` of its network.
    """

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Every field by its name; ``deep`` is there for scikit-learn, fields have no parts of their own."""
        del deep
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}  # type: ignore[arg-type]

    def replaced(self: P, **changes: Any) -> P:
        """A copy with other values in some fields.

        Raises:
            InputError: there is no such field, or a value is not allowed.
        """
        known = self.get_params()
        for name in changes:
            if name not in known:
                close = difflib.get_close_matches(name, known, 1)
                meant = f" Did you mean {close[0]!r}?" if close else ""
                listed = ", ".join(known) or "none"
                raise InputError(f"{type(self).__name__} has no option {name!r}; its options are: {listed}.{meant}")
        return dataclasses.replace(self, **changes)  # type: ignore[type-var]

    def given(self) -> dict[str, Any]:
        """The fields that are set."""
        return {name: value for name, value in self.get_params().items() if value is not None}

    def kept(self) -> dict[str, Any]:
        """The fields that are set and may stand in a file: all, unless a part has secrets."""
        return self.given()

    def over(self: P, other: P) -> P:
        """This part, with the fields that it leaves open taken from ``other``."""
        return other.replaced(**self.given())


def check_number(name: str, value: Any, kind: type, low: float, high: float, allowed: str) -> None:
    """Refuse a value that is not a number of this kind between ``low`` and ``high``; None stands for not set.

    Args:
        name: of the option, for the message.
        value: what the user gave.
        kind: `numbers.Real` or `numbers.Integral`.
        low, high: the least and the largest allowed value.
        allowed: the same in words, as in "a positive number".

    Raises:
        InputError: the value is not allowed.
    """
    if value is not None and (isinstance(value, bool) or not isinstance(value, kind) or not low <= value <= high):
        raise InputError(f"{name}={value!r} must be {allowed}.")


def check_positive(name: str, value: Any) -> None:
    """Refuse what is not a number above 0."""
    check_number(name, value, Real, 5e-324, float("inf"), "a positive number")


def check_count(name: str, value: Any, least: int = 1) -> None:
    """Refuse what is not a whole number of at least ``least``."""
    allowed = "a positive whole number" if least == 1 else f"a whole number, {least} or more"
    check_number(name, value, Integral, least, float("inf"), allowed)


def check_whole(name: str, value: Any, least: int = 1) -> int:
    """A whole number of at least ``least``, as Python's own; unlike an option it must be given.

    Raises:
        InputError: it is no whole number, or too small.
    """
    if value is None:
        raise InputError(f"{name}=None must be a whole number, {least} or more.")
    check_number(name, value, Integral, least, float("inf"), f"a whole number, {least} or more")
    return int(value)


def check_seed(name: str, value: Any) -> int | None:
    """A seed, as Python's own whole number; None stands for a new draw each time.

    A generator of NumPy gives its next number, as scikit-learn does with its ``random_state``.

    Raises:
        InputError: it is neither None, a generator, nor a whole number of at least 0.
    """
    if type(value).__module__.startswith("numpy.random"):
        draw = getattr(value, "integers", None) or value.randint
        return int(draw(2**31 - 1))
    check_number(name, value, Integral, 0, float("inf"), "a whole number, 0 or more, or None for a new draw each time")
    return None if value is None else int(value)


def check_flag(name: str, value: Any) -> None:
    """Refuse what is neither True nor False."""
    # by its name, because the commands' help does not wait for NumPy
    if not isinstance(value, bool) and type(value).__name__ not in ("bool", "bool_"):
        raise InputError(f"{name}={value!r} must be True or False.")


def check_flag_or_none(name: str, value: Any) -> None:
    """The same for an option that may be left open."""
    if value is not None:
        check_flag(name, value)


def check_path(name: str, value: Any) -> None:
    """Refuse what is no path of a file or folder."""
    if not isinstance(value, str | os.PathLike):
        raise InputError(f"{name}={value!r} must be a path, as a text or a pathlib.Path.")


def check_share(name: str, value: Any) -> None:
    """Refuse what is not a number of at least 0 and below 1; None stands for not set."""
    check_number(name, value, Real, 0, 1 - 2**-53, "at least 0 and below 1")


def check_choice(name: str, value: Any, known: Iterable[str]) -> None:
    """Refuse what is not one of the known words; None stands for not set.

    Raises:
        InputError: the word is not known; the message lists the known ones, and names the nearest.
    """
    known = tuple(known)
    if value is not None and value not in known:
        close = difflib.get_close_matches(value, known, 1) if isinstance(value, str) else []
        meant = f" Did you mean {close[0]!r}?" if close else ""
        raise InputError(f"{name}={value!r} is unknown; choose one of {', '.join(known)}.{meant}")
