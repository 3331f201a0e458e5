"""Which combinations a sweep tries: names, lists of names, and the lists that have a name."""

import re

from evenvae import balancing
from evenvae.errors import InputError

PLAIN = "none"


def crossed(magnitudes: tuple[str, ...], directions: tuple[str, ...]) -> tuple[str, ...]:
    """Every magnitude with every direction."""
    return tuple(balancing.parse(f"{m}+{d}").name for m in magnitudes for d in directions)


def named_lists() -> dict[str, tuple[str, ...]]:
    """``default``: the twelve combinations of Javaloy et al. (2021); ``paper``: their fifteen, with GradNorm's
    alpha at 0 and 1; ``more``: those, the tempered norms, and the methods that came later.
    """
    magnitudes, directions = balancing.MAGNITUDES, balancing.DIRECTIONS
    paper = crossed((PLAIN, "gradnorm[alpha=0]", "gradnorm[alpha=1]", "mgda-ub", "imtl-g"), directions)
    tempered = ("power-norm[gamma=0.25]", "power-norm[gamma=0.5]", "power-norm[gamma=0.75]", "equal-norm")
    later = ("gradvac", "cagrad", "nash-mtl", "aligned-mtl", "upgrad", "uncertainty-weighting", "random-weighting")
    return {
        "default": crossed(magnitudes, directions),
        "paper": paper,
        "more": (*paper, *crossed(tempered, (PLAIN, "pcgrad")), *later),
    }


def resolve(text: str | tuple[str, ...] | list[str]) -> tuple[str, ...]:
    """Names as `balancing.parse` writes them, each once, in the order given.

    ``text`` is a list of names, or one string with commas between them (commas in brackets belong to the name);
    the names of `named_lists` stand for all that they hold.

    Raises:
        InputError: a name that is none, or no name at all.
    """
    items = split(text) if isinstance(text, str) else [str(item).strip() for item in text]
    lists = named_lists()
    found: dict[str, None] = {}
    for item in items:
        if item in lists:
            found.update(dict.fromkeys(lists[item]))
            continue
        try:
            found[balancing.parse(item).name] = None
        except (ValueError, TypeError) as error:
            raise InputError(f"--balances {item}: {error}.") from error
    if not found:
        raise InputError("--balances names no combination; give default, paper, more, or a list such as none,pcgrad.")
    return tuple(found)


def split(text: str) -> list[str]:
    """Parts between commas that stand outside brackets."""
    return [part.strip() for part in re.split(r",(?![^\[]*\])", text) if part.strip()]
