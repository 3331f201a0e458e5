"""The search for a balancer: every combination is trained on one table, and the best one is refitted and saved."""

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
    # a worker process reads its table before JAX is needed
    if name in _HOMES:
        return getattr(importlib.import_module(f"evenvae.search.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'evenvae.search' has no attribute {name!r}")
