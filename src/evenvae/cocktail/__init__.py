"""The cocktail: every combination of balancers on one table, the best of them found, refitted and saved."""

import importlib
from typing import Any

_HOMES = {
    "Outcome": "searching",
    "PLAIN": "balances",
    "Store": "store",
    "Summary": "summary",
    "named_lists": "balances",
    "resolve": "balances",
    "search": "searching",
    "summarise": "summary",
}

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    # a worker process reads its table while JAX is not needed yet
    if name in _HOMES:
        return getattr(importlib.import_module(f"evenvae.cocktail.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'evenvae.cocktail' has no attribute {name!r}")
