"""Which combinations of balancers a search tries: names, lists of names, and lists that have a name themselves."""

import re
from collections.abc import Iterable

from evenvae import balancing
from evenvae.errors import InputError

RECIPE = "auto"
"""The default of `EvenVAE`, which also weighs the KL and fits a density of the latents."""
PLAIN = "none"
"""The combination that does not balance: the plain sum of the gradients."""


def crossed(magnitudes: Iterable[str], directions: Iterable[str]) -> tuple[str, ...]:
    """Every magnitude combined with every direction."""
    directions = tuple(directions)
    return tuple(balancing.parse(f"{m}+{d}").name for m in magnitudes for d in directions)


def named_lists() -> dict[str, tuple[str, ...]]:
    """The lists that have a name.

    ``default`` holds the default of `EvenVAE` and the twelve combinations of Javaloy et al. (2021); ``paper`` their
    fifteen, with GradNorm's alpha at 0 and at 1; ``more`` the default, those of ``paper``, the tempered norms, and
    methods that were published later.
    """
    magnitudes, directions = balancing.MAGNITUDES, balancing.DIRECTIONS
    paper = crossed((PLAIN, "gradnorm[alpha=0]", "gradnorm[alpha=1]", "mgda-ub", "imtl-g"), directions)
    tempered = ("power-norm[gamma=0.25]", "power-norm[gamma=0.5]", "power-norm[gamma=0.75]", "equal-norm")
    later = ("gradvac", "cagrad", "nash-mtl", "aligned-mtl", "upgrad", "uncertainty-weighting", "random-weighting")
    return {
        "default": (RECIPE, *crossed(magnitudes, directions)),
        "paper": paper,
        "more": (RECIPE, *paper, *crossed(tempered, (PLAIN, "pcgrad")), *later),
    }


def resolve(text: str | Iterable[str]) -> tuple[str, ...]:
    """The names of combinations, as `balancing.parse` writes them; each occurs once, in the given order.

    Args:
        text: a list of names, or one string with commas between them; commas in brackets belong to the name. The names
            of `named_lists` stand for all names in the list.

    Raises:
        InputError: a name is unknown, or there is no name at all.
    """
    items = split(text) if isinstance(text, str) else [str(item).strip() for item in text]
    lists = named_lists()
    found: dict[str, None] = {}
    for item in items:
        if item in lists:
            found.update(dict.fromkeys(lists[item]))
            continue
        try:
            found[item if item == RECIPE else balancing.parse(item).name] = None
        except (ValueError, TypeError) as error:
            raise InputError(f"--balances {item}: {error}.") from error
    if not found:
        raise InputError("--balances names no combination; give default, paper, more, or a list such as none,pcgrad.")
    return tuple(found)


def split(text: str) -> list[str]:
    """The parts of a text between commas that stand outside brackets."""
    return [part.strip() for part in re.split(r",(?![^\[]*\])", text) if part.strip()]
