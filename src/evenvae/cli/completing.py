"""What the shell offers for the values of options. Registries are read when TAB is pressed, not before."""


def datasets(incomplete: str) -> list[str]:
    """``dataset:NAME`` where a ``d`` was typed; nothing otherwise, so that the shell offers files."""
    from evenvae.datasets.catalogue import names

    return [f"dataset:{name}" for name in names()] if incomplete.startswith("d") else []


def balances() -> list[str]:
    """``auto``, ``none``, the single methods, and every magnitude with every direction."""
    from evenvae.balancing import DIRECTIONS, MAGNITUDES, METHODS

    pairs = [f"{first}+{last}" for first in MAGNITUDES for last in DIRECTIONS if "none" not in (first, last)]
    return ["auto", *METHODS, *pairs]


def objectives() -> list[str]:
    """Names of objectives."""
    from evenvae.objectives import OBJECTIVES

    return list(OBJECTIVES)


def families() -> list[str]:
    """Ways to choose the likelihoods of numbers."""
    from typing import get_args

    from evenvae.tables.schema.families import Families

    return list(get_args(Families))


def models() -> list[str]:
    """Names of models."""
    from evenvae.options.options import MODELS

    return list(MODELS)


def priors() -> list[str]:
    """Names of priors."""
    from evenvae.priors import PRIORS

    return list(PRIORS)


def purposes() -> list[str]:
    """Names of purposes."""
    from evenvae.training import PURPOSES

    return list(PURPOSES)


def settings(incomplete: str) -> list[str]:
    """``name=`` of every option of `EvenVAE`, and ``part.name=`` of every option of every part."""
    from evenvae import EvenVAE
    from evenvae.options.parts import BY_NAME, CLASSES
    from evenvae.part import Part

    names = dict.fromkeys(EvenVAE().get_params(deep=False))
    for option, by_name in BY_NAME.items():
        parts: list[Part] = [made() for made in by_name.values()] or [made() for made in CLASSES[option]]
        if option == "network":
            parts += [made() for made in CLASSES[option]]
        names |= dict.fromkeys(f"{option}.{field}" for part in parts for field in part.get_params())
    return [f"{name}=" for name in names if f"{name}=".startswith(incomplete)]


def refinements() -> list[str]:
    """What can refine imputations."""
    from typing import get_args

    from evenvae.options.imputation import Refine

    return list(get_args(Refine))
