"""Options of `EvenVAE` that were given by name, as all arguments of the constructor, and as data that can be stored."""

from collections.abc import Iterable, Mapping
from typing import Any

from evenvae.estimator import EvenVAE
from evenvae.options.options import to_json


def complete(options: Mapping[str, Any]) -> dict[str, Any]:
    """All arguments of the constructor of `EvenVAE`.

    Args:
        options: some of them by name; those of parts as objects, by the part's name, or as ``network__width``.

    Raises:
        InputError: an option is unknown or its value is not allowed.
    """
    return EvenVAE().set_params(**options).get_params(deep=False)


def described(options: Mapping[str, Any], without: Iterable[str] = ()) -> dict[str, Any]:
    """The given options for JSON: parts by their class and the fields that are set.

    Args:
        options: as for `complete`.
        without: names of arguments that are left out.
    """
    asked = {name.partition("__")[0] for name in options} - set(without)
    return to_json({name: value for name, value in complete(options).items() if name in asked})


def flat(options: Mapping[str, Any], separator: str = ".", key: str = "part") -> dict[str, Any]:
    """Options with those of a part in a mapping of their own, such as `described` gives, as ``network.width``.

    Args:
        options: by name.
        separator: between the name of a part and that of its option.
        key: under which the mapping of a part holds the part's own name.
    """
    found: dict[str, Any] = {}
    for name, value in options.items():
        if isinstance(value, Mapping):
            found |= {name if field == key else f"{name}{separator}{field}": own for field, own in value.items()}
        else:
            found[name] = value
    return found
