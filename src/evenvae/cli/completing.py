"""What the shell offers for values, by the registries; looked up only when TAB is pressed."""


def datasets(incomplete: str) -> list[str]:
    """``dataset:NAME``; nothing else, so that the shell offers files."""
    from evenvae.datasets.catalogue import names

    return [f"dataset:{name}" for name in names()] if incomplete.startswith("d") else []


def balances() -> list[str]:
    """``auto``, ``none``, the single methods, and magnitude before direction."""
    from evenvae.balancing import DIRECTIONS, MAGNITUDES, METHODS

    pairs = [f"{first}+{last}" for first in MAGNITUDES for last in DIRECTIONS if "none" not in (first, last)]
    return ["auto", *METHODS, *pairs]


def objectives() -> list[str]:
    """Of `EvenVAE`."""
    from evenvae.objectives import OBJECTIVES

    return list(OBJECTIVES)


def models() -> list[str]:
    """Of `EvenVAE`."""
    from evenvae.settings import MODELS

    return list(MODELS)


def priors() -> list[str]:
    """Of `EvenVAE`."""
    from evenvae.priors import PRIORS

    return list(PRIORS)


def purposes() -> list[str]:
    """Of `EvenVAE`."""
    from evenvae.training import PURPOSES

    return list(PURPOSES)


def settings(incomplete: str) -> list[str]:
    """``name=`` of every option of `EvenVAE`."""
    from evenvae import EvenVAE

    return [f"{name}=" for name in EvenVAE().get_params() if f"{name}=".startswith(incomplete)]
