"""What is said of an option that does not exist."""

import functools
import inspect
from collections.abc import Callable, Iterable
from typing import Any, ParamSpec

from evenvae.errors import InputError
from evenvae.options.renamed import new_name
from evenvae.tables.suggestions import nearest

Arguments = ParamSpec("Arguments")


def answer_to(name: str, known: Iterable[str]) -> str:
    """The sentence about an unknown option: the new name of an old one, or the nearest of the ``known`` names."""
    shown = name.replace("__", ".")
    renamed = new_name(name)
    if renamed is not None:
        return f"The option {shown!r} is now {renamed}."
    return f"EvenVAE has no option {shown!r}; {nearest(shown, [option.replace('__', '.') for option in known])}."


def refuse_unknown_options(init: Callable[Arguments, None]) -> Callable[Arguments, None]:
    """A constructor that answers an unknown option by `answer_to`, where Python would name it alone.

    Raises:
        InputError: an option does not exist.
    """
    known = inspect.signature(init).parameters

    @functools.wraps(init)
    def checked(*arguments: Any, **options: Any) -> None:
        for name in options:
            if name not in known:
                raise InputError(answer_to(name, [option for option in known if option != "self"]))
        init(*arguments, **options)

    return checked
